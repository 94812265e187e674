"""Incidents as the tests need them: assembled from symptoms the way the pipeline does it."""

from collections.abc import Sequence

from aiops.domain.changes import Change
from aiops.domain.cost import NOT_ASSESSED, Cost
from aiops.domain.environment import Knowledge
from aiops.domain.incidents import Cause, Impact, Incident
from aiops.domain.reach import BlastRadius
from aiops.domain.symptoms import Symptom
from aiops.incident.assemble import assemble
from tests.builders import REVENUE, candidate, cause, change, minute, shop, story

EU_CHECKOUT = BlastRadius(
    sick=("checkout", "payment-service"),
    reached=("gateway",),
    regions=("EU",),
    journeys=("checkout",),
    kpis=(REVENUE,),
)
DEPLOY = change()


def loss(
    relative: float = -0.24,
    *,
    kpi: str = REVENUE,
    unit: str = "EUR",
    region: str | None = "EU",
    total: float = 14_300.0,
    per_minute: float = 1200.0,
    assumption: str = "",
) -> Impact:
    """Make what one KPI lost."""
    return Impact(
        kpi=kpi,
        unit=unit,
        since=minute(3),
        per_minute=per_minute,
        total=total,
        relative=relative,
        low=total * 0.9,
        high=total * 1.1,
        region=region,
        assumption=assumption,
    )


def incident(
    symptoms: Sequence[Symptom] = (),
    *,
    previous: Incident | None = None,
    blast: BlastRadius = EU_CHECKOUT,
    causes: Sequence[Cause] = (cause("payment-service", by=DEPLOY),),
    impacts: Sequence[Impact] = (loss(),),
    changes: Sequence[Change] = (DEPLOY,),
    at: float = 5,
    knowledge: Knowledge | None = None,
    name: str = "INC-1001",
    cost: Cost = NOT_ASSESSED,
) -> Incident:
    """Assemble an incident; without arguments the one of DESIGN §1."""
    return assemble(
        candidate(*(symptoms or story()), causes=causes),
        previous,
        blast,
        impacts,
        changes,
        minute(at),
        knowledge or shop(),
        incident_id=name,
        cost=cost,
    )
