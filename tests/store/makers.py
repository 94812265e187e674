"""Facts, incidents and notifications for the store's tests."""

from aiops.domain.environment import EnvState
from aiops.domain.incidents import Decision, Impact, Incident, IncidentState, Reason, Severity
from aiops.domain.notifications import DeliveryAction, Notification
from aiops.domain.reach import BlastRadius
from aiops.domain.symptoms import FactKind, Origin, Symptom, SymptomFact
from tests.builders import REVENUE, cause, change, checkout_errors, minute, symptom


def errors(at: float = 3, until: float | None = None) -> Symptom:
    """Make checkout's error symptom that began at minute `at`."""
    return symptom(checkout_errors(), at=at, until=until, before=0.003, observed=0.072)


def fact(one: Symptom, at: float, kind: FactKind = FactKind.OPENED) -> SymptomFact:
    """Make what became known of a symptom at minute `at`."""
    return SymptomFact(kind=kind, at=minute(at), symptom=one)


def incident(
    number: int = 1001,
    *,
    env: str = "prod",
    symptoms: tuple[Symptom, ...] = (),
    state: IncidentState = IncidentState.OPEN,
    revision: int = 1,
    at: float = 3,
    origin: Origin = Origin.LIVE,
) -> Incident:
    """Make an incident with a cause, an impact and something of everything."""
    return Incident(
        id=f"INC-{number}",
        env=env,
        episode=1,
        revision=revision,
        state=state,
        severity=Severity.P1,
        severity_reason="revenue is down 24%",
        decision=Decision.PAGE,
        decision_reason=Reason.MONEY_LOST,
        title="Checkout fails in EU",
        started_at=minute(at),
        detected_at=minute(at + 1),
        updated_at=minute(at + 2),
        symptoms=symptoms,
        causes=(cause("payment-service", by=change()),),
        blast=BlastRadius(sick=("checkout",), regions=("EU",)),
        impacts=(
            Impact(
                kpi=REVENUE,
                unit="EUR",
                since=minute(at),
                per_minute=1200.0,
                total=2400.5,
                relative=-0.24,
                low=float("nan"),
                high=float("inf"),
            ),
        ),
        origin=origin,
    )


def state_of(*incidents: Incident, env: str = "prod", at: float = 5) -> EnvState:
    """Make where an environment stands, with these incidents and their symptoms."""
    symptoms = tuple(one for incident in incidents for one in incident.symptoms)
    return EnvState(
        env=env,
        at=minute(at),
        symptoms=symptoms,
        incidents=incidents,
        next_number=1001 + len(incidents),
    )


def notification(
    revision: int = 1,
    action: DeliveryAction = DeliveryAction.TRIGGER,
    *,
    sink: str = "pagerduty",
    due: float = 5,
    number: int = 1001,
) -> Notification:
    """Make a notification due at minute `due`."""
    return Notification(
        incident_id=f"INC-{number}",
        episode=1,
        revision=revision,
        sink=sink,
        action=action,
        not_before=minute(due),
        reason="a money KPI is losing",
    )
