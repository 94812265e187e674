"""What somebody can do now, each step with its automation level and its reason."""

from aiops.domain.changes import Change, ChangeKind
from aiops.domain.environment import Knowledge
from aiops.domain.incidents import Cause, Clause, Incident, Suggestion
from topology.attributes import ServiceKind

SURE_ENOUGH = 0.8
"""Below this confidence a suggestion is for a person to weigh: never more than level 1."""

ASSIST = 2
RECOMMEND = 1


def suggest(incident: Incident, knowledge: Knowledge) -> tuple[Suggestion, ...]:
    """Return the next steps for an incident, the most telling first.

    None exceeds level 2: level 3 takes a rule that somebody approved, never a suggestion.
    """
    steps: list[Suggestion] = []
    if incident.causes:
        steps += _for_cause(incident.causes[0], knowledge)
        steps += _from_memory(incident, knowledge)
    if incident.runbook_id:
        steps.append(
            Suggestion(
                text=f"follow {incident.runbook_id} ({incident.runbook_title})",
                action="runbook",
                target=incident.runbook_id,
                level=RECOMMEND,
                reason=Clause(text=incident.runbook_reason, source=incident.runbook_id),
            )
        )
    unique: dict[tuple[str, str], Suggestion] = {}
    for step in steps:
        unique.setdefault((step.action, step.target), step)
    return tuple(unique.values())


def _for_cause(cause: Cause, knowledge: Knowledge) -> list[Suggestion]:
    level = ASSIST if cause.confidence >= SURE_ENOUGH else RECOMMEND
    if cause.change is not None:
        return [_take_back(cause.change, cause, level)]
    if knowledge.graph.service(cause.service).kind is ServiceKind.EXTERNAL:
        reason = Clause(text=f"{cause.service} is an outside provider", source=cause.service)
        return [
            Suggestion(
                text=f"switch from {cause.service} to the secondary provider",
                action="switch_provider",
                target=cause.service,
                level=min(level, RECOMMEND),
                reason=reason,
            )
        ]
    return []


def _take_back(change: Change, cause: Cause, level: int) -> Suggestion:
    scope = f" for {change.region}" if change.region else ""
    forms = {
        ChangeKind.DEPLOY: ("roll_back", f"roll back deploy {change.ref} of {cause.service}"),
        ChangeKind.FLAG: ("flag_off", f"disable feature flag `{change.ref}`{scope}"),
        ChangeKind.CONFIG: ("revert_config", f"revert config change {change.ref}{scope}"),
        ChangeKind.SCALING: ("scale", f"take back scaling {change.ref} of {cause.service}"),
        ChangeKind.MIGRATION: ("roll_back", f"stop or roll back migration {change.ref}"),
        ChangeKind.MAINTENANCE: ("ask", f"ask who runs maintenance {change.ref}"),
    }
    action, text = forms[change.kind]
    evidence = cause.evidence[0] if cause.evidence else Clause(text="likely cause", source="")
    return Suggestion(text=text, action=action, target=change.ref, level=level, reason=evidence)


def _from_memory(incident: Incident, knowledge: Knowledge) -> list[Suggestion]:
    """Return what fixed the last incident with the same cause, if that is known."""
    service = incident.causes[0].service
    for past in knowledge.remembered():
        if not past.real or past.incident_id == incident.id:
            continue
        if past.cause_service == service and past.fixed_by:
            reason = Clause(
                text=f"it ended {past.incident_id}, which had the same cause",
                source=past.incident_id,
            )
            return [
                Suggestion(
                    text=f"what helped last time: {past.fixed_by}",
                    action="repeat_fix",
                    target=past.incident_id,
                    level=RECOMMEND,
                    reason=reason,
                )
            ]
    return []
