"""A marked test through each sink: what a person sees, told and taken back at once."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from aiops.domain.errors import DeliveryError
from aiops.domain.incidents import Clause, Decision, Incident, IncidentState, Reason, Severity
from aiops.domain.notifications import DeliveryAction, Notification
from aiops.domain.symptoms import Origin
from aiops.ports import Notifier

TITLE = "Test of aiops: nothing is wrong"
WORDS = "A test that `aiops doctor --send` sent. Nothing is wrong and there is nothing to do."


def send_trials(sinks: Mapping[str, Notifier], env: str, at: datetime) -> Iterator[tuple[str, str]]:
    """Send a test incident of the lowest severity through each sink, and its end.

    Args:
        sinks: by name.
        env: the environment the test says it is in.
        at: aware UTC; in the test's number, so that two tests are two.

    Yields:
        The sink's name, and what was in the way; empty when it took both.
    """
    for name, sink in sinks.items():
        try:
            _try(sink, trial(env, at))
        except DeliveryError as error:
            yield name, str(error)
        else:
            yield name, ""


def trial(env: str, at: datetime) -> Incident:
    """Return the incident of a test."""
    return Incident(
        id=f"TEST-{at:%Y%m%d-%H%M%S}",
        env=env,
        episode=1,
        revision=1,
        state=IncidentState.OPEN,
        severity=Severity.P4,
        severity_reason="a test",
        decision=Decision.TICKET,
        decision_reason=Reason.MINOR,
        title=TITLE,
        started_at=at,
        detected_at=at,
        updated_at=at,
        symptoms=(),
        narrative=(Clause(text=WORDS, source="aiops doctor --send"),),
        origin=Origin.DRILL,
    )


def _try(sink: Notifier, incident: Incident) -> None:
    told = _tell(sink, incident, DeliveryAction.TRIGGER, {})
    at = incident.updated_at
    over = replace(
        incident, revision=2, state=IncidentState.RESOLVED, mitigated_at=at, resolved_at=at
    )
    _tell(sink, over, DeliveryAction.RESOLVE, told)


def _tell(
    sink: Notifier, incident: Incident, action: DeliveryAction, reference: Mapping[str, str]
) -> Mapping[str, str]:
    note = Notification(
        incident_id=incident.id,
        episode=1,
        revision=incident.revision,
        sink=sink.name,
        action=action,
        not_before=incident.updated_at,
        reason="a test",
        origin=incident.origin,
    )
    payload = sink.payload(incident, note, reference)
    return sink.send(note, payload, repeated=False).reference
