"""Since when and how badly each thing is hit."""

from collections.abc import Sequence
from dataclasses import replace

from aiops.domain.incidents import Impact
from aiops.domain.journeys import Journey, Step
from aiops.domain.reach import Hit, ReachKind
from aiops.domain.symptoms import Symptom, SymptomState
from aiops.impact.blast import blast_radius
from aiops.impact.hits import MOST, hits, paths_to
from tests.builders import (
    REVENUE,
    candidate,
    checkout_errors,
    ended,
    minute,
    revenue,
    series,
    shop,
    story,
    symptom,
)
from tests.incident.scenes import loss
from topology.graph import Edge, ServiceGraph


def found(*symptoms: Symptom, impacts: Sequence[Impact] = ()) -> dict[tuple[str, str], Hit]:
    blast = blast_radius(candidate(*symptoms), shop())
    told = hits(blast, symptoms, impacts, shop())
    return {(one.kind.value, one.name): one for one in told}


def test_each_thing_of_the_story_is_told_with_its_worst_symptom() -> None:
    errors, latency, _, money = story()
    told = found(*story(), impacts=(loss(),))

    assert list(told) == [
        ("sick", "checkout"),
        ("sick", "payment-service"),
        ("reached", "gateway"),
        ("region", "EU"),
        ("journey", "checkout"),
        ("kpi", REVENUE),
    ]
    assert told["sick", "checkout"].worst == errors.id
    assert told["sick", "payment-service"].worst in (latency.id, story()[2].id)
    assert told["region", "EU"].worst == told["journey", "checkout"].worst == errors.id
    assert told["kpi", REVENUE].worst == money.id
    assert all((one.since, one.until) == (minute(3), None) for one in told.values())


def test_since_is_the_first_onset_there_and_until_the_last_end() -> None:
    first = ended(symptom(checkout_errors("EU"), at=3), 20)
    later = ended(symptom(series("checkout", "latency_seconds", region="EU"), at=8), 30)
    goes_on = symptom(checkout_errors("US"), at=12)
    told = found(first, later, goes_on)

    assert (told["region", "EU"].since, told["region", "EU"].until) == (minute(3), minute(30))
    assert (told["region", "US"].since, told["region", "US"].until) == (minute(12), None)
    assert told["sick", "checkout"].until is None


def test_what_users_meet_is_worse_than_what_is_only_far_off() -> None:
    errors = symptom(checkout_errors(), strength=20)
    cpu = symptom(series("checkout", "cpu_usage"), strength=90)
    assert found(errors, cpu)["sick", "checkout"].worst == errors.id


def test_what_was_withdrawn_is_no_hit() -> None:
    gone = replace(symptom(checkout_errors("US"), at=1), state=SymptomState.WITHDRAWN)
    assert ("region", "US") not in found(symptom(checkout_errors("EU")), gone)


def test_a_reached_service_is_told_with_the_calls_that_lead_to_the_sick_one() -> None:
    told = found(symptom(series("payments-db", "cpu_usage"), at=4))

    assert told["reached", "payment-service"].through == ("payments-db",)
    assert told["reached", "checkout"].through == ("payment-service", "payments-db")
    assert told["reached", "checkout"].since == minute(4)
    assert told["reached", "checkout"].worst == ""


def test_a_journey_whose_users_notice_nothing_yet_is_hit_through_what_is_behind() -> None:
    full = symptom(series("payments-db", "cpu_usage"))
    told = found(full)["journey", "checkout"]

    assert (told.worst, told.through) == (full.id, ("payments-db",))


def test_a_kpi_loses_since_its_loss_began_also_without_a_symptom_of_its_own() -> None:
    errors = ended(symptom(checkout_errors(), at=2), 40)
    knowledge = shop()
    blast = replace(blast_radius(candidate(errors), knowledge), kpis=(REVENUE,))
    told = [one for one in hits(blast, [errors], [loss()], knowledge) if one.kind is ReachKind.KPI]

    assert [(one.since, one.until, one.worst) for one in told] == [(minute(3), minute(40), "")]


def test_where_all_regions_are_hit_each_that_shows_it_is_told() -> None:
    told = found(symptom(checkout_errors("EU"), at=3), symptom(checkout_errors("US"), at=6))
    assert told["region", "US"].since == minute(6)


def test_a_segment_is_told_like_a_region() -> None:
    hit = symptom(revenue("EU", "business"), before=100, observed=50)
    assert found(hit)["segment", "business"].worst == hit.id


def test_of_each_kind_only_so_many_are_told_one_by_one() -> None:
    crowd = [symptom(series(f"service-{number}", "error_ratio")) for number in range(MOST + 20)]
    assert sum(kind == "sick" for kind, _ in found(*crowd)) == MOST


def test_a_path_leads_to_the_nearest_sick_service_also_in_a_circle() -> None:
    graph = ServiceGraph.from_edges(
        (),
        [
            Edge(caller=caller, callee=callee)
            for caller, callee in ("ab", "bc", "ca", "xb", "xc", "yx")
        ],
    )
    assert paths_to(("c",), ("a", "b", "x", "y"), graph, hops=2) == {
        "b": ("c",),
        "x": ("c",),
        "a": ("b", "c"),
        "y": ("x", "c"),
    }
    assert paths_to(("c",), ("y",), graph, hops=1) == {}


def test_two_journeys_that_share_a_service_are_both_hit() -> None:
    knowledge = shop()
    search = Journey(
        name="search",
        entry="search",
        steps=(Step(service="search"),),
        services=("search", "payments-db"),
    )
    both = replace(knowledge, journeys=(*knowledge.journeys, search))
    symptoms = (symptom(series("payments-db", "cpu_usage")), symptom(checkout_errors(), at=5))
    told = hits(blast_radius(candidate(*symptoms), both), symptoms, (), both)
    journeys = {one.name: one for one in told if one.kind is ReachKind.JOURNEY}

    assert journeys["checkout"].since == minute(5)
    assert journeys["search"].since == minute(3)
    assert journeys["search"].through == ("payments-db",)
