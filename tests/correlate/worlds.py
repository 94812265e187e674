"""Makers the correlation tests share beside `tests.builders`."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

from aiops.correlate.candidates import correlate
from aiops.domain.changes import Change
from aiops.domain.environment import Knowledge
from aiops.domain.incidents import (
    Candidate,
    Decision,
    Incident,
    IncidentState,
    Reason,
    Severity,
)
from aiops.domain.series import Direction, Labels
from aiops.domain.symptoms import Symptom
from tests.builders import minute, series, symptom
from topology.attributes import Service
from topology.graph import Edge, ServiceGraph


def calls(*chains: str, services: Iterable[Service] = ()) -> Knowledge:
    """Make knowledge of a topology written as "gateway > checkout > payments"."""
    edges = [
        Edge(caller=caller, callee=callee)
        for chain in chains
        for names in [chain.split(" > ")]
        for caller, callee in pairwise(names)
    ]
    return Knowledge(graph=ServiceGraph.from_edges(services, edges))


def errors(
    service: str,
    at: float = 3,
    *,
    region: str | None = None,
    strength: float = 20,
    labels: Labels = (),
    until: float | None = None,
) -> Symptom:
    """Make a risen error ratio."""
    of = series(service, "error_ratio", region=region, unit="1", title="error rate", labels=labels)
    return symptom(of, at=at, before=0.003, observed=0.07, strength=strength, until=until)


def slow(
    service: str, at: float = 3, *, region: str | None = None, strength: float = 20
) -> Symptom:
    """Make a risen latency."""
    of = series(service, "latency_p95_seconds", region=region, unit="s", title="p95 latency")
    return symptom(of, at=at, before=0.1, observed=1.2, strength=strength)


def full(service: str, at: float = 3, *, strength: float = 20) -> Symptom:
    """Make a risen saturation."""
    of = series(service, "cpu_utilisation", unit="1", title="CPU utilisation")
    return symptom(of, at=at, before=0.4, observed=0.98, strength=strength)


def traffic(service: str, at: float = 3, *, up: bool = True, strength: float = 20) -> Symptom:
    """Make a risen or fallen request rate."""
    of = series(service, "requests_per_second", unit="1/s", title="request rate")
    return symptom(
        of,
        at=at,
        before=100,
        observed=300 if up else 20,
        strength=strength,
        direction=Direction.UP if up else Direction.DOWN,
    )


def incident(name: str, *members: Symptom, paged: float | None = None) -> Incident:
    """Make a live incident of some symptoms."""
    began = min(member.onset for member in members)
    return Incident(
        id=name,
        env="prod",
        episode=1,
        revision=1,
        state=IncidentState.OPEN,
        severity=Severity.P2,
        severity_reason="",
        decision=Decision.TICKET if paged is None else Decision.PAGE,
        decision_reason=Reason.JOURNEY_HIT,
        title=name,
        started_at=began,
        detected_at=began,
        updated_at=began,
        symptoms=members,
        paged_at=None if paged is None else minute(paged),
    )


def found(
    knowledge: Knowledge,
    *symptoms: Symptom,
    changes: Iterable[Change] = (),
    incidents: Iterable[Incident] = (),
    at: float | datetime = 10,
) -> tuple[Candidate, ...]:
    """Correlate at a minute after 10:00."""
    now = at if isinstance(at, datetime) else minute(at)
    return correlate(symptoms, tuple(incidents), tuple(changes), now, knowledge)


def parts(candidates: Iterable[Candidate]) -> set[frozenset[str]]:
    """Return the services of each candidate."""
    return {frozenset(one.service for one in each.symptoms) for each in candidates}


def in_env(one: Symptom, env: str) -> Symptom:
    """Return the symptom as another environment would show it."""
    key = replace(one.series.key, env=env)
    return replace(one, id=f"{one.id}-{env}", series=replace(one.series, key=key))
