"""Page, ticket or record: from what users meet, where, and in which mode."""

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from aiops.domain.environment import EnvTick, Knowledge
from aiops.domain.incidents import Decision, Incident, Reason, Severity
from aiops.domain.policies import Mode, PagingPolicy
from aiops.domain.symptoms import SymptomKind
from aiops.route.adoption import covering_page, page_words
from aiops.route.attention import spent_budget
from aiops.route.cover import cover_of
from aiops.route.silence import silence_of
from aiops.route.windows import breaks_through, planned_work

_WOULD_PAGE = frozenset(
    {
        Reason.OBSERVE_MODE,
        Reason.BESIDE_MODE,
        Reason.ENVIRONMENT_DOES_NOT_PAGE,
        Reason.ENVIRONMENT_UNKNOWN,
        Reason.ALREADY_COVERED,
        Reason.ADOPTED,
    }
)
"""Why nobody is paged for what is bad enough to page."""

_HELD = frozenset({Reason.SILENCED, Reason.ALREADY_COVERED, Reason.BUDGET_SPENT})
"""Why people do not hear for now of what they are to hear of."""

_ORDER = (Decision.NONE, Decision.TICKET, Decision.PAGE)


class Verdict(NamedTuple):
    """What people get for an incident, why, and what that reason speaks of."""

    decision: Decision
    reason: Reason
    note: str = ""


def react(
    incident: Incident, tick: EnvTick, knowledge: Knowledge, others: Iterable[Incident] = ()
) -> Incident:
    """Return an incident with what people get for it, and since when it is one to call them for."""
    verdict = decide(incident, tick, knowledge, others)
    calls = verdict.decision is Decision.PAGE or verdict.reason in _WOULD_PAGE
    return replace(
        incident,
        revision=incident.revision + _is_let_go(incident, verdict),
        decision=verdict.decision,
        decision_reason=verdict.reason,
        decision_note=verdict.note,
        called_at=incident.called_at or (tick.at if calls else None),
    )


def decide(
    incident: Incident, tick: EnvTick, knowledge: Knowledge, others: Iterable[Incident] = ()
) -> Verdict:
    """Return what people get for an incident, and why.

    What planned work does to itself is one step quieter: a ticket for what would page, else a
    record. So is what the page for another incident covers. A silence tells nobody anything they
    do not know already. What was decided for an episode otherwise never becomes quieter: a page
    stays one until it ends, and once it has ended the decision stands.

    Args:
        incident: as it stands.
        tick: the changes and silences that are known, and the time.
        knowledge: for the paging policy.
        others: the incidents of its environment, as they are decided by now.
    """
    before = Verdict(incident.decision, incident.decision_reason, incident.decision_note)
    if not incident.is_live:
        return before
    verdict = _wanted(incident)
    if verdict.decision is Decision.PAGE:
        verdict = _allowed(verdict, incident, tick, knowledge)
    elif verdict.decision is Decision.TICKET and (work := _planned(incident, tick, knowledge)):
        verdict = Verdict(Decision.NONE, Reason.PLANNED_WORK, work)
    if verdict.decision is Decision.PAGE:
        verdict = _covered(verdict, incident, others, knowledge)
    held = _held(verdict, incident, tick, knowledge, others)
    if held is not None:
        return held
    return before if _is_quieter(verdict.decision, before.decision) else verdict


def _held(
    verdict: Verdict,
    incident: Incident,
    tick: EnvTick,
    knowledge: Knowledge,
    others: Iterable[Incident],
) -> Verdict | None:
    """Return what people know already where they are to hear no more, None where they may."""
    told = _told(incident)
    loudest = max(verdict.decision, incident.decision, key=_ORDER.index)
    if not _is_quieter(told, loudest):
        return None
    silence = silence_of(incident, tick.silences)
    if silence is not None:
        until = f"{silence.ends_at:%d %b %H:%M} UTC"
        note = f"{silence.id} by {silence.author} until {until}: {silence.why}"
        return Verdict(told, Reason.SILENCED, note)
    spent = "" if incident.told else spent_budget(incident, others, tick.at, knowledge)
    return Verdict(told, Reason.BUDGET_SPENT, spent) if spent else None


