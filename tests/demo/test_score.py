from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.demo.cases import Case, build_case
from aiops.demo.faults import Fault
from aiops.demo.score import calibration_error, figures, score
from aiops.demo.staging import CaseKind

CULPRIT = build_case(CaseKind.CULPRIT_CHANGE, 1)
RELAPSE = build_case(CaseKind.RELAPSE, 1)
UNCHANGED = build_case(CaseKind.OLD_DEPLOY, 1)
CALM = build_case(CaseKind.CALM_DAY, 1)


def entry(case: Case, fault: Fault, **changed: Any) -> dict[str, Any]:
    """Return the entry of incidents.json that tells a fault perfectly."""
    change = {"kind": "deploy", "ref": fault.change_ref} if fault.change_ref else None
    return {
        "id": f"INC-{fault.id}",
        "severity": "P1",
        "decision": "page",
        "started_at": fault.started_at.isoformat(),
        "detected_at": (fault.started_at + timedelta(minutes=2)).isoformat(),
        "resolved_at": fault.ended_at.isoformat(),
        "services": [fault.service],
        "regions": list(fault.regions),
        "segments": [],
        "causes": [{"service": fault.service, "change": change, "confidence": 0.9}],
        "impact": [{"unit": "EUR", "total": case.lost[fault.id]}, {"unit": "1/min", "total": 7}],
        "repeat_of": None,
        **changed,
    }


def only(case: Case, **changed: Any) -> Any:
    return score(case, [entry(case, case.scenario.faults[0], **changed)])


def test_a_perfect_incident_has_perfect_figures() -> None:
    got = figures([only(CULPRIT)])

    assert (got.exact_count, got.cause_top1, got.culprit_change_top1) == (1.0, 1.0, 1.0)
    assert (got.regions_jaccard, got.segments_jaccard) == (1.0, 1.0)
    assert got.money_error in (0.0, None)
    assert (got.innocent_blamed, got.pages_on_calm_days) == (0, 0)
    assert got.confidence_error == pytest.approx(0.1)


def test_an_incident_too_many_is_a_wrong_count_but_a_notice_is_none() -> None:
    fault = CULPRIT.scenario.faults[0]
    right = entry(CULPRIT, fault)
    more = entry(CULPRIT, fault, id="INC-2", decision="ticket", severity="P3")

    assert not score(CULPRIT, [right, more]).is_count_right
    assert score(CULPRIT, [right, {**more, "severity": "P4"}]).is_count_right
    assert score(CULPRIT, [right, {**more, "decision": "none"}]).is_count_right


def test_a_fault_that_is_missed_counts_as_a_wrong_cause() -> None:
    got = figures([score(CULPRIT, [])])

    assert (got.exact_count, got.cause_top1, got.culprit_change_top1) == (0.0, 0.0, 0.0)
    assert got.regions_jaccard is None


def test_a_change_is_blamed_in_vain_where_none_is_guilty() -> None:
    fault = UNCHANGED.scenario.faults[0]
    blaming = [{"service": fault.service, "change": {"ref": "i1.1"}, "confidence": 0.5}]

    assert only(UNCHANGED).innocent_blamed == 0
    assert only(UNCHANGED, causes=blaming).innocent_blamed == 1


def test_places_are_compared_as_sets_and_none_means_all() -> None:
    shop = CULPRIT.scenario.shop
    fault = CULPRIT.scenario.faults[0]
    hit = set(fault.regions) or set(shop.regions)

    assert only(CULPRIT, regions=list(hit)).regions == (1.0,)
    assert only(CULPRIT, regions=[]).regions == (len(hit) / len(shop.regions),)
    assert only(CULPRIT, segments=[shop.segments[0]]).segments == (1 / len(shop.segments),)


def test_estimates_and_other_units_are_no_money() -> None:
    fault = CULPRIT.scenario.faults[0]
    guess = {"unit": "EUR", "total": 5.0, "assumption": "each is worth EUR 40"}
    told = only(CULPRIT, impact=[{"unit": "EUR", "total": 1.1 * CULPRIT.lost[fault.id]}, guess])

    assert all(error == pytest.approx(0.1) for error in told.money_error)


def test_what_a_fault_cost_is_told_by_all_its_incidents_together() -> None:
    fault = CULPRIT.scenario.faults[0]
    half = [{"unit": "EUR", "total": CULPRIT.lost[fault.id] / 2}]
    told = [entry(CULPRIT, fault, id=name, impact=half) for name in ("INC-1", "INC-1.2")]

    assert all(error == pytest.approx(0.0) for error in score(CULPRIT, told).money_error)


def test_a_relapse_should_say_that_it_is_one() -> None:
    first, second = (entry(RELAPSE, fault) for fault in RELAPSE.scenario.faults)

    assert score(RELAPSE, [first, second]).repeat_told is False
    assert score(RELAPSE, [first, {**second, "repeat_of": first["id"]}]).repeat_told is True
    assert score(RELAPSE, [first]).repeat_told is None


def test_on_a_calm_day_a_ticket_is_fine_and_a_page_is_not() -> None:
    told = {
        **entry(CULPRIT, CULPRIT.scenario.faults[0]),
        "started_at": CALM.scenario.starts_at.isoformat(),
        "detected_at": CALM.scenario.starts_at.isoformat(),
        "causes": [],
    }
    assert score(CALM, []).is_count_right
    assert score(CALM, [{**told, "decision": "ticket"}]).is_count_right
    assert figures([score(CALM, [told])]).pages_on_calm_days == 1


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1))
def test_the_calibration_error_is_a_share(pairs: list[tuple[float, bool]]) -> None:
    error = calibration_error(pairs)
    assert error is not None
    assert 0.0 <= error <= 1.0


def test_who_is_sure_and_always_wrong_has_the_greatest_calibration_error() -> None:
    assert calibration_error([(1.0, False)] * 3) == 1.0
    assert calibration_error([(1.0, True), (0.0, False)]) == 0.0
    assert calibration_error([]) is None
