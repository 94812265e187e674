"""One incident that turns out to be two: some of its symptoms become one of their own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from aiops.domain.errors import InputError
from aiops.domain.incidents import Incident
from aiops.domain.symptoms import Symptom
from aiops.domain.timeline import TimelineEntry, TimelineKind
from aiops.domain.words import Word
from aiops.incident.timeline import extend


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """An incident without what left it, and what left it; both keep their order."""

    rest: Incident
    left: tuple[Symptom, ...]


def split(incident: Incident, names: Sequence[str], new_id: str, word: Word) -> Split:
    """Take symptoms out of an incident because a person says they are another problem.

    What stays keeps name, pages and who took it; title and causes are found anew. It is marked as
    apart from the new one, so that nothing but a person's word joins them again.

    Args:
        incident: a live one.
        names: services whose symptoms leave, or ids of single symptoms.
        new_id: of the incident they go to.
        word: who says so, why and when.

    Raises:
        InputError: it is over, a name is not in it, or one of the two would be empty.
    """
    if not incident.is_live:
        raise InputError(f"{incident.id} is {incident.state}; only what is still open can be split")
    services = sorted({one.service for one in incident.symptoms})
    known = {*services, *(one.id for one in incident.symptoms)}
    strange = [name for name in names if name not in known]
    if strange:
        raise InputError(
            f"{strange[0]!r} is no service or symptom of {incident.id}; sick there are"
            f" {', '.join(services)}"
        )
    wanted = set(names)
    left = tuple(one for one in incident.symptoms if wanted & {one.service, one.id})
    stay = tuple(one for one in incident.symptoms if one not in left)
    if not left or not stay:
        what = "nothing" if not left else "everything"
        raise InputError(f"{what} would leave {incident.id}; name some of {', '.join(services)}")
    entry = _entry(new_id, f"{_count(left)} split into {new_id}", word)
    rest = replace(
        incident,
        symptoms=stay,
        title="",
        causes=(),
        timeline=extend(incident.timeline, [entry]),
        quiet_since=None,
        apart_from=tuple(sorted({*incident.apart_from, new_id})),
    )
    return Split(rest=rest, left=left)


def split_off(fresh: Incident, origin: Incident, word: Word) -> Incident:
    """Return the incident made of what left another, marked as apart from it and all it is from."""
    entry = _entry(origin.id, f"split from {origin.id}", word)
    return replace(
        fresh,
        timeline=extend(fresh.timeline, [entry]),
        apart_from=tuple(sorted({*origin.apart_from, origin.id} - {fresh.id})),
    )


def _entry(other_id: str, text: str, word: Word) -> TimelineEntry:
    """Return what the timeline says of a split."""
    said = f"{text} by {word.who}: {word.why}"
    return TimelineEntry(
        at=word.at, kind=TimelineKind.PERSON, text=said, source=f"split:{other_id}"
    )


def _count(symptoms: Sequence[Symptom]) -> str:
    return "one symptom" if len(symptoms) == 1 else f"{len(symptoms)} symptoms"
