"""Joined by coincidence: what falls ill at one moment in one neighbourhood.

Directions of calls explain what a topology shows, and none shows all: a machine, a network, a
quota that services share, a call nobody declared. Two troubles of one moment may have nothing to
do with each other. Three are hardly chance: something unseen is behind them. And what is weak
beside a problem is its echo, not a problem of its own.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from aiops.correlate.bundles import BLIP_SECONDS, Bundle
from aiops.correlate.links import Links
from aiops.correlate.relations import MOMENT_SECONDS, apart, share_cohort
from aiops.correlate.scene import Scene
from aiops.domain.incidents import Clause

REACH_HOPS = 4
"""How far apart neighbours are at most, whatever the direction: callees of two siblings."""

MOST_SERVICES = 200
"""So many services are looked at around one: a neighbourhood, not the whole estate."""

CROWD = 3
"""So many separate troubles of one moment and neighbourhood are one problem."""

WEAK_RATIO = 1 / 4
"""Trouble of at most this share of its neighbour's strength is its echo."""


class _Neighbours(NamedTuple):
    """Places of two bundles of one moment, not joined yet, and how many calls lie between them."""

    place: int
    other: int
    hops: int


@dataclass(slots=True)
class _Weight:
    """How much trouble a problem shows so far."""

    strength: float = 0.0
    bundles: int = 0
    is_blip: bool = False

    def add(self, bundle: Bundle) -> None:
        self.strength = max(self.strength, bundle.strength)
        self.bundles += 1
        self.is_blip = self.bundles == 1 and bundle.is_blip

    def is_echo_of(self, other: "_Weight") -> bool:
        if other is self:
            return False
        if self.is_blip and not other.is_blip:
            return True
        return self.strength <= WEAK_RATIO * other.strength


def join_coincident(scene: Scene) -> None:
    """Join crowds, and then what is weak to the problem next to it."""
    if scene.calls.is_blind:
        return
    near = tuple(_neighbours(scene))
    _join_crowds(scene, near)
    _join_echoes(scene, near)


def _neighbours(scene: Scene) -> Iterator[_Neighbours]:
    for service, places in scene.sick.items():
        if scene.calls.is_shared_by_all(service):
            continue  # its neighbourhood is the whole estate
        for place in places:
            for other, hops in _around(scene, service, place):
                if scene.links.find(place) != scene.links.find(other):
                    yield _Neighbours(place, other, hops)


def _around(scene: Scene, service: str, place: int) -> Iterator[tuple[int, int]]:
    """Yield the first bundles of a bundle's moment on every way from its service, with the hops.

    The way leads past services that are calm at that moment; what lies behind a sick one is near
    to that one.
    """
    bundle, calls = scene.bundles[place], scene.calls
    seen = {service}
    ring = [service]
    for hops in range(1, REACH_HOPS + 1):
        beyond = []
        for name in [far for near in ring for far in (*calls.callees(near), *calls.callers(near))]:
            if name in seen:
                continue
            seen.add(name)
            together = [
                other
                for other in scene.sick.get(name, ())
                if _at_one_moment(bundle, scene.bundles[other])
            ]
            for other in together:
                yield other, hops
            if not together and (name in scene.sick or not calls.is_gateway(name)):
                beyond.append(name)
        if len(seen) > MOST_SERVICES:
            return
        ring = beyond


def _at_one_moment(first: Bundle, second: Bundle) -> bool:
    limit = BLIP_SECONDS if first.is_blip and second.is_blip else MOMENT_SECONDS
    return apart(first, second) <= limit and share_cohort(first, second)


def _join_crowds(scene: Scene, near: Sequence[_Neighbours]) -> None:
    """Join what is many, within one cohort: troubles of all regions bridge none of two of them.

    Nor does a sick service that everyone shares bridge the systems behind it.
    """
    crowds = Links(len(scene.bundles))
    for one in near:
        first, second = scene.bundles[one.place], scene.bundles[one.other]
        if any(scene.calls.is_shared_by_all(bundle.service) for bundle in (first, second)):
            continue
        if (first.region, first.segment) == (second.region, second.segment):
            crowds.join(scene.links.find(one.place), scene.links.find(one.other))
    for members in crowds.sets().values():
        if len(members) < CROWD:
            continue
        bundle = scene.bundles[members[0]]
        text = f"{len(members)} troubles around {bundle.service} began at one moment"
        for member in members[1:]:
            scene.links.join(members[0], member, Clause(text=text, source=bundle.id))


def _join_echoes(scene: Scene, near: Sequence[_Neighbours]) -> None:
    """Join each problem that is weak to the nearest of those it is weak beside."""
    weights: defaultdict[int, _Weight] = defaultdict(_Weight)
    for place in (place for places in scene.sick.values() for place in places):
        weights[scene.links.find(place)].add(scene.bundles[place])
    offers: dict[int, tuple[int, float, float, int, int]] = {}
    for one in near:
        weak, strong = scene.links.find(one.place), scene.links.find(one.other)
        if weights[weak].is_echo_of(weights[strong]):
            gap = apart(scene.bundles[one.place], scene.bundles[one.other])
            offer = (one.hops, gap, -weights[strong].strength, one.place, one.other)
            offers[weak] = min(offers.get(weak, offer), offer)
    for _, _, _, place, other in (offers[weak] for weak in sorted(offers)):
        echo, problem = scene.bundles[place], scene.bundles[other]
        text = f"{echo.service} shows little beside {problem.service} at the same moment"
        scene.links.join(place, other, Clause(text=text, source=echo.id))
