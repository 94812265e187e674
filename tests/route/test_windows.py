"""Windows of the settings, and what a page for another incident covers."""

from dataclasses import replace
from datetime import time

import pytest

from aiops.domain.environment import EnvTick, Knowledge
from aiops.domain.incidents import Decision, Incident, Reason, Severity
from aiops.domain.policies import PagingPolicy
from aiops.domain.silences import parse_matcher
from aiops.domain.windows import Window, WindowKind
from aiops.route.decision import Verdict, decide
from tests.builders import cause, checkout_errors, minute, revenue, series, symptom
from tests.route.test_decision import incident, knowing

DEPLOY = Window(
    name="daily deploy",
    kind=WindowKind.DEPLOY,
    matchers=(parse_matcher("service=checkout"), parse_matcher("region=EU")),
    start=time(10),
    end=time(10, 30),
)


def planning(*windows: Window) -> Knowledge:
    return knowing(windows=windows)


def mild(severity: Severity = Severity.P2, **extra: object) -> Incident:
    sick = (symptom(checkout_errors("EU"), at=3), symptom(revenue("EU")))
    return replace(incident(severity, impacts=(), symptoms=sick), **extra)  # type: ignore[arg-type]


def decided(made: Incident, at: float = 4, known: Knowledge | None = None) -> Verdict:
    return decide(made, EnvTick(at=minute(at)), known or planning(DEPLOY))


def test_inside_a_declared_window_what_would_page_is_a_ticket_that_names_it() -> None:
    note = "deploy window daily deploy"
    assert decided(mild()) == Verdict(Decision.TICKET, Reason.PLANNED_WORK, note)


@pytest.mark.parametrize(
    ("made", "at"),
    [
        (mild(severity=Severity.P1), 4),
        (mild(symptoms=(symptom(checkout_errors("US"), at=3),)), 4),
        (mild(symptoms=(symptom(series("search", "error_ratio", region="EU"), at=3),)), 4),
        (mild(symptoms=(symptom(checkout_errors("EU"), at=-2),)), 4),
        (mild(), 41),
    ],
    ids=["a P1", "another region", "another service", "begun before it", "long after it"],
)
def test_what_the_window_is_not_about_or_does_not_hold_pages(made: Incident, at: float) -> None:
    assert decided(made, at).decision is Decision.PAGE


def test_the_window_holds_a_little_after_its_end() -> None:
    assert decided(mild(), 40).reason is Reason.PLANNED_WORK


FIRST = incident(
    id="INC-1000",
    causes=(cause("payment-service", 0.9),),
    paged_at=minute(4),
    told=("pagerduty",),
    decision=Decision.PAGE,
)


def second(**extra: object) -> Incident:
    made = incident(causes=(cause("payment-service", 0.9),))
    return replace(made, **extra)  # type: ignore[arg-type]


def beside(made: Incident, other: Incident = FIRST) -> Verdict:
    return decide(made, EnvTick(at=minute(9)), knowing(), (other, made))


def test_what_the_page_for_its_cause_covers_is_a_ticket_that_names_it() -> None:
    note = "INC-1000, by its cause payment-service"
    assert beside(second()) == Verdict(Decision.TICKET, Reason.ALREADY_COVERED, note)


def test_without_a_cause_of_its_own_it_is_covered_where_all_depends_on_the_other() -> None:
    unknown = second(causes=())
    assert beside(unknown).reason is Reason.ALREADY_COVERED
    elsewhere = replace(unknown.blast, sick=("checkout", "search"))
    assert beside(replace(unknown, blast=elsewhere)).decision is Decision.PAGE


@pytest.mark.parametrize(
    "other",
    [
        replace(FIRST, paged_at=None),
        replace(FIRST, quiet_since=minute(8)),
        replace(FIRST, severity=Severity.P2),
        replace(FIRST, causes=()),
        replace(FIRST, causes=(cause("payment-service", 0.3),)),
        replace(FIRST, causes=(cause("search", 0.9),)),
        replace(FIRST, apart_from=("INC-1001",)),
        replace(FIRST, blast=replace(FIRST.blast, regions=("US",))),
    ],
    ids=[
        "nobody was called",
        "quiet",
        "milder",
        "cause unknown",
        "cause unsure",
        "another cause",
        "split by a person",
        "elsewhere",
    ],
)
def test_any_other_incident_covers_nothing(other: Incident) -> None:
    assert beside(second(), other).decision is Decision.PAGE


def test_what_was_paged_stays_paged_and_what_was_covered_pages_when_the_other_is_over() -> None:
    assert beside(second(paged_at=minute(4), decision=Decision.PAGE)).decision is Decision.PAGE
    covered = replace(
        second(), decision=Decision.TICKET, decision_reason=Reason.ALREADY_COVERED, told=("slack",)
    )
    assert beside(covered, replace(FIRST, quiet_since=minute(8))).decision is Decision.PAGE


def test_the_default_policy_has_no_windows() -> None:
    assert PagingPolicy().windows == ()
