from datetime import timedelta
from functools import cache

import pytest

from aiops.demo.cases import Case, build_case
from aiops.demo.staging import CaseKind
from topology.parse import parse_topology

SEEDS = (1, 2)


@cache
def cases(kind: CaseKind) -> list[Case]:
    return [build_case(kind, seed) for seed in SEEDS]


@pytest.mark.parametrize("kind", CaseKind)
def test_a_case_is_the_same_for_the_same_seed_and_another_for_another(kind: CaseKind) -> None:
    first, other = cases(kind)
    again = build_case(kind, SEEDS[0]).scenario

    assert again.faults == first.scenario.faults
    assert again.changes == first.scenario.changes
    assert first.scenario.shop != other.scenario.shop
    assert len(first.scenario.series) < 400
    assert parse_topology(first.scenario.topology_yaml(), "topology.yaml").problems == ()


@pytest.mark.parametrize("kind", CaseKind)
def test_every_fault_lies_inside_the_case_with_time_before_and_after(kind: CaseKind) -> None:
    for case in cases(kind):
        for fault in case.scenario.faults:
            assert fault.started_at - case.scenario.starts_at >= timedelta(hours=2)
            assert case.scenario.ends_at - fault.ended_at >= timedelta(hours=1)
            assert fault.user_visible


@pytest.mark.parametrize("kind", [CaseKind.INNOCENT_IN_TIME, CaseKind.OLD_DEPLOY])
def test_where_nobody_is_guilty_innocent_changes_lie_near(kind: CaseKind) -> None:
    for case in cases(kind):
        (fault,) = case.scenario.faults
        innocent = [one for one in case.scenario.changes if one.id.startswith("innocent")]
        assert fault.change_ref is None
        assert innocent
        if kind is CaseKind.OLD_DEPLOY:
            assert {one.service for one in innocent} == {fault.service}
            assert all(fault.started_at - one.started_at > timedelta(days=20) for one in innocent)


def test_the_neighbours_of_the_culprit_are_changed_too() -> None:
    for case in cases(CaseKind.INNOCENT_IN_GRAPH):
        (fault,) = case.scenario.faults
        innocent = {one.service for one in case.scenario.changes if one.id.startswith("innocent")}
        assert innocent <= set(fault.neighbours)
        assert any(one.ref == fault.change_ref for one in case.scenario.changes)


def test_two_faults_begin_in_the_same_minute_in_different_regions() -> None:
    for case in cases(CaseKind.TWO_FAULTS):
        first, second = case.scenario.faults
        assert abs(second.started_at - first.started_at) < timedelta(minutes=1)
        assert set(first.regions).isdisjoint(second.regions)


def test_a_relapse_comes_back_at_the_same_place_after_a_recovery() -> None:
    for case in cases(CaseKind.RELAPSE):
        first, second = case.scenario.faults
        assert (first.service, first.kind) == (second.service, second.kind)
        assert second.started_at - first.ended_at > timedelta(minutes=30)


def test_what_is_lost_is_what_the_shop_would_have_earned() -> None:
    (case, other) = cases(CaseKind.KPI_ONLY)
    for one in (case, other):
        (fault,) = one.scenario.faults
        assert one.lost[fault.id] > 0.0
    calm = build_case(CaseKind.CALM_DAY, 1)
    assert calm.lost == {}


def test_a_holiday_is_declared_and_a_working_day_by_the_calendar() -> None:
    for case in cases(CaseKind.HOLIDAY):
        (day,) = case.holidays
        assert day.weekday() < 5
        assert case.config()["holidays"] == [day]
