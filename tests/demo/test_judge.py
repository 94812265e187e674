from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.demo.faults import Fault, FaultKind
from aiops.demo.finding import Finding
from aiops.demo.judge import is_about, judge, judge_story
from aiops.demo.shop import Story
from aiops.domain.changes import Change, ChangeKind
from aiops.domain.incidents import Cause, Decision, Incident, IncidentState, Reason, Severity
from aiops.domain.reach import BlastRadius
from tests.builders import series, symptom

TEN = datetime(2026, 4, 18, 10, 0, tzinfo=UTC)
EXPECTED = Story().expected


def after(minutes: float) -> datetime:
    return TEN + timedelta(minutes=minutes)


def entry(fault: Fault, **changed: Any) -> dict[str, Any]:
    """Return the entry of incidents.json that tells a fault perfectly."""
    change = {"kind": "deploy", "ref": fault.change_ref, "timestamp": "2026-04-18T10:01:00Z"}
    return {
        "id": f"INC-{fault.id}",
        "decision": "page",
        "severity": "P1",
        "started_at": fault.started_at.isoformat(),
        "detected_at": (fault.started_at + timedelta(seconds=90)).isoformat(),
        "resolved_at": fault.ended_at.isoformat(),
        "services": list(fault.services),
        "regions": list(fault.regions),
        "causes": [{"service": fault.service, "change": change if fault.change_ref else None}],
        **changed,
    }


PERFECT = [entry(fault) for fault in EXPECTED]


def test_perfect_incidents_are_judged_perfect() -> None:
    verdict = judge(EXPECTED, PERFECT, quiet_from=after(70))

    assert (verdict.pages, verdict.found, verdict.missed) == (2, 2, 0)
    assert (verdict.incidents_per_fault, verdict.page_precision) == (1.0, 1.0)
    assert (verdict.cause_top1, verdict.culprit_change_top1) == (1.0, 1.0)
    assert verdict.pages_in_quiet_week == 0
    assert verdict.as_dict()["fault_to_page_seconds"] == {"p50": 90.0, "p95": 90.0}
    assert judge_story(EXPECTED, PERFECT) == ()


def test_a_missing_incident_is_a_missed_fault() -> None:
    verdict = judge(EXPECTED, PERFECT[:1])

    assert verdict.missed_faults == (EXPECTED[1].id,)
    assert (verdict.found, verdict.missed) == (1, 1)
    assert judge_story(EXPECTED, PERFECT[:1]) == (
        "orders-backlog at orders-worker: 0 pages, expected one",
    )


def test_a_ticket_does_not_find_what_users_meet_but_finds_what_they_do_not() -> None:
    ticket = [entry(EXPECTED[0], decision="ticket")]
    hidden = replace(EXPECTED[0], hurts_at=None)

    assert judge(EXPECTED[:1], ticket).found == 0
    assert judge([hidden], ticket).found == 1
    assert judge([hidden], [entry(hidden, decision="none")]).found == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"services": ["recommendation"], "causes": []},
        {"regions": ["US"]},
        {"started_at": after(-30).isoformat()},
        {"started_at": after(-5).isoformat(), "detected_at": after(-4).isoformat()},
        {"started_at": after(55).isoformat()},
    ],
)
def test_a_page_of_another_place_or_time_is_false(wrong: dict[str, Any]) -> None:
    verdict = judge(EXPECTED[:1], [entry(EXPECTED[0], **wrong)])

    assert (verdict.found, verdict.page_precision) == (0, 0.0)
    assert verdict.false_pages == ("INC-payment-deploy",)
    assert "pages for nothing" in judge_story(EXPECTED[:1], [entry(EXPECTED[0], **wrong)])[-1]


def test_pages_in_the_quiet_week_are_counted() -> None:
    false = entry(
        EXPECTED[0], detected_at=after(120).isoformat(), started_at=after(119).isoformat()
    )
    verdict = judge(EXPECTED, [*PERFECT, false], quiet_from=after(100), quiet_until=after(200))

    assert verdict.pages_in_quiet_week == 1
    assert judge(EXPECTED, [*PERFECT, false]).pages_in_quiet_week == 0


def test_two_incidents_for_one_fault_are_two_and_neither_is_false() -> None:
    verdict = judge(EXPECTED[:1], [PERFECT[0], entry(EXPECTED[0], id="INC-again")])

    assert (verdict.incidents_per_fault, verdict.page_precision) == (2.0, 1.0)
    assert judge_story(EXPECTED[:1], [PERFECT[0], entry(EXPECTED[0], id="INC-again")])


def test_an_incident_that_swallows_two_faults_has_found_one() -> None:
    swallowed = replace(EXPECTED[0], id="other", service="catalog", change_ref=None)
    verdict = judge([swallowed, EXPECTED[0]], PERFECT[:1])

    assert verdict.missed_faults == ("other",)
    assert verdict.page_precision == 1.0


