"""Which runbook fits an incident, and why."""

from dataclasses import dataclass, replace

from aiops.domain.environment import Knowledge
from aiops.domain.incidents import Cause, Incident
from aiops.domain.journeys import Runbook

CAUSE_SERVICE = 4.0
"""A runbook for the very service that is the likely cause beats any general one."""

SICK_SERVICE = 1.0
FAMILY = 1.0
KEYWORD = 1.5
"""A keyword names something specific (a queue, a provider), a family only a sort of trouble."""

CHANGE_KIND = 3.5
"""What was changed says best what to take back: more than any word of a metric."""

LEAST = 2.0
"""Below this a runbook is a guess; no runbook is better than a wrong one at 3 am."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunbookMatch:
    """The runbook that fits, and why."""

    id: str
    title: str
    reason: str


def with_runbook(incident: Incident, knowledge: Knowledge) -> Incident:
    """Return an incident with the runbook that fits it, or with the word that none does."""
    found = match_runbook(incident, knowledge)
    if found is None:
        return replace(
            incident, runbook_id=None, runbook_title="", runbook_reason="no runbook matches"
        )
    return replace(
        incident, runbook_id=found.id, runbook_title=found.title, runbook_reason=found.reason
    )


def match_runbook(incident: Incident, knowledge: Knowledge) -> RunbookMatch | None:
    """Return the runbook that fits an incident best, or None when none fits well enough."""
    shown = _shown(incident, knowledge)
    scored = [(score(shown, runbook), runbook) for runbook in knowledge.runbooks]
    fitting = [(points, why, runbook) for (points, why), runbook in scored if points >= LEAST]
    if not fitting:
        return None
    _points, why, best = min(fitting, key=lambda one: (-one[0], one[2].id))
    return RunbookMatch(id=best.id, title=best.title, reason=f"for {', '.join(why)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """What of an incident a runbook may be about; worked out once for all of them."""

    cause: Cause | None
    sick: tuple[str, ...]
    families: frozenset[str]
    words: frozenset[str]


def score(shown: _Shown, runbook: Runbook) -> tuple[float, tuple[str, ...]]:
    """Return how well a runbook fits, in points, and what of it fits.

    A runbook that names services, none of which is sick or the cause, does not fit at all.
    """
    cause = shown.cause
    points = 0.0
    why: list[str] = []
    if cause is not None and cause.service in runbook.services:
        points += CAUSE_SERVICE
        why.append(cause.service)
    sick = [name for name in shown.sick if name in runbook.services]
    if sick:
        points += SICK_SERVICE
        why += [name for name in sick if name not in why]
    if runbook.services and not why:
        return 0.0, ()
    shared = sorted(shown.families & set(runbook.families))
    points += FAMILY * min(len(shared), 2)
    hits = [word for word in runbook.keywords if word.lower() in shown.words]
    points += KEYWORD * min(len(hits), 2)
    kind = cause.change.kind.value if cause is not None and cause.change is not None else ""
    named = [word for word in runbook.keywords if word.lower() == kind]
    points += CHANGE_KIND * len(named)
    return points, (*why, *shared, *named, *hits[:2])


def _shown(incident: Incident, knowledge: Knowledge) -> _Shown:
    cause = incident.causes[0] if incident.causes else None
    return _Shown(
        cause=cause,
        sick=incident.blast.sick,
        families=frozenset(_families(incident, cause.service if cause else None)),
        words=frozenset(_words(incident, knowledge)),
    )


def _families(incident: Incident, service: str | None) -> set[str]:
    """Return what sort of trouble the cause shows itself, else what the incident shows."""
    shown = {(symptom.series.key.service, symptom.series.family) for symptom in incident.symptoms}
    own = {family.value for name, family in shown if name == service}
    return own or {family.value for _, family in shown}


def _words(incident: Incident, knowledge: Knowledge) -> set[str]:
    """Return the words an incident is about: kinds, metrics and kinds of service, lower case."""
    words: set[str] = {kind.value for kind in {symptom.kind for symptom in incident.symptoms}}
    series = {(one.series.key.metric, one.series.title) for one in incident.symptoms}
    for metric, name in series:
        words.update(metric.lower().replace("-", "_").split("_"))
        words.update(name.lower().split())
    if incident.causes:
        first = incident.causes[0]
        words.add(knowledge.graph.service(first.service).kind.value)
        words.update(first.service.lower().replace("-", "_").split("_"))
    return words
