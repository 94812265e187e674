"""How strongly each series of a case speaks for trouble in the service that has it."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from aiops.correlate.comparison import Comparison, Values
from aiops.correlate.departures import Departures
from aiops.domain.series import Direction, Family, SeriesKey
from aiops.domain.sides import is_incoming, is_outgoing
from topology.graph import ServiceGraph

OUTGOING_WEIGHT = 0.3
"""A client-side metric speaks more of the called services than of the one that measures it."""

SEEN_WEIGHT = 0.5
"""What a caller measures of one edge says of the called service; the way may be at fault, too."""

ONLY_SEEN_WEIGHT = 0.9
"""The same of one that measures nothing itself, as a provider outside: that is as good as it
gets."""

TRAFFIC_WEIGHT = 0.5
"""Traffic is mostly an effect: callers come or stay away."""

GOOD_WAY_WEIGHT = 0.5
"""A change for the better is odd, but seldom the trouble."""

ALIKE = 0.5
"""A callee that is reached at least this strongly worse, of how much worse the caller reaches all
its callees, is reached worse alike."""

MOST_CALLEES = 2 / 3
FEWEST_CALLEES = 2
"""So many callees that are reached worse alike speak for their caller."""

CALLER_BLAMED_WEIGHT = 0.5
"""What such a callee's incoming side still says of itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Testimony:
    """What one series says of one service.

    Args:
        service: of whom.
        place: the series.
        voice: how strongly it speaks for trouble there, above 0.
    """

    service: str
    place: int
    voice: float


def testimonies(case: Comparison, found: Departures, voices: Values) -> list[Testimony]:
    """Return what every series says, the loudest first: of its service, and of the one it calls.

    Args:
        case: the samples.
        found: how its series departed from normal.
        voices: what each says of its own service, shape (series,).
    """
    said = [
        Testimony(service=key.service, place=place, voice=float(voices[place]))
        for place, key in enumerate(case.keys)
    ]
    own = {key.service for key in case.keys}
    for place, key in enumerate(case.keys):
        if peer := key.label("peer"):
            weight = SEEN_WEIGHT if peer in own else ONLY_SEEN_WEIGHT
            voice = weight * float(found.strength[place])
            said.append(Testimony(service=peer, place=place, voice=voice))
    return sorted((one for one in said if one.voice > 0), key=lambda one: (-one.voice, one.place))


def voices_of(
    case: Comparison,
    found: Departures,
    kinds: Sequence[tuple[Family, Direction]],
    graph: ServiceGraph,
) -> Values:
    """Return how strongly each series speaks for trouble in its own service, shape (series,).

    Args:
        case: its samples.
        found: how its series departed from normal.
        kinds: what each series speaks of, and which way is bad.
        graph: who calls whom.
    """
    weights = np.ones(len(case.keys))
    for place, (key, (family, bad)) in enumerate(zip(case.keys, kinds, strict=True)):
        if _is_outgoing(key):
            weights[place] *= OUTGOING_WEIGHT
        if family is Family.TRAFFIC:
            weights[place] *= TRAFFIC_WEIGHT
        good = {Direction.UP: not found.rising[place], Direction.DOWN: found.rising[place]}
        if good.get(bad, False):
            weights[place] *= GOOD_WAY_WEIGHT
    voices: Values = found.strength * weights
    _blame_callers(voices, case, found, graph)
    return voices


def _blame_callers(
    voices: Values, case: Comparison, found: Departures, graph: ServiceGraph
) -> None:
    """Move blame for slow calls to the caller, where it reaches most of its callees worse alike.

    An edge is measured on both sides, and neither says which end is at fault; the other edges do.
    """
    outgoing = _places_by_service(case, _is_outgoing)
    incoming = _places_by_service(case, lambda key: is_incoming(key.metric))
    for caller, places in outgoing.items():
        callees = [name for name in graph.callees(caller) if name in incoming]
        worse = max(found.strength[place] for place in places)
        alike = [
            name
            for name in callees
            if max(found.strength[place] for place in incoming[name]) >= ALIKE * worse
        ]
        if worse > 0 and len(alike) >= max(FEWEST_CALLEES, MOST_CALLEES * len(callees)):
            voices[places] = found.strength[places]
            for name in alike:
                said = CALLER_BLAMED_WEIGHT * found.strength[incoming[name]]
                voices[incoming[name]] = np.minimum(voices[incoming[name]], said)


def _is_outgoing(key: SeriesKey) -> bool:
    return bool(key.label("peer")) or is_outgoing(key.metric)


def _places_by_service(
    case: Comparison, wanted: Callable[[SeriesKey], bool]
) -> dict[str, list[int]]:
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, key in enumerate(case.keys):
        if wanted(key):
            places[key.service].append(place)
    return dict(places)
