"""How much it matters."""

from dataclasses import replace

import pytest

from aiops.domain.incidents import Severity
from aiops.domain.reach import BlastRadius
from aiops.domain.series import Direction
from aiops.domain.symptoms import Symptom, SymptomKind, SymptomState
from aiops.incident.severity import classify, keep, user_visible
from tests.builders import checkout_errors, minute, revenue, series, shop, story, symptom
from tests.incident.scenes import EU_CHECKOUT, loss
from topology.graph import ServiceGraph


def level(*symptoms: Symptom, relative: float | None = None) -> Severity:
    impacts = () if relative is None else (loss(relative),)
    return classify(symptoms, EU_CHECKOUT, impacts, shop())[0]


def test_money_down_by_24_percent_is_p1_and_says_so() -> None:
    assert classify(story(), EU_CHECKOUT, (loss(),), shop()) == (
        Severity.P1,
        "revenue per minute in EU down 24% (P1 from 15%)",
    )


@pytest.mark.parametrize(
    ("relative", "expected"),
    [(-0.3, Severity.P1), (-0.08, Severity.P2), (-0.02, Severity.P3)],
)
def test_money_decides_by_its_share(relative: float, expected: Severity) -> None:
    assert level(symptom(revenue("EU"), before=100, observed=90), relative=relative) is expected


@pytest.mark.parametrize(
    ("observed", "expected"),
    [(0.08, Severity.P1), (0.03, Severity.P2), (0.008, Severity.P3)],
)
def test_failing_requests_decide_by_their_excess(observed: float, expected: Severity) -> None:
    assert level(symptom(checkout_errors(), before=0.003, observed=observed)) is expected


def test_a_usual_error_rate_is_no_excess() -> None:
    assert level(symptom(checkout_errors(), before=0.06, observed=0.075)) is Severity.P2


@pytest.mark.parametrize(("observed", "expected"), [(0.5, Severity.P2), (0.17, Severity.P3)])
def test_latency_users_meet_decides_by_its_factor(observed: float, expected: Severity) -> None:
    slow = symptom(series("checkout", "latency_seconds", unit="s"), before=0.1, observed=observed)
    assert level(slow) is expected


def test_one_service_that_is_a_little_slower_is_a_notice_until_anything_suffers_with_it() -> None:
    slow = symptom(series("checkout", "latency_seconds", unit="s"), before=0.1, observed=0.13)
    other = symptom(series("search", "latency_seconds", unit="s"), before=0.1, observed=0.13)
    full = symptom(series("checkout", "cpu_usage"))

    assert level(slow) is Severity.P4
    assert level(slow, other) is Severity.P3
    assert level(slow, full) is Severity.P3
    assert level(slow, relative=-0.02) is Severity.P3


def test_only_infrastructure_is_p3() -> None:
    cpu = symptom(series("payments-db", "cpu_usage"), strength=30)
    severity, reason = classify((cpu,), BlastRadius(sick=("payments-db",)), (), shop())
    assert severity is Severity.P3
    assert reason == "no user-visible symptom; affected: payments-db"


def test_a_single_weak_symptom_is_p4() -> None:
    assert level(symptom(series("payments-db", "cpu_usage"), strength=6)) is Severity.P4


def test_more_load_that_hurts_nobody_is_p4() -> None:
    load = symptom(series("search", "requests_total"), direction=Direction.UP)
    cpu = symptom(series("search", "cpu_usage"), strength=40)
    assert level(load, cpu) is Severity.P4


def test_young_series_alone_are_never_worse_than_p3() -> None:
    young = tuple(replace(one, young=True) for one in story())
    severity, reason = classify(young, EU_CHECKOUT, (loss(),), shop())
    assert severity is Severity.P3
    assert reason.endswith("less than a season of history")


def test_one_tick_of_one_signal_is_never_worse_than_p3() -> None:
    blip = symptom(checkout_errors(), before=0.003, observed=0.5, last_seen=3)
    assert level(blip) is Severity.P3
    assert level(blip, symptom(checkout_errors("US"), observed=0.5, last_seen=3)) is Severity.P3
    latency = symptom(series("checkout", "latency_seconds"), last_seen=3)
    assert level(blip, latency) is Severity.P1


def test_what_one_signal_shows_for_two_ticks_is_never_worse_than_p3() -> None:
    moment = symptom(checkout_errors(), before=0.003, observed=0.5, last_seen=4)
    assert level(moment) is Severity.P3
    assert level(replace(moment, last_seen=minute(5))) is Severity.P1


def test_a_peak_beside_it_makes_no_trouble_of_a_blip() -> None:
    blip = symptom(checkout_errors(), before=0.003, observed=0.5, last_seen=4)
    more = symptom(series("search", "requests_total"), direction=Direction.UP, last_seen=40)
    assert level(blip, more) is Severity.P3


def test_what_fills_up_beside_it_makes_no_trouble_of_a_blip() -> None:
    moment = symptom(checkout_errors(), before=0.003, observed=0.5, last_seen=4)
    memory = symptom(series("payment-service", "memory_usage"))
    failing = symptom(series("payment-service", "error_ratio", unit="1"), observed=1.0, last_seen=4)

    assert level(moment, memory) is Severity.P3
    assert level(moment, failing) is Severity.P1
    assert level(replace(moment, last_seen=minute(5)), memory) is Severity.P1