def test_the_wrong_culprit_and_the_wrong_change_are_told_apart() -> None:
    blamed = entry(EXPECTED[0], causes=[{"service": "payment-service", "change": None}])
    other = entry(EXPECTED[0], causes=[{"service": "catalog", "change": {"ref": "2026.04.18-3"}}])

    assert judge(EXPECTED[:1], [blamed]).cause_top1 == 1.0
    assert judge(EXPECTED[:1], [blamed]).culprit_change_top1 == 0.0
    assert judge(EXPECTED[:1], [other]).cause_top1 == 0.0
    assert judge_story(EXPECTED[:1], [other]) == (
        "INC-payment-deploy blames catalog, not payment-service",
    )


def test_blaming_any_change_for_a_drop_without_a_cause_is_wrong() -> None:
    drop = replace(EXPECTED[0], kind=FaultKind.KPI_DROP, change_ref=None)

    assert judge([drop], [entry(drop, causes=[])]).cause_top1 == 1.0
    assert judge([drop], [PERFECT[0]]).cause_top1 == 0.0


def test_an_incident_that_never_ends_is_a_problem_of_the_story() -> None:
    problems = judge_story(EXPECTED[:1], [entry(EXPECTED[0], resolved_at=None)])

    assert problems == ("INC-payment-deploy never ended",)


def test_nothing_told_is_precise_and_finds_nothing() -> None:
    verdict = judge(EXPECTED, [])

    assert (verdict.page_precision, verdict.found, verdict.incidents_per_fault) == (1.0, 0, 0.0)
    assert verdict.fault_to_page_seconds.p50 is None


def told(fault: Fault, *, called_at: datetime | None = None) -> Incident:
    """Return the incident that tells a fault, paged after two minutes."""
    change = Change(
        id="d",
        kind=ChangeKind.DEPLOY,
        service="payment-service",
        ref="2026.04.18-3",
        started_at=after(1),
    )
    return Incident(
        id="INC-1001",
        env="prod",
        episode=1,
        revision=3,
        state=IncidentState.RESOLVED,
        severity=Severity.P1,
        severity_reason="",
        decision=Decision.PAGE,
        decision_reason=Reason.MONEY_LOST,
        title="",
        started_at=fault.started_at,
        detected_at=fault.started_at,
        updated_at=fault.ended_at,
        symptoms=(symptom(series("checkout", "error_ratio", region="EU")),),
        causes=(Cause(service="payment-service", confidence=0.9, change=change),),
        blast=BlastRadius(sick=("checkout",), regions=("EU",)),
        called_at=called_at,
        paged_at=fault.started_at + timedelta(seconds=120),
        resolved_at=fault.ended_at,
    )


def test_an_incident_object_is_judged_like_its_entry() -> None:
    fault = EXPECTED[0]
    incident = told(fault)

    assert is_about(Finding.of(incident), fault)
    assert judge_story([fault], [incident]) == ()
    assert judge([fault], [incident]).fault_to_page_seconds.p50 == 120.0


def test_the_time_to_a_page_is_told_by_stage_where_the_incident_says_how_it_came_about() -> None:
    fault = EXPECTED[0]
    hurts = fault.hurts_at or fault.started_at
    incident = told(fault, called_at=hurts + timedelta(seconds=90))
    verdict = judge([fault], [incident], answer=timedelta(seconds=2))
    seconds = {name: one.p50 for name, one in verdict.fault_to_page_stages.items()}
    whole = verdict.fault_to_page_seconds.p50
    assert whole is not None
    assert sum(one or 0 for one in seconds.values()) == whole
    assert verdict.as_dict()["fault_to_page_stages"]["scrape"].keys() == {"p50", "p95"}
    (unknown, *_) = judge([fault], [entry(fault)]).fault_to_page_stages.values()
    assert unknown.p50 is None


@given(st.lists(st.sampled_from(["found", "missed", "doubled", "false"]), max_size=12))
def test_planted_misses_doubles_and_false_pages_are_all_counted(plan: list[str]) -> None:
    base = EXPECTED[0]
    shift = timedelta(hours=3)
    faults = [
        replace(
            base,
            id=f"f{number}",
            started_at=base.started_at + number * shift,
            ended_at=base.ended_at + number * shift,
            hurts_at=base.started_at + number * shift,
        )
        for number in range(len(plan))
    ]
    incidents: list[dict[str, Any]] = []
    for fault, what in zip(faults, plan, strict=True):
        if what in ("found", "doubled"):
            incidents.append(entry(fault))
        if what == "doubled":
            incidents.append(entry(fault, id=f"{fault.id}-again"))
        if what == "false":
            incidents.append(entry(fault, id=f"{fault.id}-false", services=["nobody"], causes=[]))
    verdict = judge(faults, incidents)

    assert verdict.missed == plan.count("missed") + plan.count("false")
    assert len(verdict.false_pages) == plan.count("false")
    assert verdict.pages == len(incidents)
    hit = plan.count("found") + plan.count("doubled")
    assert verdict.incidents_per_fault == pytest.approx(
        (hit + plan.count("doubled")) / hit if hit else 0.0, abs=1e-4
    )
