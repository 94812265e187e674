"""Symptoms of one place that began together: the smallest thing grouping moves as one."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from aiops.correlate.calls import peers_of
from aiops.domain.incidents import Incident
from aiops.domain.series import Direction, Family
from aiops.domain.symptoms import TELEMETRY_KINDS, Symptom, SymptomState

Sign = tuple[Family, Direction]

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


def nature(symptom: Symptom) -> Nature:
    """Return what a symptom is evidence of; a withdrawn one is evidence of nothing."""
    if symptom.state is SymptomState.WITHDRAWN:
        return Nature.VOID
    if symptom.kind in TELEMETRY_KINDS:
        return Nature.GAP
    return Nature.KPI if symptom.series.family is Family.KPI else Nature.TROUBLE


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
    signs: frozenset[Sign]
    peers: frozenset[str]

    @property
    def id(self) -> str:
        """The id of its first symptom, to name it as a source."""
        return self.symptoms[0].id

    @property
    def strength(self) -> float:
        """The strongest member's robust distance."""
        return max(symptom.strength for symptom in self.symptoms)

    @property
    def is_blip(self) -> bool:
        """Whether it is one symptom that may well be chance."""
        return len(self.symptoms) == 1 and _is_faint(self.symptoms[0])

    @property
    def has_trouble(self) -> bool:
        """Whether anything but the amount of traffic is wrong."""
        return any(family is not Family.TRAFFIC for family, _ in self.signs)


def settle(symptoms: Iterable[Symptom], incidents: Iterable[Incident]) -> tuple[Symptom, ...]:
    """Return every symptom once, in its latest known form, by onset then id.

    Members of an incident that are not among `symptoms` are added: they never leave it.
    """
    latest: dict[str, Symptom] = {}
    for symptom in symptoms:
        known = latest.get(symptom.id)
        if known is None or (known is not symptom and _age(known) < _age(symptom)):
            latest[symptom.id] = symptom
    given = frozenset(latest)
    for incident in incidents:
        for member in incident.symptoms:
            known = latest.get(member.id)
            if known is None or (member.id not in given and _age(known) < _age(member)):
                latest[member.id] = member
    return tuple(sorted(latest.values(), key=lambda symptom: (symptom.onset, symptom.id)))


def make_bundles(
    symptoms: Sequence[Symptom], owners: Mapping[str, str], at: datetime, window_seconds: int
) -> tuple[Bundle, ...]:
    """Cut symptoms into bundles.

    Args:
        symptoms: settled ones, by onset then id.
        owners: symptom id → id of the live incident it belongs to.
        at: now, aware UTC: until when open members of an incident went on.
        window_seconds: a longer pause between two onsets starts another bundle.

    Returns:
        Bundles by first onset, then id.
    """
    places: defaultdict[tuple[str, ...], list[Symptom]] = defaultdict(list)
    for symptom in symptoms:
        places[_place(symptom)].append(symptom)
    bundles = [
        _bundle(tuple(run), owners, at)
        for members in places.values()
        for run in _runs(members, window_seconds)
    ]
    return tuple(sorted(bundles, key=lambda bundle: (bundle.first, bundle.id)))


def _age(symptom: Symptom) -> tuple[datetime, bool, float, str]:
    """Order copies of one symptom; the text settles what would otherwise depend on the input."""
    return (symptom.last_seen, symptom.ended_at is not None, symptom.strength, repr(symptom))


def _place(symptom: Symptom) -> tuple[str, ...]:
    kind = nature(symptom)
    key = symptom.series.key
    # Without a service nothing says that two symptoms show in one place, but the same metric does.
    name = key.service or f"\x1f{key.metric}"
    if kind is Nature.VOID:
        name = f"\x1f{symptom.id}"
    # None and "" are told apart by nobody: both mean all.
    return (name, kind, key.env, key.region or "", key.segment or "")


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


def _bundle(members: tuple[Symptom, ...], owners: Mapping[str, str], at: datetime) -> Bundle:
    head = members[0]
    key = head.series.key
    owned = [member.ended_at or at for member in members if member.id in owners]
    return Bundle(
        service=key.service,
        nature=nature(head),
        env=key.env,
        region=key.region or None,
        segment=key.segment or None,
        symptoms=members,
        first=head.onset.timestamp(),
        last=members[-1].onset.timestamp(),
        until=max(owned).timestamp() if owned else None,
        signs=frozenset((member.family, member.direction) for member in members),
        peers=peers_of(members),
    )