def _is_let_go(incident: Incident, verdict: Verdict) -> bool:
    """Return whether people hear now what was held back: as it is now, not as it was then."""
    was_held = incident.decision_reason in _HELD and incident.is_live
    return was_held and verdict.reason not in _HELD and verdict.decision is not Decision.NONE


def _told(incident: Incident) -> Decision:
    """Return the loudest decision that people have heard of."""
    if incident.paged_at is not None:
        return Decision.PAGE
    return Decision.TICKET if incident.told else Decision.NONE


def _is_quieter(first: Decision, second: Decision) -> bool:
    return _ORDER.index(first) < _ORDER.index(second)


def _wanted(incident: Incident) -> Verdict:
    if incident.severity is Severity.P4:
        return Verdict(Decision.NONE, Reason.MINOR)
    if all(symptom.young for symptom in incident.symptoms):
        return Verdict(Decision.TICKET, Reason.YOUNG_SERIES)
    if incident.severity in (Severity.P1, Severity.P2):
        return Verdict(Decision.PAGE, _loudest(incident))
    return Verdict(Decision.TICKET, Reason.NOT_USER_VISIBLE)


def _loudest(incident: Incident) -> Reason:
    kinds = {symptom.kind for symptom in incident.symptoms}
    if any(impact.is_money for impact in incident.impacts):
        return Reason.MONEY_LOST
    if SymptomKind.SLO_BURN in kinds:
        return Reason.SLO_BURNING
    if kinds == {SymptomKind.REPORT}:
        return Reason.REPORTED
    if kinds == {SymptomKind.TELEMETRY_GAP}:
        return Reason.TELEMETRY_LOST
    return Reason.JOURNEY_HIT


def _allowed(page: Verdict, incident: Incident, tick: EnvTick, knowledge: Knowledge) -> Verdict:
    paging = knowledge.policies.paging
    if incident.env not in paging.known_environments:
        return Verdict(Decision.NONE, Reason.ENVIRONMENT_UNKNOWN)
    if incident.env not in paging.paging_environments:
        return Verdict(Decision.TICKET, Reason.ENVIRONMENT_DOES_NOT_PAGE)
    work = "" if breaks_through(incident) else _planned(incident, tick, knowledge)
    if work:
        return Verdict(Decision.TICKET, Reason.PLANNED_WORK, work)
    return _beside(page, incident, tick, paging)


def _beside(page: Verdict, incident: Incident, tick: EnvTick, paging: PagingPolicy) -> Verdict:
    """Return a page as far as the mode lets us go, and where nobody was called by others yet."""
    mode = paging.mode_of(incident.owner)
    if mode is Mode.OBSERVE:
        return Verdict(Decision.TICKET, Reason.OBSERVE_MODE)
    others = None if incident.paged_at else covering_page(incident, tick.pages, tick.at)
    if others is not None:
        return Verdict(Decision.TICKET, Reason.ADOPTED, page_words(others))
    if mode is Mode.BESIDE:
        return Verdict(Decision.TICKET, Reason.BESIDE_MODE)
    return page


def _covered(
    page: Verdict, incident: Incident, others: Iterable[Incident], knowledge: Knowledge
) -> Verdict:
    covering = None if incident.paged_at else cover_of(incident, others, knowledge)
    if covering is None:
        return page
    note = f"{covering.id}, by its cause {covering.causes[0].service}"
    return Verdict(Decision.TICKET, Reason.ALREADY_COVERED, note)


def _planned(incident: Incident, tick: EnvTick, knowledge: Knowledge) -> str:
    return planned_work(incident, tick.changes, knowledge.policies.paging.windows, tick.at)
