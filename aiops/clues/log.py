"""Logs and traces of one environment in memory: what the store is to the workers. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from aiops.clues.needs import DAY, PAST, ClueNeeds
from aiops.clues.spans import keep_few
from aiops.clues.templates import tally
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
        since: since when logs are listened to; None: since the first batch.
    """

    def __init__(self, since: datetime | None = None) -> None:
        self._since = since
        self._templates: dict[tuple[str, str], dict[int, LogTemplate]] = defaultdict(dict)
        self._counts: dict[tuple[str, datetime], dict[int, int]] = defaultdict(
            lambda: defaultdict(int)
        )
        self._traces: dict[tuple[str, datetime], tuple[TraceExample, ...]] = {}

    def take(self, batch: TelemetryBatch) -> None:
        """Take in what one body came down to; each body once."""
        for _, minute in batch.heard:
            self._since = min(self._since or minute, minute)
        known = {place: tuple(one.values()) for place, one in self._templates.items()}
        found = tally(known, batch.lines)
        for template in found.templates:
            self._templates[template.env, template.service][template.number] = template
        for (_, service, minute), counts in found.counts.items():
            for number, count in counts.items():
                self._counts[service, minute][number] += count
        for place, fresh in by_minute(batch.traces).items():
            self._traces[place] = keep_few((*self._traces.get(place, ()), *fresh))

    def forget(self, before: datetime) -> None:
        """Drop counts and traces of minutes before then; templates stay."""
        for kept in (self._counts, self._traces):
            for place in [place for place in kept if place[1] < before]:
                del kept[place]

    def window(self, needs: ClueNeeds | None, at: datetime) -> ClueWindow | None:
        """Return what is kept of what a tick needs; None where it needs nothing."""
        if needs is None or self._since is None:
            return None
        wanted = set(needs.services)
        return ClueWindow(
            since=self._since,
            templates=tuple(
                template
                for (_, service), found in sorted(self._templates.items())
                if service in wanted
                for template in found.values()
            ),
            counts=tuple(
                MinuteCounts(service=service, minute=minute, counts=tuple(sorted(counts.items())))
                for (service, minute), counts in sorted(self._counts.items())
                if service in wanted
                and any(first <= minute <= last for first, last in needs.stretches)
            ),
            traces=tuple(
                one
                for (service, minute), kept in sorted(self._traces.items())
                if service in wanted and needs.since <= minute <= at
                for one in kept
            ),
        )


def by_minute(
    traces: Iterable[TraceExample],
) -> dict[tuple[str, datetime], tuple[TraceExample, ...]]:
    """Return examples by service and minute."""
    found: defaultdict[tuple[str, datetime], list[TraceExample]] = defaultdict(list)
    for one in traces:
        found[one.service, one.minute].append(one)
    return {place: tuple(examples) for place, examples in found.items()}
