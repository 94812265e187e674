"""Small, readable makers of domain values for tests; times are minutes after 10:00 UTC."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from aiops.detect.tick_log import TickLog
from aiops.domain.changes import Change, ChangeKind
from aiops.domain.environment import Knowledge
from aiops.domain.families import classify
from aiops.domain.incidents import Candidate, Cause, Clause, Incident
from aiops.domain.journeys import Journey, Kpi, Step
from aiops.domain.samples import Excerpt
from aiops.domain.series import Direction, Labels, Series, SeriesKey
from aiops.domain.symptoms import Symptom, SymptomKind, SymptomState, symptom_id
from aiops.domain.ticks import Floats, KpiWindow
from aiops.domain.words import Saying, Verb
from aiops.incident import words
from topology.attributes import Service
from topology.graph import Edge, ServiceGraph

TEN = datetime(2026, 4, 18, 10, 0, tzinfo=UTC)
"""The morning of the story: Saturday, 18 April 2026, 10:00 UTC."""

REVENUE = "revenue per minute"


class Measured:
    """Samples that count how often they were asked for."""

    def __init__(self, log: TickLog) -> None:
        self.log = log
        self.asked = 0

    def around(
        self, services: Collection[str], since: datetime, until: datetime
    ) -> tuple[Excerpt, ...]:
        self.asked += 1
        return self.log.around(services, since, until)

    def hourly(
        self, services: Collection[str], since: datetime, until: datetime
    ) -> tuple[Excerpt, ...]:
        return self.log.hourly(services, since, until)


def minute(number: float) -> datetime:
    """Return 10:00 UTC plus so many minutes."""
    return TEN + timedelta(minutes=number)


def series(
    service: str,
    metric: str,
    *,
    env: str = "prod",
    region: str | None = None,
    segment: str | None = None,
    labels: Labels = (),
    unit: str = "",
    title: str = "",
    kpi: str | None = None,
    bad: Direction | None = None,
) -> Series:
    """Make a series; family and bad direction come from the metric's name."""
    family, direction = classify(metric, unit)
    return Series(
        key=SeriesKey(
            service=service,
            metric=metric,
            env=env,
            region=region,
            segment=segment,
            labels=tuple(sorted(labels)),
        ),
        family=family,
        bad_direction=bad or direction,
        unit=unit,
        title=title,
        kpi=kpi,
    )


def symptom(
    of: Series,
    *,
    at: float = 3,
    until: float | None = None,
    last_seen: float | None = None,
    before: float = 1.0,
    observed: float = 10.0,
    strength: float = 20.0,
    direction: Direction | None = None,
    kind: SymptomKind = SymptomKind.ANOMALY,
    young: bool = False,
) -> Symptom:
    """Make a symptom that began at minute `at`; ended at minute `until` where that is given."""
    way = direction or (Direction.UP if observed >= before else Direction.DOWN)
    seen = minute(last_seen if last_seen is not None else at + 2 if until is None else until - 1)
    return Symptom(
        id=symptom_id(of.key.env, "seasonal", of.key.fingerprint, minute(at)),
        kind=kind,
        detector="seasonal",
        series=of,
        state=SymptomState.ACTIVE if until is None else SymptomState.ENDED,
        onset=minute(at),
        detected_at=minute(at + 1),
        last_seen=seen,
        ended_at=None if until is None else minute(until),
        direction=way,
        strength=strength,
        observed=observed,
        expected=before,
        low=before * 0.8,
        high=before * 1.2,
        before=before,
        young=young,
    )


def ended(one: Symptom, at: float) -> Symptom:
    """Return the symptom as it stands once it has ended at minute `at`."""
    return replace(one, state=SymptomState.ENDED, ended_at=minute(at), last_seen=minute(at - 1))


def change(
    service: str = "payment-service",
    *,
    at: float = 1,
    kind: ChangeKind = ChangeKind.DEPLOY,
    ref: str = "2026.04.18-3",
    region: str | None = None,
    reverts: str | None = None,
) -> Change:
    """Make a change at minute `at`."""
    return Change(
        id=f"{kind.value}:{service}:{ref}",
        kind=kind,
        service=service,
        ref=ref,
        started_at=minute(at),
        region=region,
        reverts=reverts,
    )