def test_one_faint_series_of_a_kpi_alone_is_never_worse_than_p3() -> None:
    faint = symptom(revenue("EU"), before=100, observed=80, strength=4.2)
    assert level(faint, relative=-0.2) is Severity.P3
    assert level(replace(faint, strength=6.0), relative=-0.2) is Severity.P1
    other = symptom(revenue("EU", "private"), before=100, observed=80, strength=4.2)
    assert level(faint, other, relative=-0.2) is Severity.P1


def behind(service: str, metric: str, before: float, observed: float) -> Symptom:
    """Make trouble of a service that users do not meet themselves."""
    return symptom(
        series(service, metric, unit="1" if "ratio" in metric else "s"),
        before=before,
        observed=observed,
    )


def test_services_of_a_journey_that_suffer_together_are_p2() -> None:
    failing = behind("payment-service", "error_ratio", 0.003, 0.05)
    slow_db = behind("payments-db", "latency_p95", 0.01, 0.012)
    assert level(failing) is Severity.P3
    assert level(failing, slow_db) is Severity.P2
    assert level(behind("payment-service", "error_ratio", 0.003, 0.009), slow_db) is Severity.P3


def test_trouble_outside_the_journeys_counts_when_users_meet_its_effect() -> None:
    search = behind("search", "latency_p95", 0.1, 0.5)
    gateway = behind("gateway", "latency_p95", 0.1, 0.12)
    users = behind("checkout", "latency_p95", 0.1, 0.12)
    assert level(search, gateway) is Severity.P3
    assert level(search, users) is Severity.P2


def test_an_alert_is_judged_by_what_it_is_about_and_not_by_its_label() -> None:
    alert = symptom(series("payments-db", "DiskFull"), kind=SymptomKind.ALERT, strength=99)
    assert level(alert) is Severity.P3


def test_a_burning_budget_is_p2() -> None:
    burn = symptom(series("search", "availability"), kind=SymptomKind.SLO_BURN)
    assert level(burn) is Severity.P2


def test_missing_telemetry_is_work_and_no_page() -> None:
    assert level(symptom(checkout_errors(), kind=SymptomKind.TELEMETRY_GAP)) is Severity.P3


def test_a_change_of_unit_calls_nobody_unless_more_is_wrong() -> None:
    slow = symptom(series("checkout", "latency_p95", unit="s"), before=0.2, observed=200)
    unit = replace(slow, id="sy-unit", kind=SymptomKind.UNIT_CHANGE, strength=5.0)

    assert level(slow) is Severity.P2
    severity, why = classify((slow, unit), EU_CHECKOUT, (), shop())
    assert severity is Severity.P3
    assert why.endswith("but it is a changed unit of p95 latency (about 1,000 times its level)")
    assert level(slow, unit, symptom(checkout_errors(), observed=0.07)) <= Severity.P2


def test_neither_a_frozen_value_nor_a_broken_relation_calls_anybody() -> None:
    for kind in (SymptomKind.FROZEN_VALUE, SymptomKind.RELATION):
        assert level(symptom(checkout_errors(), kind=kind)) >= Severity.P3
        assert level(symptom(revenue("EU"), kind=kind, observed=0.1)) >= Severity.P3


def test_a_kpi_without_a_price_is_one_step_less_certain() -> None:
    orders = loss(kpi="orders per minute", unit="")
    assert classify(story()[3:], EU_CHECKOUT, (orders,), shop())[0] is Severity.P2


def test_severity_rises_at_once_and_falls_only_when_clearly_below() -> None:
    fallen = (symptom(revenue("EU"), before=100, observed=80),)

    def now(before: Severity, relative: float) -> Severity:
        return keep(before, fallen, EU_CHECKOUT, (loss(relative),), shop())[0]

    assert now(Severity.P2, -0.16) is Severity.P1
    assert now(Severity.P1, -0.14) is Severity.P1
    assert now(Severity.P1, -0.10) is Severity.P2


def test_severity_does_not_rise_by_what_is_over() -> None:
    worst = symptom(checkout_errors(), before=0.003, observed=0.5, until=9)
    mild = behind("checkout", "latency_p95", 0.1, 0.12)

    def now(*symptoms: Symptom) -> Severity:
        return keep(Severity.P3, symptoms, EU_CHECKOUT, (), shop())[0]

    assert now(worst, mild) is Severity.P3
    assert now(replace(worst, state=SymptomState.ACTIVE, ended_at=None), mild) is Severity.P1


def test_users_meet_kpis_and_the_steps_of_journeys() -> None:
    assert user_visible(symptom(checkout_errors()), shop())
    assert user_visible(symptom(revenue(), before=100, observed=10), shop())
    assert not user_visible(symptom(series("payments-db", "error_ratio")), shop())
    assert not user_visible(symptom(series("checkout", "cpu_usage")), shop())
    assert not user_visible(symptom(revenue(), before=100, observed=200), shop())


def test_without_journeys_users_meet_the_edge() -> None:
    bare = shop(journeys=(), graph=ServiceGraph.from_edges((), ()))
    assert user_visible(symptom(series("web-frontend", "error_ratio")), bare)
    assert not user_visible(symptom(series("checkout", "error_ratio")), bare)
