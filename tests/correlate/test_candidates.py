"""What holds for every input: nothing is lost, and order and repetition change nothing."""

import random
import time
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.domain.changes import Change, ChangeKind
from aiops.domain.environment import Knowledge
from aiops.domain.symptoms import Symptom, SymptomKind
from tests.builders import REVENUE, change, minute, revenue, series, shop, symptom
from tests.correlate.worlds import errors, found, incident
from topology.graph import Edge, ServiceGraph

SERVICES = ("gateway", "checkout", "payment-service", "payments-db", "search", "mystery", "")
METRICS = ("error_ratio", "latency_p95_seconds", "requests_per_second", "cpu_utilisation")


@st.composite
def any_symptom(draw: st.DrawFn) -> Symptom:
    region = draw(st.sampled_from((None, "EU", "US")))
    at = draw(st.integers(0, 40))
    if draw(st.integers(0, 4)) == 0:
        return symptom(revenue(region), at=at, observed=0.5)
    kind = draw(st.sampled_from((SymptomKind.ANOMALY,) * 5 + (SymptomKind.TELEMETRY_GAP,)))
    labels = draw(st.sampled_from(((), (("peer", "cardco"),))))
    of = series(
        draw(st.sampled_from(SERVICES)),
        draw(st.sampled_from(METRICS)),
        region=region,
        segment=draw(st.sampled_from((None, "premium"))),
        labels=labels,
    )
    observed = draw(st.sampled_from((0.1, 10.0)))
    return symptom(of, at=at, observed=observed, strength=draw(st.floats(0, 200)), kind=kind)


@st.composite
def any_change(draw: st.DrawFn) -> Change:
    return replace(
        change(
            draw(st.sampled_from(SERVICES)),
            at=draw(st.integers(-60, 40)),
            kind=draw(st.sampled_from(list(ChangeKind))),
            ref=draw(st.sampled_from(("1", "2", "3"))),
            region=draw(st.sampled_from((None, "EU"))),
        ),
        percentage=draw(st.sampled_from((None, 5.0, 100.0))),
        status=draw(st.sampled_from(("", "failed", "finished"))),
    )


SYMPTOMS = st.lists(any_symptom(), min_size=1, max_size=20, unique_by=lambda one: one.id)
CHANGES = st.lists(any_change(), max_size=5, unique_by=lambda one: one.id)


@given(symptoms=SYMPTOMS, changes=CHANGES, seed=st.integers(0, 100))
@settings(max_examples=150)
def test_order_and_duplicates_change_nothing(
    symptoms: list[Symptom], changes: list[Change], seed: int
) -> None:
    incidents = [incident("INC-1", symptoms[0], paged=5), incident("INC-2", *symptoms[-2:])]
    expected = found(shop(), *symptoms, changes=changes, incidents=incidents, at=45)
    shuffle = random.Random(seed).shuffle  # noqa: S311 - not a secret
    again = [*symptoms, *symptoms[:3]]
    twice = [*changes, *changes[:2]]
    incidents += incidents[:1]
    for bag in (again, twice, incidents):
        shuffle(bag)
    assert found(shop(), *again, changes=twice, incidents=incidents, at=45) == expected


@given(symptoms=SYMPTOMS, changes=CHANGES)
@settings(max_examples=150)
def test_every_symptom_is_in_exactly_one_candidate(
    symptoms: list[Symptom], changes: list[Change]
) -> None:
    got = found(shop(), *symptoms, changes=changes, at=45)
    members = [one.id for each in got for one in each.symptoms]
    assert sorted(members) == sorted(one.id for one in symptoms)
    for each in got:
        assert all(0 <= cause.confidence <= 1 for cause in each.causes)
        assert all(clause.text and clause.source for clause in (*each.why, *each.ruled_out))
        assert REVENUE not in {cause.service for cause in each.causes}


@given(symptoms=SYMPTOMS, size=st.integers(1, 5))
@settings(max_examples=100)
def test_members_of_an_incident_stay_together(symptoms: list[Symptom], size: int) -> None:
    members = symptoms[:size]
    got = found(shop(), *symptoms, incidents=[incident("INC-1", *members)], at=45)
    homes = [each for each in got if each.incident_ids]
    assert len(homes) == 1
    assert {one.id for one in members} <= {one.id for one in homes[0].symptoms}


def test_nothing_gives_nothing() -> None:
    assert found(shop()) == ()


def test_the_latest_form_of_a_symptom_counts() -> None:
    member = errors("checkout")
    grown = replace(member, strength=90.0, last_seen=minute(9))
    (got,) = found(shop(), member, grown, incidents=[incident("INC-1", member)])
    assert got.symptoms == (grown,)


def test_a_storm_of_ten_thousand_symptoms_is_grouped_without_falling_behind() -> None:
    # Clusters of ten services in a chain, all sick in the same minute: a thousand problems.
    edges = [
        Edge(caller=f"s{number}", callee=f"s{number + 1}")
        for number in range(10_000)
        if number % 10 != 9
    ]
    world = Knowledge(graph=ServiceGraph.from_edges((), edges))
    symptoms = [errors(f"s{number}") for number in range(10_000)]
    began = time.process_time()
    got = found(world, *symptoms)
    assert len(got) == 1000
    assert time.process_time() - began < 15  # about 2 s on an idle machine


def test_a_storm_that_is_one_problem_is_ranked_without_falling_behind() -> None:
    edges = [Edge(caller=f"s{number}", callee=f"s{number // 3}") for number in range(1, 5_000)]
    world = Knowledge(graph=ServiceGraph.from_edges((), edges))
    symptoms = [errors(f"s{number}", number % 4) for number in range(5_000)]
    began = time.process_time()
    (got,) = found(world, *symptoms)
    assert got.causes
    assert time.process_time() - began < 15
