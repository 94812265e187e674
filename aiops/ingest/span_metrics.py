"""Counted spans -> rate, errors and duration of every service and every call. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np

from aiops.clues.durations import BUCKETS, quantile
from aiops.domain.clues import SpanCount, SpanParties
from aiops.domain.journeys import Kpi
from aiops.domain.pulled import Sample
from aiops.domain.series import SeriesKey
from aiops.domain.ticks import Floats
from aiops.ingest.declared_series import Declared
from aiops.ingest.rows import SEEN_SPAN, Window
from aiops.settings import DeclaredSettings, SpanSettings

RATE: Final = DeclaredSettings(name="traced_requests_rate", unit="1/s")
ERRORS: Final = DeclaredSettings(name="traced_error_ratio", unit="1")
DURATION: Final = DeclaredSettings(name="traced_latency_p95", unit="s")

SHARE: Final = 0.95
MOST_SERIES: Final = 10_000
"""Services and calls that are told apart; names made of ids would make millions."""


Cell = tuple[int, int, int, int]
"""Whether requests failed, their bucket, their tick, and how many they were."""


class Cohort(NamedTuple):
    """Whose requests are counted together; `caller` is empty for those of everybody."""

    env: str
    service: str
    caller: str
    region: str
    segment: str


class SpanMetrics:
    """Turns counts of spans into samples; remembers who was there lately.

    Args:
        settings: of the source.
        kpis: the declared KPIs.
    """

    def __init__(self, settings: SpanSettings, kpis: tuple[Kpi, ...] = ()) -> None:
        self._declared = Declared(
            source=settings.name, kpis=kpis, zone=settings.zone, zones=settings.zones
        )
        self._own: dict[tuple[str, str], datetime] = {}
        self._seen: dict[Cohort, datetime] = {}
        self.left_out = 0

    def note(self, counts: Sequence[SpanParties]) -> None:
        """Remember who was there, and which services tell of their requests themselves."""
        for one in counts:
            if not one.is_callers:
                place = one.env, one.service
                self._own[place] = max(one.minute, self._own.get(place, one.minute))
        for one in counts:
            for cohort in self._cohorts(one):
                if cohort in self._seen or len(self._seen) < MOST_SERIES:
                    self._seen[cohort] = max(one.minute, self._seen.get(cohort, one.minute))
                else:
                    self.left_out += 1

    def samples(self, counts: Sequence[SpanCount], window: Window) -> tuple[Sample, ...]:
        """Return what the requests of a window came to.

        A service that sends spans of its own is counted by those, another by its callers'. Whoever
        had a request in the last day and has none is at a rate of 0, where others of the
        environment have some; where nobody has, nothing is known.

        Args:
            counts: of the window, from the store.
            window: the ticks that are asked for.
        """
        self.left_out = 0
        self.note(counts)
        self._forget(window.since)
        alive: defaultdict[str, Floats] = defaultdict(lambda: np.full(window.count, np.nan))
        found: defaultdict[Cohort, list[Cell]] = defaultdict(list)
        for one in counts:
            slot = window.slot(one.minute)
            if slot < 0:
                continue
            alive[one.env][slot] = 0.0
            for cohort in self._cohorts(one):
                found[cohort].append((int(one.failed), one.bucket, slot, one.count))
        return tuple(
            sample
            for cohort in sorted(self._seen)
            if cohort.env in alive
            for sample in self._told(
                cohort, _table(found.get(cohort, ()), alive[cohort.env]), window.step_seconds
            )
        )

    def _told(self, cohort: Cohort, counts: Floats, step_seconds: int) -> Iterable[Sample]:
        """Yield rate, errors and duration of a cohort.

        Args:
            cohort: whose.
            counts: by failure, bucket and tick; NaN where nothing is known.
            step_seconds: length of a tick.
        """
        total = counts.sum(axis=(0, 1))
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(total > 0, counts[1].sum(axis=0) / total, np.nan)
        columns: Mapping[DeclaredSettings, Floats] = MappingProxyType(
            {
                RATE: total / step_seconds,
                ERRORS: share,
                DURATION: quantile(SHARE, counts.sum(axis=0)),
            }
        )
        for signal, values in columns.items():
            key = SeriesKey(
                service=cohort.service,
                metric=signal.name,
                env=cohort.env,
                region=cohort.region or None,
                segment=cohort.segment or None,
                labels=(("caller", cohort.caller),) if cohort.caller else (),
            )
            yield Sample(series=self._declared.series(signal, key), values=values)

    def _cohorts(self, one: SpanParties) -> Iterable[Cohort]:
        """Yield whose requests they are: everybody's, and those of their caller.

        A call counts once, whoever tells of it: where both sides came together only the span of
        who answered was counted, and where it came alone it does not know its caller.
        """
        everybody = Cohort(one.env, one.service, "", one.region, one.segment)
        if not one.is_callers or (one.env, one.service) not in self._own:
            yield everybody
        if one.caller:
            yield everybody._replace(caller=one.caller)

    def _forget(self, now: datetime) -> None:
        since = now - SEEN_SPAN - timedelta(minutes=1)
        self._own = {place: at for place, at in self._own.items() if at >= since}
        self._seen = {cohort: at for cohort, at in self._seen.items() if at >= since}


def _table(cells: Iterable[Cell], alive: Floats) -> Floats:
    """Return counts by failure, bucket and tick: one cohort's at a time, for it is a large table.

    Args:
        cells: what was counted.
        alive: 0 in each tick of which anything is known, else NaN.
    """
    table = np.zeros((2, BUCKETS, len(alive)))
    for failed, bucket, slot, count in cells:
        table[failed, bucket, slot] += count
    return table + alive
