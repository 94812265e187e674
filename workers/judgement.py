"""A person's word on an incident or a series: kept, marked on series, and in the audit log."""

from dataclasses import replace

from aiops.domain.errors import InputError
from aiops.domain.marks import Mark, MarkKind
from aiops.domain.outcomes import Outcome
from aiops.domain.words import Place, Verb
from aiops.learn.marks import holding, marks_of
from aiops.store.audit import AuditEntry
from workers.hearing import say
from workers.regrouping import find
from workers.wiring import Parts


def judge(
    parts: Parts,
    incident_id: str,
    *,
    real: bool,
    by: str,
    why: str = "",
    cause: str = "",
    place: str = Place.COMMAND_LINE,
) -> tuple[Mark, ...]:
    """Store a person's word on an incident and return the marks it sets.

    Noise is no incident: it is closed, where it is not over, and whoever was told hears so. A real
    one makes its leading series important, noise makes them noisy; neither is learnt of
    an incident that was real, or is learnt again of noise, from the next fit on. A named `cause`
    is what the next incident that looks like it is measured by.

    Raises:
        InputError: there is no such incident.
    """
    if not real:
        return say(parts, incident_id, Verb.DISMISS, by=by, why=why, about=cause, place=place).marks
    incident = find(parts, incident_id)
    now, origin = parts.clock.now(), incident.origin
    outcome = Outcome(incident_id=incident.id, at=now, judged_by=by, cause_service=cause)
    marks = marks_of(incident, outcome, why)
    said = [why, f"it was {cause}" if cause else ""]
    detail = ", ".join([*filter(None, said), *(f"{one.name} {one.kind}" for one in marks)])
    parts.memory.judge(outcome, origin=origin)
    parts.marks.append(
        marks,
        AuditEntry(
            at=now, actor=by, action="confirm", subject=incident.id, detail=detail, origin=origin
        ),
    )
    return marks


def take_back(parts: Parts, name: str, *, by: str, why: str = "") -> Mark:
    """Take back the mark that holds on a series, named as `service:metric`; return what it was.

    Raises:
        InputError: no mark holds there.
    """
    now, origin = parts.clock.now(), parts.settings.origin
    held = {mark.name: mark for mark in holding(parts.marks.all(), now)}
    if name not in held:
        known = ", ".join(held) or "none at all"
        raise InputError(f"no mark holds on {name!r}; there is {known}")
    mark = held[name]
    none = replace(mark, kind=MarkKind.NONE, at=now, by=by, why=why, incident_id="", until=None)
    entry = AuditEntry(
        at=now, actor=by, action="take back", subject=name, detail=why, origin=origin
    )
    parts.marks.append([none], entry)
    return mark
