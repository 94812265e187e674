"""What an incident reaches, in words and as bars."""

from dataclasses import replace

from aiops.domain.incidents import Incident
from aiops.domain.reach import Hit, ReachKind
from aiops.incident.export import export
from aiops.incident.reach import reach
from tests.builders import REVENUE, minute, story
from tests.incident.scenes import EU_CHECKOUT, incident

ERRORS, LATENCY, *_ = story()


def hit(kind: ReachKind, name: str, **changes: object) -> Hit:
    return replace(Hit(kind=kind, name=name, since=minute(3)), **changes)  # type: ignore[arg-type]


def reaching(*hits: Hit) -> Incident:
    return incident(blast=replace(EU_CHECKOUT, hits=hits), at=13)


def words(one: Hit) -> str:
    return reach(reaching(one))[0].how_bad


def test_how_bad_is_said_by_the_worst_symptom_in_words_and_numbers() -> None:
    sick = hit(ReachKind.SICK, "checkout", worst=ERRORS.id)
    assert words(sick) == "error rate on /checkout in EU 0.3% → 7.2%, about 24 times its level"


def test_a_reached_service_says_through_which() -> None:
    calls = hit(ReachKind.REACHED, "gateway", through=("checkout", "payment-service"))
    assert words(calls) == "no symptom of its own; through checkout → payment-service"


def test_a_kpi_is_said_by_its_loss() -> None:
    assert words(hit(ReachKind.KPI, REVENUE)) == (
        "revenue per minute in EU down 24%, EUR 14,300 lost so far"
    )


def test_a_journey_says_what_is_sick_behind_it() -> None:
    journey = hit(ReachKind.JOURNEY, "checkout", worst=LATENCY.id, through=("payment-service",))
    assert words(journey).endswith(
        "120 ms → 1.4 s, about 12 times its level; through payment-service"
    )


def test_the_bars_share_the_time_of_the_incident() -> None:
    told = reach(
        reaching(
            hit(ReachKind.SICK, "checkout", worst=ERRORS.id),
            hit(ReachKind.REGION, "EU", since=minute(8), until=minute(12), worst=ERRORS.id),
        )
    )
    assert [(one.begin, round(one.end, 2)) for one in told] == [(0.0, 1.0), (0.5, 0.9)]


def test_without_hits_there_is_nothing_to_tell() -> None:
    assert reach(incident()) == ()


def test_other_programs_read_it_too() -> None:
    (told,) = export(reaching(hit(ReachKind.SICK, "checkout", worst=ERRORS.id)))["reach"]
    assert told == {
        "kind": "sick",
        "name": "checkout",
        "since": minute(3).isoformat(),
        "until": None,
        "how_bad": "error rate on /checkout in EU 0.3% → 7.2%, about 24 times its level",
        "symptom_id": ERRORS.id,
        "through": [],
    }
