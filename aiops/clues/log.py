"""Logs and traces of one environment in memory: what the store is to the workers. Pure."""

from datetime import datetime
from typing import Final

from aiops.clues.digest import Kept, Spot, digest
from aiops.clues.needs import DAY, PAST, ClueNeeds
from aiops.clues.templates import Place
from aiops.domain.clues import (
    ClueWindow,
    LogTemplate,
    MinuteCounts,
    TelemetryBatch,
    TraceExample,
)

KEPT: Final = DAY + 2 * PAST
"""How long counts and traces are kept at least: what a day-old incident looks back on."""


class ClueLog:
    """Takes batches in and gives out what is kept of them, as the store does.

    Args:
        since: since when logs are listened to.
    """

    def __init__(self, since: datetime) -> None:
        self._since = since
        self._templates: dict[Place, dict[int, LogTemplate]] = {}
        self._counts: dict[Spot, dict[int, int]] = {}
        self._traces: dict[Spot, tuple[TraceExample, ...]] = {}

    def take(self, batch: TelemetryBatch) -> None:
        """Take in what one body came down to; each body once."""
        templates = {place: tuple(one.values()) for place, one in self._templates.items()}
        known = Kept(templates=templates, counts=self._counts, traces=self._traces)
        found = digest(known, [batch])
        for place, changed in found.templates.items():
            self._templates.setdefault(place, {}).update({one.number: one for one in changed})
        self._counts.update({spot: dict(counts) for spot, counts in found.counts.items()})
        self._traces.update(found.traces)

    def forget(self, before: datetime) -> None:
        """Drop counts and traces of minutes before then; templates stay."""
        self._counts = {spot: one for spot, one in self._counts.items() if spot[2] >= before}
        self._traces = {spot: one for spot, one in self._traces.items() if spot[2] >= before}

    def window(self, needs: ClueNeeds | None, at: datetime) -> ClueWindow | None:
        """Return what is kept of what a tick needs; None where it needs nothing."""
        if needs is None:
            return None
        wanted = set(needs.services)
        return ClueWindow(
            since=self._since,
            templates=tuple(
                template
                for (_, service), found in sorted(self._templates.items())
                if service in wanted
                for _, template in sorted(found.items())
            ),
            counts=tuple(
                MinuteCounts(service=service, minute=minute, counts=tuple(sorted(counts.items())))
                for (_, service, minute), counts in sorted(self._counts.items())
                if service in wanted
                and any(first <= minute <= last for first, last in needs.stretches)
            ),
            traces=tuple(
                one
                for (_, service, minute), kept in sorted(self._traces.items())
                if service in wanted and needs.since <= minute <= at
                for one in kept
            ),
        )
