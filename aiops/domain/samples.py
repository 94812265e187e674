"""What was measured around a moment, for whoever has to compare the time before it and since."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from aiops.domain.series import Series
from aiops.domain.ticks import Packed, Times

TICKS_BEFORE = 240
"""Ticks before a moment that tell what was normal: four hours at one minute."""

MOST_TICKS_SINCE = 240
"""Ticks since a moment that are looked at; what began tells by then."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Excerpt:
    """The ticks of some series around a moment.

    Args:
        series: by column.
        step_seconds: distance between two ticks.
        times: epoch seconds, ascending, shape (ticks,).
        values: float32, shape (ticks, series), NaN where nothing was measured.
    """

    series: tuple[Series, ...]
    step_seconds: int
    times: Times
    values: Packed


class Samples(Protocol):
    """Answers what was measured; asked only for the few services of a problem."""

    def around(
        self, services: Collection[str], since: datetime, until: datetime
    ) -> Sequence[Excerpt]:
        """Return what services measured: `TICKS_BEFORE` ticks before a moment, and those since.

        Args:
            services: whose series are wanted.
            since: the moment; its own tick is the first of those since.
            until: the last tick wanted; no more than `MOST_TICKS_SINCE` are given.
        """
        ...
