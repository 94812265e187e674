"""Closed ticks → indicators of journeys by the hour; in the slow worker."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from aiops.domain.journeys import Journey
from aiops.domain.samples import joined
from aiops.slo.hours import hours, names, services_of
from aiops.slo.standing import hour_of, window_of
from aiops.store.extents import Extents
from aiops.store.signals import HistoryStore
from aiops.store.sli_hours import SliHourStore

AT_ONCE = timedelta(hours=6)
"""So much is read at a time: what was fetched of the past is weeks."""


class Levels:
    """Counts every hour of the window that is not counted yet, and the last one anew.

    An hour is counted from its own ticks alone, so counting one again changes nothing.

    Args:
        history: the ticks.
        extents: which environments there are.
        kept: where hours are kept.
        journeys: what is measured.
        sources: whose ticks count.
    """

    def __init__(
        self,
        *,
        history: HistoryStore,
        extents: Extents,
        kept: SliHourStore,
        journeys: Sequence[Journey],
        sources: Collection[str],
    ) -> None:
        self._history = history
        self._extents = extents
        self._kept = kept
        self._journeys = journeys
        self._sources = sources
        self._asked: dict[str, tuple[datetime, frozenset[str]]] = {}

    def run(self) -> None:
        """Count what every environment has measured meanwhile."""
        for env in sorted(self._extents.environments()) if self._journeys else ():
            until = self._history.watermark(env, self._sources)
            if until is not None:
                self._count(env, until)

    def _count(self, env: str, until: datetime) -> None:
        services, samples = services_of(self._journeys), self._history.samples(env)
        begin = self._begin(env, until)
        while begin <= until:
            end = min(begin + AT_ONCE, until + timedelta(seconds=1)) - timedelta(seconds=1)
            found = joined(samples.between(services, begin, end))
            self._kept.save(env, hours(found, self._journeys))
            begin += AT_ONCE

    def _begin(self, env: str, until: datetime) -> datetime:
        """Return the hour to count from: the one before the last, for values may come late.

        All of the window is counted where an indicator was declared since, or more past was
        fetched: once for each, since what nobody measures stays unknown.
        """
        first = self._extents.first_tick(env) or until
        oldest = max(hour_of(until - window_of(self._journeys)), hour_of(first))
        spans = self._kept.spans(env, names(self._journeys))
        missing = names(self._journeys) - spans.keys()
        reaches_back = min((one for one, _ in spans.values()), default=until) <= oldest
        asked = (hour_of(first), missing)
        if (missing or not reaches_back) and self._asked.get(env) != asked:
            self._asked[env] = asked
            return oldest
        last = max((one for _, one in spans.values()), default=hour_of(until))
        return max(last - timedelta(hours=1), oldest)
