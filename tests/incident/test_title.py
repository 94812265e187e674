"""Titles people understand at a glance."""

from aiops.domain.changes import ChangeKind
from aiops.domain.feeds import PER_MINUTE
from aiops.domain.journeys import Journey, Step
from aiops.domain.reach import BlastRadius
from aiops.domain.series import Direction
from aiops.domain.symptoms import SymptomKind
from aiops.incident.title import LONGEST, title
from aiops.incident.wording import values_words
from tests.builders import (
    cause,
    change,
    checkout_errors,
    revenue,
    series,
    shop,
    story,
    symptom,
)
from tests.incident.scenes import DEPLOY, EU_CHECKOUT, loss

EVERYWHERE = BlastRadius(sick=("checkout",))


def test_the_story_has_the_title_of_the_requirements() -> None:
    causes = (cause("payment-service", by=DEPLOY),)
    assert title(story(), EU_CHECKOUT, causes, (loss(),), shop()) == (
        "EU checkout failures after payment-service deploy"
    )


def test_without_a_change_it_names_the_service_behind() -> None:
    assert title(story(), EU_CHECKOUT, (cause("payments-db"),), (), shop()) == (
        "EU checkout failures caused by payments-db"
    )


def test_everywhere_needs_no_prefix() -> None:
    slow = symptom(series("checkout", "latency_seconds", unit="s"))
    assert title((slow,), EVERYWHERE, (), (), shop()) == "Checkout slow"


def test_a_segment_is_named() -> None:
    blast = BlastRadius(regions=("EU",), segments=("business",))
    assert title(story(), blast, (), (), shop()) == "EU business checkout failures"


def test_a_kpi_falls_while_everything_technical_is_healthy() -> None:
    fallen = symptom(revenue("EU"), before=5000, observed=3800)
    assert title((fallen,), BlastRadius(regions=("EU",)), (), (loss(),), shop()) == (
        "Revenue per minute in EU down 24% while everything technical is healthy"
    )


def test_silence_is_told_as_silence() -> None:
    gaps = [
        symptom(series(name, "requests_total"), kind=SymptomKind.TELEMETRY_GAP)
        for name in ("checkout", "search")
    ]
    assert title(gaps, EVERYWHERE, (), (), shop()) == "No telemetry from checkout and search"


def test_a_source_that_sends_less_is_told_with_what_is_left() -> None:
    of = series("otlp_logs", "telemetry", unit=PER_MINUTE)
    quiet = symptom(of, kind=SymptomKind.TELEMETRY_GAP, observed=4.0, before=50.0)
    assert title([quiet], EVERYWHERE, (), (), shop()) == "Only 8% of the telemetry from otlp_logs"
    assert values_words(quiet) == "8% of it"


def test_a_service_behind_its_own_deploy_names_the_version() -> None:
    full = symptom(series("payment-service", "memory_usage"))
    causes = (cause("payment-service", by=DEPLOY),)
    assert title((full,), EVERYWHERE, causes, (), shop()) == (
        "payment-service memory usage high after deploy 2026.04.18-3"
    )


def test_a_flag_without_a_service_is_named_itself() -> None:
    flag = change("", kind=ChangeKind.FLAG, ref="new-routing-algo")
    assert title(story(), EU_CHECKOUT, (cause("checkout", by=flag),), (), shop()) == (
        "EU checkout failures after flag change new-routing-algo"
    )


def test_a_shared_entry_is_told_by_the_operation() -> None:
    def journey(name: str) -> Journey:
        steps = (Step(service="gateway", operation=f"/{name}"),)
        return Journey(name=name, entry="gateway", steps=steps)

    knowledge = shop(journeys=(journey("checkout"), journey("signup")))
    failing = series("gateway", "error_ratio", labels=(("route", "/signup"),))
    assert title((symptom(failing),), EVERYWHERE, (), (), knowledge) == "Signup failures"
    unknown = symptom(series("gateway", "error_ratio"))
    assert title((unknown,), EVERYWHERE, (), (), knowledge) == "gateway failures"


def test_a_long_title_is_cut_between_words() -> None:
    long = symptom(series("a-very-long-service-name-" * 3, "queue_depth_of_everything"))
    told = title((long,), BlastRadius(), (cause("another-long-name-" * 4),), (), shop())
    assert len(told) <= LONGEST
    assert told.endswith("…")


def test_load_is_the_last_thing_told() -> None:
    load = symptom(series("search", "requests_total"), direction=Direction.UP, strength=90)
    assert title((load, symptom(checkout_errors())), EVERYWHERE, (), (), shop()) == (
        "Checkout failures"
    )
