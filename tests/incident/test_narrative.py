"""The doctor's chart in words."""

from dataclasses import replace

from aiops.domain.changes import ChangeKind
from aiops.domain.cost import Cost, CostBasis
from aiops.domain.incidents import Clause
from aiops.domain.reach import BlastRadius
from aiops.domain.symptoms import Symptom, SymptomKind
from aiops.incident.narrative import narrative
from tests.builders import (
    REVENUE,
    cause,
    change,
    checkout_errors,
    ended,
    revenue,
    series,
    shop,
    story,
    symptom,
)
from tests.incident.scenes import DEPLOY, EU_CHECKOUT, incident, loss

CHART = (
    "At 10:03 UTC, error rate on `/checkout` in EU jumped from 0.3% to 7.2%. "
    "Correlated anomalies detected in `payment-service` latency and DB connection errors. "
    "One deployment to `payment-service` occurred at 10:01 UTC. "
    "Impacted KPI: revenue per minute in EU down 24%."
)


def text(clauses: tuple[Clause, ...]) -> str:
    return " ".join(clause.text for clause in clauses)


def test_the_story_reads_exactly_like_the_doctors_chart() -> None:
    clauses = narrative(
        story(),
        EU_CHECKOUT,
        (cause("payment-service", by=DEPLOY),),
        (DEPLOY, change("search", at=2, kind=ChangeKind.FLAG, ref="new-ranking")),
        impacts=(loss(),),
        knowledge=shop(),
    )
    assert text(clauses[:4]) == CHART
    assert clauses[4].text == "About EUR 1,200 per minute, EUR 14,300 so far."
    assert [clause.source for clause in clauses[2:]] == [
        DEPLOY.id,
        f"kpi:{REVENUE}",
        f"kpi:{REVENUE}",
    ]
    assert clauses[0].source == story()[0].id


def test_it_does_not_depend_on_the_order_of_symptoms() -> None:
    told = {
        text(
            narrative(
                symptoms,
                EU_CHECKOUT,
                (cause("payment-service", by=DEPLOY),),
                (DEPLOY,),
                impacts=(loss(),),
                knowledge=shop(),
            )
        )
        for symptoms in (story(), story()[::-1])
    }
    assert len(told) == 1


def test_two_deployments_are_counted() -> None:
    two = (DEPLOY, change(at=2, ref="2026.04.18-4"))
    clauses = narrative(
        story(),
        EU_CHECKOUT,
        (cause("payment-service", by=DEPLOY),),
        two,
        impacts=(),
        knowledge=shop(),
    )
    assert "Two deployments to `payment-service` occurred at 10:01 UTC and 10:02 UTC." in text(
        clauses
    )


def test_a_flag_is_named() -> None:
    flag = change("checkout", kind=ChangeKind.FLAG, ref="new-routing-algo")
    clauses = narrative(
        story(), EU_CHECKOUT, (cause("checkout", by=flag),), (flag,), impacts=(), knowledge=shop()
    )
    assert "One flag change (`new-routing-algo`) to `checkout` occurred at 10:01 UTC." in text(
        clauses
    )


def test_a_change_of_yesterday_carries_its_day() -> None:
    old = change(at=-14 * 60)
    clauses = narrative(
        story(),
        EU_CHECKOUT,
        (cause("payment-service", by=old),),
        (old,),
        impacts=(),
        knowledge=shop(),
    )
    assert "occurred at 20:00 UTC on 2026-04-17." in text(clauses)


def test_no_change_is_told_where_none_is_suspected() -> None:
    clauses = narrative(
        story(),
        EU_CHECKOUT,
        (cause("payments-db", 0.72),),
        (DEPLOY,),
        impacts=(),
        knowledge=shop(),
    )
    assert "deployment" not in text(clauses)
    assert "Most likely cause: `payments-db` (72%): payments-db was off first." in text(clauses)


def test_an_unknown_cause_says_what_was_ruled_out() -> None:
    out = (Clause(text="deploy of search: not connected", source="change:1"),)
    clauses = narrative(story(), EU_CHECKOUT, (), (), impacts=(), knowledge=shop(), ruled_out=out)
    assert "Cause unknown; ruled out: deploy of search: not connected." in text(clauses)


