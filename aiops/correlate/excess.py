"""Where the excess of a measure begins: failures and waiting time as amounts that add up.

A caller waits for its callees and passes on their failures. So of the excess that a service shows,
what its callees show is theirs, and the rest began in it: exclusive time, as in a trace, computed
from metrics.
"""

from collections.abc import Iterable, Mapping

import numpy as np

from aiops.correlate.comparison import Comparison, Values
from aiops.correlate.departures import Departures
from aiops.domain.families import is_percent, is_ratio
from aiops.domain.series import Family, SeriesKey
from topology.graph import ServiceGraph

SURE = 2.0
"""Standard errors from which on a mean has risen."""

LEAST_TOGETHER = 0.05
"""What an excess counts that does not come and go with the alert: it may, it need not be part."""

FEWEST_TOGETHER = 3
"""Common samples from which on it can be told whether two series come and go together."""

UNTOLD = 0.5
"""What counts where that cannot be told."""


class Excess:
    """The excess of a case, by measure and service.

    Args:
        case: its samples.
        found: how its series departed from normal.
        families: of every series.
        graph: who calls whom.
        loudest: by service, how strongly it speaks for trouble in itself.
    """

    def __init__(
        self,
        case: Comparison,
        found: Departures,
        families: tuple[Family, ...],
        graph: ServiceGraph,
        loudest: Mapping[str, float],
    ) -> None:
        self._case = case
        self._found = found
        self._families = families
        self._graph = graph
        self._loudest = loudest
        self._calls = self._traffic()

    def behind(self, alert: tuple[str, str]) -> dict[str, float]:
        """Return which share of an alert's excess begins in which service at or below it.

        Only what leaves the usual range of a measure counts, and only as far as it comes and goes
        with what alerted: much is odd in any system at any time.
        """
        service, metric = alert
        reached = self._graph.reach(service, limit=len(self._graph))
        places = [place for place in self._measured(metric) if self._service(place) in reached]
        amounts = self._summed(places, self._beyond_usual())
        own = begins_here(amounts, self._graph)
        together = self._together(alert, places)
        shares = _shares({name: own[name] * together[name] for name in own})
        return self._with_unseen(shares, metric)

    def failures(self, places: Iterable[int]) -> dict[str, float]:
        """Return the largest share that begins in each service of what some series count.

        Args:
            places: series of failures; those of one metric are measures of one thing.
        """
        metrics = {self._case.keys[place].metric: None for place in places}
        sure = np.where(self._found.surprise > SURE, self._found.mean - self._found.normal_mean, 0)
        most: dict[str, float] = {}
        for metric in metrics:
            own = begins_here(self._summed(self._measured(metric), sure), self._graph)
            for name, share in self._with_unseen(_shares(own), metric).items():
                most[name] = max(most.get(name, 0.0), share)
        return most

    def _with_unseen(self, shares: dict[str, float], metric: str) -> dict[str, float]:
        """Return the shares, also of those below that do not measure it: it may have begun there.

        They have as much of the share as they are in trouble beside who measured it. One that does
        not measure it hides what it calls itself, as a queue does the workers behind it.
        """
        seen = {self._service(place) for place in self._measured(metric)}
        found = dict(shares)
        for name, share in shares.items():
            own = self._loudest.get(name, 0.0)
            for hidden in self._hidden_below(name, seen):
                voice = self._loudest[hidden]
                ratio = min(1.0, voice / own) if own > 0 else 1.0
                found[hidden] = max(found.get(hidden, 0.0), share * ratio)
        return found

    def _hidden_below(self, name: str, seen: set[str]) -> list[str]:
        """Return the services below one that are in trouble, on paths that no `seen` one is on."""
        ring, hidden = [name], dict[str, None]()
        while ring:
            ring = [
                callee
                for above in ring
                for callee in self._graph.callees(above)
                if callee not in seen
                and callee not in hidden
                and self._loudest.get(callee, 0.0) > 0
            ]
            hidden.update(dict.fromkeys(ring))
        return list(hidden)

    def _beyond_usual(self) -> Values:
        """Return by how much the mean of the trouble lies beyond the usual range, the bad way."""
        found = self._found
        down = np.array([family is Family.AVAILABILITY for family in self._families])
        return np.where(down, found.low - found.mean, found.mean - found.high)

    def _measured(self, metric: str) -> list[int]:
        return [place for place, key in enumerate(self._case.keys) if key.metric == metric]

    def _service(self, place: int) -> str:
        return self._case.keys[place].service

    def _summed(self, places: Iterable[int], excess: Values) -> dict[str, float]:
        """Return the excess of each service, as an amount: per request times requests."""
        amounts: dict[str, float] = {}
        for place in places:
            amount = float(np.nan_to_num(excess[place])) * self._requests(place)
            if amount > 0:
                amounts[self._service(place)] = amounts.get(self._service(place), 0.0) + amount
        return amounts

    def _requests(self, place: int) -> float:
        """Return what a value is to be multiplied by; 1 where it is an amount already."""
        key, family = self._case.keys[place], self._families[place]
        if not _is_per_request(key, self._case.units[place], family):
            return 1.0
        return self._calls.get(key.service, 1.0)

    def _traffic(self) -> dict[str, float]:
        """Return how much each service is asked during the trouble, by its first such series."""
        asked: dict[str, float] = {}
        for place, family in enumerate(self._families):
            if family is Family.TRAFFIC and not np.isnan(self._found.mean[place]):
                asked.setdefault(self._service(place), float(self._found.mean[place]))
        return asked

    def _together(self, alert: tuple[str, str], places: Iterable[int]) -> dict[str, float]:
        """Return how far each service's measure comes and goes with what alerted, from 0 to 1."""
        times, values = self._case.padded(self._case.abnormal)
        alerting = [place for place in places if self._service(place) == alert[0]]
        together: dict[str, float] = {}
        for place in places:
            name = self._service(place)
            best = max(
                (_moves_with(times, values, place, other) for other in alerting), default=1.0
            )
            together[name] = max(together.get(name, 0.0), best)
        return together