def cause(service: str, confidence: float = 0.8, *, by: Change | None = None) -> Cause:
    """Make a ranked cause with one piece of evidence."""
    evidence = (Clause(text=f"{service} was off first", source="order"),)
    return Cause(service=service, confidence=confidence, change=by, evidence=evidence)


def candidate(*symptoms: Symptom, causes: Sequence[Cause] = ()) -> Candidate:
    """Make a candidate of symptoms in their order."""
    members = tuple(sorted(symptoms, key=lambda one: (one.onset, one.id)))
    return Candidate(symptoms=members, causes=tuple(causes))


def shop(**extra: object) -> Knowledge:
    """Make a small shop: gateway → checkout → payment-service → payments-db, EU and US."""
    both = ("EU", "US")
    names = ("gateway", "checkout", "payment-service", "payments-db", "search")
    edges = (
        ("gateway", "checkout"),
        ("gateway", "search"),
        ("checkout", "payment-service"),
        ("payment-service", "payments-db"),
    )
    knowledge = Knowledge(
        graph=ServiceGraph.from_edges(
            [Service(name=name, regions=both) for name in names],
            [Edge(caller=caller, callee=callee) for caller, callee in edges],
        ),
        journeys=(
            Journey(
                name="checkout",
                entry="checkout",
                steps=(Step(service="checkout", operation="/checkout"),),
                services=("checkout", "payment-service", "payments-db"),
                kpis=(REVENUE,),
                owner="shop",
            ),
        ),
        kpis=(Kpi(name=REVENUE, metric="revenue", service="checkout", unit="EUR"),),
        currency="EUR",
    )
    return replace(knowledge, **extra)  # type: ignore[arg-type]


def revenue(region: str | None = None, segment: str | None = None) -> Series:
    """Make a series of the shop's money KPI."""
    return series("checkout", "revenue", region=region, segment=segment, unit="EUR", kpi=REVENUE)


def checkout_errors(region: str | None = "EU") -> Series:
    """Make the error rate of `/checkout`."""
    operation = (("operation", "/checkout"),)
    return series("checkout", "error_ratio", region=region, labels=operation, unit="1")


def story() -> tuple[Symptom, ...]:
    """Make the symptoms of DESIGN §1: EU checkout errors, payment latency, DB errors, revenue."""
    return (
        symptom(checkout_errors(), before=0.003, observed=0.072, strength=40),
        symptom(series("payment-service", "latency_seconds", unit="s"), before=0.12, observed=1.4),
        symptom(series("payment-service", "db_connection_errors"), before=0.1, observed=9),
        symptom(revenue("EU"), before=5000, observed=3800, strength=15),
    )


def kpi_window(
    columns: Sequence[Series],
    losses: Sequence[float],
    *,
    minutes: int = 180,
    step_seconds: int = 60,
    onset: float = 3,
    noise: float = 0.02,
    base: float = 5000.0,
    seed: int = 7,
) -> KpiWindow:
    """Make readings from 8:00 until `minutes` after 10:00; column i falls by losses[i] at `onset`.

    A daily-like wave carries them; `noise` is relative to the base.
    """
    random = np.random.default_rng(seed)
    start = int(minute(-120).timestamp())
    times = np.arange(start, int(minute(minutes).timestamp()) + 1, step_seconds, dtype=np.int64)
    wave: Floats = base * (1 + 0.3 * np.sin((times - start) / 14_400))
    expected = np.repeat(wave[:, None], len(columns), axis=1)
    share = np.where((times >= int(minute(onset).timestamp()))[:, None], losses, 0.0)
    observed = expected * (1 - share) + random.normal(0, noise * base, expected.shape)
    return KpiWindow(
        series=tuple(columns),
        step_seconds=step_seconds,
        times=times,
        observed=observed,
        expected=expected,
        scale=np.full_like(expected, noise * base),
    )


def saying(verb: Verb, who: str = "ann", at: float = 5, **extra: Any) -> Saying:
    """Make a person's word at minute `at`."""
    return Saying(verb=verb, who=who, at=minute(at), why=extra.pop("why", ""), **extra)


def heard(incident: Incident, verb: Verb, who: str = "ann", at: float = 5) -> Incident:
    """Return an incident after a person's word at minute `at`."""
    return words.hear(incident, saying(verb, who, at)).incident