def test_what_is_over_is_told_as_over() -> None:
    over = tuple(ended(one, 15) for one in story())
    clauses = narrative(over, EU_CHECKOUT, (), (), impacts=(loss(),), knowledge=shop())
    assert clauses[-1].text == "About EUR 14,300 lost in all."


def test_an_estimate_says_its_assumption_and_is_no_kpi() -> None:
    guess = loss(kpi="checkout value", assumption="each order missing is worth EUR 40")
    clauses = narrative(story(), EU_CHECKOUT, (), (), impacts=(guess,), knowledge=shop())
    assert "Impacted" not in text(clauses)
    assert clauses[-1].text.endswith("so far (each order missing is worth EUR 40).")


def test_many_anomalies_are_counted_not_listed() -> None:
    many = [symptom(series(f"service-{number}", "error_ratio")) for number in range(10)]
    clauses = narrative([*story(), *many], EU_CHECKOUT, (), (), impacts=(loss(),), knowledge=shop())
    assert "and 6 more." in clauses[1].text


def test_a_kpi_alone_is_the_headline() -> None:
    fallen = symptom(revenue("EU"), before=5000, observed=3800)
    clauses = narrative(
        (fallen,), BlastRadius(regions=("EU",)), (), (), impacts=(loss(),), knowledge=shop()
    )
    assert clauses[0].text == (
        "At 10:03 UTC, revenue per minute in EU fell from EUR 5,000 to EUR 3,800."
    )


def test_silence_and_alerts_are_told_without_numbers() -> None:
    gap = symptom(checkout_errors(), kind=SymptomKind.TELEMETRY_GAP)
    (told, *_) = narrative((gap,), BlastRadius(), (), (), impacts=(), knowledge=shop())
    assert told.text == "Since 10:03 UTC, no telemetry from `checkout` in EU."
    alert = symptom(series("search", "SearchErrors"), kind=SymptomKind.ALERT)
    (told, *_) = narrative((alert,), BlastRadius(), (), (), impacts=(), knowledge=shop())
    assert told.text == "At 10:03 UTC, alert `SearchErrors` fired on `search`."


def test_faults_of_the_data_and_relations_are_told_for_what_they_are() -> None:
    cpu = symptom(series("search", "cpu_usage", unit="1"), before=0.61, observed=0.23)
    relation = replace(cpu, kind=SymptomKind.RELATION, compared_with="what goes with its requests")
    frozen = replace(cpu, kind=SymptomKind.FROZEN_VALUE)
    unit = replace(cpu, kind=SymptomKind.UNIT_CHANGE, observed=61.0)

    def told(one: Symptom) -> str:
        return narrative((one,), BlastRadius(), (), (), impacts=(), knowledge=shop())[0].text

    assert told(relation) == (
        "At 10:03 UTC, CPU usage of `search` was 23% where 61% is what goes with its requests."
    )
    assert told(frozen) == (
        "Since 10:03 UTC, CPU usage of `search` is frozen at 23%: its sender repeats one value."
    )
    assert told(unit) == (
        "Since 10:03 UTC, CPU usage of `search` is about 100 times its level: its unit has changed."
    )


def test_a_drop_is_told_as_a_drop() -> None:
    low = replace(symptom(series("search", "requests_total"), before=100, observed=20))
    (told, *_) = narrative((low,), BlastRadius(), (), (), impacts=(), knowledge=shop())
    assert "dropped from 100 to 20" in told.text


def test_where_nobody_knows_the_cost_it_says_what_is_missing() -> None:
    unknown = Cost(basis=CostBasis.UNKNOWN, reason="revenue per minute was not read")
    none = Cost(basis=CostBasis.NONE, reason="no loss beyond noise")

    told = incident(impacts=(), cost=unknown).story
    assert told.endswith("Cost unknown: revenue per minute was not read.")
    assert "Cost unknown" not in incident(impacts=(), cost=none).story
    assert "Cost unknown" not in incident(impacts=(), cost=unknown, blast=BlastRadius()).story
