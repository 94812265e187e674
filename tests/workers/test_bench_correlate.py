"""The storm that `aiops bench correlate` measures with."""

from aiops.correlate.grouping import group_symptoms
from aiops.domain.environment import Knowledge
from workers.bench.correlate import AT
from workers.bench.storm import FAULT_SYMPTOMS, make_storm


def test_a_storm_is_always_the_same_and_has_as_many_symptoms_as_asked_for() -> None:
    storm = make_storm(40, 450)
    assert len({one.id for one in storm.symptoms}) == 450
    assert storm.symptoms == make_storm(40, 450).symptoms
    assert {one.service for one in storm.symptoms} <= set(storm.graph.services)


def test_the_two_hundred_symptoms_of_a_fault_are_one_problem() -> None:
    storm = make_storm(40, FAULT_SYMPTOMS)
    (group,) = group_symptoms(storm.symptoms, (), (), AT, Knowledge(graph=storm.graph))
    assert len(group.symptoms) == FAULT_SYMPTOMS


def test_an_environment_has_symptoms_of_its_own() -> None:
    here, there = make_storm(40, 20), make_storm(40, 20, "elsewhere")
    assert {one.id for one in here.symptoms}.isdisjoint(one.id for one in there.symptoms)
    assert {one.series.key.env for one in there.symptoms} == {"elsewhere"}
