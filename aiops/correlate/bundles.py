"""Symptoms of one place that began together: the smallest thing grouping moves as one.

From one tick to the next most symptoms are the very objects that were there before. What depends
on them alone is remembered, so a tick costs what is new in it.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import chain
from operator import attrgetter, is_
from typing import TypeVar

from aiops.correlate.calls import peers_of
from aiops.domain.incidents import Incident
from aiops.domain.series import Direction, Family
from aiops.domain.symptoms import TELEMETRY_KINDS, Symptom, SymptomState

Sign = tuple[Family, Direction]

Place = tuple[str, ...]
"""Service, nature, environment, region and segment of symptoms that may have to do together."""

K = TypeVar("K")
V = TypeVar("V")

BY_ONSET = attrgetter("onset", "id")
"""The order of symptoms within what they belong to."""

REMEMBERED = 20_000
"""So many symptoms, and so many places, are known again: two storms at once."""

BLIP_STRENGTH = 8.0
"""One series this little out of its band is a blip: among many series some always is."""

BLIP_SECONDS = 120
"""Blips come often enough that only those of one moment may have to do with each other."""


class Nature(StrEnum):
    """What a symptom is evidence of, which decides whom it may join."""

    TROUBLE = "trouble"
    KPI = "kpi"
    GAP = "gap"
    VOID = "void"


# Python 3.11 looks a member up through a descriptor, and every symptom is asked at every tick.
_TROUBLE, _KPI, _GAP, _VOID = Nature
_WITHDRAWN, _KPI_FAMILY = SymptomState.WITHDRAWN, Family.KPI


def nature(symptom: Symptom) -> Nature:
    """Return what a symptom is evidence of; a withdrawn one is evidence of nothing."""
    if symptom.state is _WITHDRAWN:
        return _VOID
    if symptom.kind in TELEMETRY_KINDS:
        return _GAP
    return _KPI if symptom.series.family is _KPI_FAMILY else _TROUBLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Symptoms of one service, nature and cohort whose onsets follow each other closely.

    Args:
        service: where they show; empty where the sender did not say.
        nature: what they are evidence of.
        env: their environment.
        region: the one region they are confined to, or None.
        segment: the one customer segment they are confined to, or None.
        symptoms: members, by onset then id.
        first: earliest onset, epoch seconds.
        last: latest onset, epoch seconds.
        until: for members of a live incident, until when they went on; None for fresh ones.
        strength: the strongest member's robust distance.
        signs: families and directions seen.
        peers: called services that client-side metrics among them point to.
    """

    service: str
    nature: Nature
    env: str
    region: str | None
    segment: str | None
    symptoms: tuple[Symptom, ...]
    first: float
    last: float
    until: float | None
    strength: float
    signs: frozenset[Sign]
    peers: frozenset[str]

    @property
    def id(self) -> str:
        """The id of its first symptom, to name it as a source."""
        return self.symptoms[0].id

    @property
    def is_blip(self) -> bool:
        """Whether it is one symptom that may well be chance."""
        return len(self.symptoms) == 1 and _is_faint(self.symptoms[0])

    @property
    def has_trouble(self) -> bool:
        """Whether anything but the amount of traffic is wrong."""
        return any(family is not Family.TRAFFIC for family, _ in self.signs)


def settle(symptoms: Iterable[Symptom], incidents: Iterable[Incident]) -> tuple[Symptom, ...]:
    """Return every symptom once, in its latest known form.

    Members of an incident that are not among `symptoms` are added: they never leave it.
    """
    latest: dict[str, Symptom] = {}
    for symptom in symptoms:
        known = latest.get(symptom.id)
        if known is None or (known is not symptom and _age(known) < _age(symptom)):
            latest[symptom.id] = symptom
    for member in [
        one for incident in incidents for one in incident.symptoms if one.id not in latest
    ]:
        known = latest.setdefault(member.id, member)
        if known is not member and _age(known) < _age(member):
            latest[member.id] = member
    return tuple(latest.values())