def begins_here(amounts: Mapping[str, float], graph: ServiceGraph) -> dict[str, float]:
    """Return what of each service's amount none of its callees accounts for.

    A callee's amount is laid upon its callers in proportion to theirs.

    Examples:
        >>> from topology.graph import Edge
        >>> graph = ServiceGraph.from_edges((), [Edge(caller="shop", callee="db")])
        >>> begins_here({"shop": 10.0, "db": 8.0}, graph)
        {'shop': 2.0, 'db': 8.0}
    """
    own: dict[str, float] = {}
    for name, amount in amounts.items():
        passed_on = 0.0
        for callee in graph.callees(name):
            if callee in amounts:
                upon = sum(amounts.get(caller, 0.0) for caller in graph.callers(callee))
                passed_on += amounts[callee] * amount / upon
        own[name] = max(0.0, amount - passed_on)
    return own


def _is_per_request(key: SeriesKey, unit: str, family: Family) -> bool:
    if family in (Family.LATENCY, Family.AVAILABILITY):
        return True
    return is_ratio(key.metric, unit) or is_percent(key.metric, unit)


def _shares(amounts: Mapping[str, float]) -> dict[str, float]:
    total = sum(amounts.values())
    return {name: amount / total for name, amount in amounts.items()} if total > 0 else {}


def _moves_with(times: Values, values: Values, place: int, other: int) -> float:
    """Return the correlation of two series where both have samples, at least `LEAST_TOGETHER`."""
    _, mine, theirs = np.intersect1d(times[place], times[other], return_indices=True)
    pair = np.stack([values[place][mine], values[other][theirs]])
    pair = pair[:, ~np.isnan(pair).any(axis=0)]
    if pair.shape[1] < FEWEST_TOGETHER:
        return UNTOLD
    if (pair.std(axis=1) == 0).any():
        return LEAST_TOGETHER
    return max(float(np.corrcoef(pair)[0, 1]), LEAST_TOGETHER)
