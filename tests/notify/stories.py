"""A fixed incident for payloads and pages: the story of DESIGN §1."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from aiops.domain.incidents import (
    Cause,
    Clause,
    Decision,
    Impact,
    Incident,
    IncidentState,
    Reason,
    Severity,
    Suggestion,
)
from aiops.domain.notifications import DeliveryAction, Notification
from aiops.domain.reach import BlastRadius
from aiops.domain.slos import BudgetUse, Measure, ServiceLevels, Slo, Tally
from aiops.domain.timeline import TimelineEntry, TimelineKind
from tests import builders
from tests.builders import minute

STORY = (
    "At 10:03 UTC, error rate on `/checkout` in EU jumped from 0.3% to 7.2%.",
    "Correlated anomalies detected in `payment-service` latency and DB connection errors.",
    "One deployment to `payment-service` occurred at 10:01 UTC.",
    "Impacted KPI: revenue per minute in EU down 24%.",
)

LEVELS = ServiceLevels(
    budgets=(
        BudgetUse(
            journey="checkout",
            slo=Slo(objective=0.995),
            tally=Tally(since=minute(3), until=minute(8), events=10_000, bad=260, usual=0.003),
            window_total=2_000_000,
            known_days=28,
            burn_rate=5.2,
            basis="`error_ratio` of checkout",
        ),
    ),
    measures=(
        Measure(
            journey="checkout",
            service="payment-service",
            operation="",
            is_step=False,
            tally=Tally(since=minute(3), until=minute(8), events=5000, bad=300, usual=0.004),
        ),
    ),
)
"""What the story took of an error budget."""


def incident(**changes: Any) -> Incident:
    """Make the incident as it is right after its page was decided."""
    deploy = builders.change()
    symptoms = builders.story()
    base = Incident(
        id="INC-2048",
        env="prod",
        episode=1,
        revision=1,
        state=IncidentState.OPEN,
        severity=Severity.P1,
        severity_reason="revenue per minute in EU down 24% (P1 from 15%)",
        decision=Decision.PAGE,
        decision_reason=Reason.MONEY_LOST,
        title="EU checkout failures after payment-service deploy",
        started_at=minute(3),
        detected_at=minute(4),
        updated_at=minute(4),
        symptoms=symptoms,
        causes=(
            Cause(
                service="payment-service",
                confidence=0.82,
                change=deploy,
                evidence=(
                    Clause(text="deployed 2 minutes before the first symptom", source=deploy.id),
                    Clause(text="its latency left its band first", source=symptoms[1].id),
                ),
            ),
        ),
        ruled_out=(Clause(text="flag change new-banner: reaches no sick service", source="flag"),),
        blast=BlastRadius(
            sick=("checkout", "payment-service"),
            reached=("gateway",),
            regions=("EU",),
            journeys=("checkout",),
            kpis=(builders.REVENUE,),
        ),
        impacts=(impact(),),
        narrative=tuple(Clause(text=text, source="rule") for text in STORY),
        timeline=(
            TimelineEntry(
                at=minute(1),
                kind=TimelineKind.CHANGE,
                text="deploy 2026.04.18-3 to payment-service",
                source=deploy.id,
            ),
            TimelineEntry(
                at=minute(3),
                kind=TimelineKind.ONSET,
                text="error rate on /checkout in EU left its band",
                source=symptoms[0].id,
            ),
        ),
        owner="payments",
        owner_title="Payments team",
        owner_reason="owns the likely cause, payment-service",
        runbook_id="RB-17",
        runbook_title="Payment gateway errors",
        runbook_reason="for payment-service, errors",
        suggestions=(
            Suggestion(
                text="roll back deploy 2026.04.18-3 of payment-service",
                action="roll_back",
                target="2026.04.18-3",
                level=2,
                reason=Clause(text="deployed 2 minutes before", source=deploy.id),
            ),
        ),
        paged_at=minute(4),
    )
    return replace(base, **changes)


def impact(**changes: Any) -> Impact:
    """Make the loss of revenue in EU."""
    base = Impact(
        kpi=builders.REVENUE,
        unit="EUR/min",
        since=minute(3),
        per_minute=1228.0,
        total=2456.0,
        relative=-0.24,
        low=2100.0,
        high=2800.0,
        region="EU",
    )
    return replace(base, **changes)


def resolved(**changes: Any) -> Incident:
    """Make the incident as it is once the deploy was rolled back."""
    return incident(
        **{
            "state": IncidentState.MITIGATED,
            "revision": 5,
            "quiet_since": minute(41),
            "mitigated_at": minute(51),
            "impacts": (impact(total=46_000.0, per_minute=0.0),),
            **changes,
        }
    )


def notification(
    of: Incident, action: DeliveryAction = DeliveryAction.TRIGGER, *, sink: str = "sink"
) -> Notification:
    """Make the delivery of an incident's revision."""
    return Notification(
        incident_id=of.id,
        episode=of.episode,
        revision=of.revision,
        sink=sink,
        action=action,
        not_before=of.updated_at,
        reason=of.decision_reason.value,
    )


NOW: datetime = minute(15)
NO_REFERENCE: Mapping[str, str] = {}