def make_bundles(
    symptoms: Sequence[Symptom], owned: Container[str], at: datetime, window_seconds: int
) -> tuple[Bundle, ...]:
    """Cut symptoms into bundles.

    Args:
        symptoms: settled ones; those that come in the order of last time are known again.
        owned: ids of those that belong to a live incident.
        at: now, aware UTC: until when open members of an incident went on.
        window_seconds: a longer pause between two onsets starts another bundle.

    Returns:
        Bundles by first onset, then id.
    """
    places: defaultdict[Place, list[Symptom]] = defaultdict(list)
    for symptom in symptoms:
        places[_place(symptom)].append(symptom)
    cut = (_cut(place, members, window_seconds) for place, members in places.items())
    bundles = [_going_on(bundle, owned, at) for bundle in chain.from_iterable(cut)]
    return tuple(sorted(bundles, key=attrgetter("first", "id")))


def _age(symptom: Symptom) -> tuple[datetime, bool, float, str]:
    """Order copies of one symptom; the text settles what would otherwise depend on the input."""
    return (symptom.last_seen, symptom.ended_at is not None, symptom.strength, repr(symptom))


_places: dict[str, tuple[Symptom, Place]] = {}
_cuts: dict[tuple[Place, int], tuple[Sequence[Symptom], tuple[Bundle, ...]]] = {}


def _remember(memory: dict[K, V], key: K, value: V) -> None:
    if len(memory) >= REMEMBERED:
        memory.clear()
    memory[key] = value


def _place(symptom: Symptom) -> Place:
    known = _places.get(symptom.id)
    if known is not None and known[0] is symptom:
        return known[1]
    place = _place_of(symptom)
    _remember(_places, symptom.id, (symptom, place))
    return place


def _place_of(symptom: Symptom) -> Place:
    kind = nature(symptom)
    key = symptom.series.key
    # Without a service nothing says that two symptoms show in one place, but the same metric does.
    name = key.service or f"\x1f{key.metric}"
    if kind is Nature.VOID:
        name = f"\x1f{symptom.id}"
    # None and "" are told apart by nobody: both mean all.
    return (name, kind, key.env, key.region or "", key.segment or "")


def _cut(place: Place, members: Sequence[Symptom], window_seconds: int) -> tuple[Bundle, ...]:
    """Return the bundles of one place, as if no incident held any."""
    known = _cuts.get((place, window_seconds))
    if known and len(known[0]) == len(members) and all(map(is_, known[0], members)):
        return known[1]
    runs = _runs(sorted(members, key=BY_ONSET), window_seconds)
    bundles = tuple(_bundle(tuple(run)) for run in runs)
    _remember(_cuts, (place, window_seconds), (members, bundles))
    return bundles


def _runs(members: Sequence[Symptom], window_seconds: int) -> Iterator[list[Symptom]]:
    run: list[Symptom] = []
    for symptom in members:
        if run:
            two_blips = len(run) == 1 and _is_faint(run[0]) and _is_faint(symptom)
            limit = BLIP_SECONDS if two_blips else window_seconds
            if (symptom.onset - run[-1].onset).total_seconds() > limit:
                yield run
                run = []
        run.append(symptom)
    yield run


def _is_faint(symptom: Symptom) -> bool:
    return symptom.strength < BLIP_STRENGTH


def _going_on(bundle: Bundle, owned: Container[str], at: datetime) -> Bundle:
    """Return a bundle with until when those of its members went on that incidents hold."""
    ends = [one.ended_at or at for one in bundle.symptoms if one.id in owned]
    return replace(bundle, until=max(ends).timestamp()) if ends else bundle


def _bundle(members: tuple[Symptom, ...]) -> Bundle:
    head = members[0]
    key = head.series.key
    return Bundle(
        service=key.service,
        nature=nature(head),
        env=key.env,
        region=key.region or None,
        segment=key.segment or None,
        symptoms=members,
        first=head.onset.timestamp(),
        last=members[-1].onset.timestamp(),
        until=None,
        strength=max(member.strength for member in members),
        signs=frozenset((member.family, member.direction) for member in members),
        peers=peers_of(members),
    )
