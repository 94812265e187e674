"""Storms: many symptoms in, the few incidents they are out."""

import random
from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from aiops import pipeline
from aiops.domain.environment import EnvState, EnvTick, Knowledge
from aiops.domain.incidents import Incident
from aiops.domain.symptoms import FactKind, Symptom, SymptomFact
from tests.builders import minute, series, symptom
from topology.graph import Edge, ServiceGraph


def chains(count: int) -> Knowledge:
    """Make a topology of separate systems, each a chain of four services."""
    edges = [
        Edge(caller=f"s{system}-{caller}", callee=f"s{system}-{callee}")
        for system in range(count)
        for caller, callee in pairwise(range(4))
    ]
    return Knowledge(graph=ServiceGraph.from_edges((), edges))


def fault(system: int, symptoms: int = 200) -> tuple[Symptom, ...]:
    """Make the symptoms of one fault: every service of a system, by instance."""
    return tuple(
        symptom(
            series(
                f"s{system}-{number % 4}", "error_ratio", labels=(("instance", f"{number // 4}"),)
            ),
            at=3,
        )
        for number in range(symptoms)
    )


def incidents(knowledge: Knowledge, symptoms: Sequence[Symptom]) -> tuple[Incident, ...]:
    facts = tuple(SymptomFact(kind=FactKind.OPENED, at=minute(5), symptom=one) for one in symptoms)
    tick = EnvTick(at=minute(5), facts=facts)
    return pipeline.advance(EnvState(env="prod"), tick, knowledge).state.incidents


def test_two_hundred_symptoms_of_one_fault_are_one_incident() -> None:
    (incident,) = incidents(chains(2), fault(0))
    assert len(incident.symptoms) == 200


def test_four_thousand_symptoms_of_twenty_faults_are_twenty_incidents() -> None:
    storm = [one for system in range(20) for one in fault(system)]
    assert [len(one.symptoms) for one in incidents(chains(20), storm)] == [200] * 20


@given(seed=st.integers(0, 1000), repeated=st.integers(0, 30))
@settings(max_examples=15, deadline=None)
def test_order_and_repetition_of_a_storm_change_nothing(seed: int, repeated: int) -> None:
    storm = [one for system in range(3) for one in fault(system, 30)]
    again = [*storm, *storm[:repeated]]
    random.Random(seed).shuffle(again)  # noqa: S311 - not a secret
    assert incidents(chains(3), again) == incidents(chains(3), storm)
