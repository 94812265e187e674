"""What every stage of grouping looks at."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from aiops.correlate.bundles import Bundle, Nature
from aiops.correlate.calls import Calls
from aiops.correlate.links import Links
from aiops.correlate.relations import (
    SAME_ROOT_SECONDS,
    apart,
    concurrent,
    share_cohort,
    trouble_travels,
)
from aiops.domain.changes import Change
from aiops.domain.policies import CorrelatePolicy


@dataclass(frozen=True, kw_only=True)
class Scene:
    """The bundles of one moment, and what may join them.

    Args:
        bundles: by first onset, then id; everything else names them by their place here.
        sick: places of technical bundles by service, sorted by service.
        calls: who calls whom.
        changes: each once, by start, then id; without rollbacks and those of unknown service.
        policy: windows and hops.
        links: what has been joined so far; the one thing here that stages change.
    """

    bundles: tuple[Bundle, ...]
    sick: dict[str, list[int]]
    calls: Calls
    changes: tuple[Change, ...]
    policy: CorrelatePolicy
    links: Links

    @cached_property
    def sick_calls(self) -> tuple[tuple[int, int], ...]:
        """The (caller, callee) places of sick services, close in time, cohort and topology.

        The way from caller to callee may lead through calm services (those that pass trouble on
        without a measure of their own to show it), but then both must fall ill together.
        """
        return tuple(
            (a, b)
            for caller, places in self.sick.items()
            for callee, distance in self._sick_below(caller)
            for a, b in product(places, self.sick[callee])
            if self._near(self.bundles[a], self.bundles[b], distance)
        )

    @cached_property
    def pushed(self) -> frozenset[int]:
        """The places whose trouble can come from a sick service they call."""
        return frozenset(
            a for a, b in self.sick_calls if trouble_travels(self.bundles[b], self.bundles[a])
        )

    def _sick_below(self, caller: str) -> list[tuple[str, int]]:
        """Return the first sick services on every way down from `caller`, with their distance.

        The way is walked from both ends: below what everyone passes lies half the estate.
        """
        found: dict[str, int] = {}
        half = self.policy.hops - self.policy.hops // 2
        for name, distance in self._until_sick(caller, half, self.calls.callees):
            below = ((name, 0),) if name in self.sick else self._halfway_up.get(name, ())
            for callee, rest in below:
                found[callee] = min(distance + rest, found.get(callee, distance + rest))
        found.pop(caller, None)
        return sorted(found.items(), key=lambda item: (item[1], item[0]))

    @cached_property
    def _halfway_up(self) -> dict[str, list[tuple[str, int]]]:
        """The first sick services below calm ones, half as far down as trouble travels."""
        halfway: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
        for callee in self.sick:
            for name, distance in self._until_sick(
                callee, self.policy.hops // 2, self.calls.callers
            ):
                halfway[name].append((callee, distance))
        return dict(halfway)

    def _until_sick(
        self, start: str, hops: int, step: Callable[[str], tuple[str, ...]]
    ) -> Iterator[tuple[str, int]]:
        """Yield the services some steps from one, with their distance, none beyond a sick one."""
        seen = {start}
        ring = seen
        for distance in range(1, hops + 1):
            beyond = set().union(*map(step, ring)) - seen
            seen = seen | beyond
            yield from ((name, distance) for name in beyond)
            ring = beyond - self.sick.keys()

    def _near(self, caller: Bundle, callee: Bundle, distance: int) -> bool:
        if not share_cohort(caller, callee):
            return False
        if distance > 1:
            return apart(caller, callee) <= SAME_ROOT_SECONDS
        return concurrent(caller, callee, self.policy, same_place=False)


def index_by_service(bundles: Sequence[Bundle]) -> dict[str, list[int]]:
    """Return the places of technical bundles with a named service, sorted by service."""
    index: defaultdict[str, list[int]] = defaultdict(list)
    for place, bundle in enumerate(bundles):
        if bundle.nature is Nature.TROUBLE and bundle.service:
            index[bundle.service].append(place)
    return dict(sorted(index.items()))
