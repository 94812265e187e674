"""Whom a problem reaches."""

from dataclasses import replace

from aiops.domain.series import Direction
from aiops.domain.symptoms import SymptomState
from aiops.impact.blast import blast_radius, confine
from tests.builders import (
    REVENUE,
    candidate,
    checkout_errors,
    revenue,
    series,
    shop,
    story,
    symptom,
)
from tests.incident.scenes import loss
from topology.graph import ServiceGraph


def test_the_story_hits_eu_and_the_checkout_journey_and_reaches_the_gateway() -> None:
    blast = blast_radius(candidate(*story()), shop())
    assert blast.sick == ("checkout", "payment-service")
    assert blast.reached == ("gateway",)
    assert blast.regions == ("EU",)
    assert blast.journeys == ("checkout",)
    assert blast.kpis == (REVENUE,)


def test_every_declared_region_hit_means_all() -> None:
    both = candidate(symptom(checkout_errors("EU")), symptom(checkout_errors("US")))
    assert blast_radius(both, shop()).regions == ()


def test_a_symptom_users_meet_without_a_region_means_all() -> None:
    blast = blast_radius(candidate(symptom(checkout_errors(None))), shop())
    assert blast.regions == ()


def test_the_total_that_moves_with_its_part_does_not_widen_the_reach() -> None:
    blast = blast_radius(
        candidate(symptom(checkout_errors("EU")), symptom(checkout_errors(None))), shop()
    )
    assert blast.regions == ("EU",)


def test_where_a_host_stands_does_not_say_who_is_hit() -> None:
    cpu = symptom(series("payments-db", "cpu_usage", region="US"))
    blast = blast_radius(candidate(cpu, symptom(checkout_errors("EU"))), shop())
    assert blast.regions == ("EU",)


def test_segments_are_named_like_regions() -> None:
    hit = symptom(revenue("EU", "business"), before=100, observed=50)
    assert blast_radius(candidate(hit), shop()).segments == ("business",)


def test_a_sick_database_hits_the_journey_that_declares_it() -> None:
    blast = blast_radius(candidate(symptom(series("payments-db", "cpu_usage"))), shop())
    assert blast.sick == ("payments-db",)
    assert blast.reached == ("checkout", "payment-service")
    assert blast.journeys == ("checkout",)


def test_a_kpi_alone_names_the_service_that_reports_it() -> None:
    fallen = symptom(revenue("EU"), before=100, observed=50)
    assert blast_radius(candidate(fallen), shop()).sick == ("checkout",)


def test_a_withdrawn_symptom_reaches_nobody() -> None:
    gone = replace(symptom(checkout_errors()), state=SymptomState.WITHDRAWN)
    assert blast_radius(candidate(gone), shop()).sick == ()


def test_more_load_makes_no_service_sick_beside_real_trouble() -> None:
    load = symptom(series("search", "requests_total"), direction=Direction.UP)
    blast = blast_radius(candidate(load, symptom(checkout_errors())), shop())
    assert blast.sick == ("checkout",)


def test_a_service_missing_from_the_topology_takes_part() -> None:
    empty = shop(graph=ServiceGraph.from_edges((), ()), journeys=())
    blast = blast_radius(candidate(symptom(series("stranger", "error_ratio"))), empty)
    assert blast.sick == ("stranger",)
    assert blast.reached == ()


def test_a_loss_of_all_segments_is_not_confined_to_the_one_that_showed_it_first() -> None:
    shown = symptom(revenue("EU", "business"), before=100, observed=50)
    blast = blast_radius(candidate(shown), shop())

    assert confine(blast, [shown], [loss()]).segments == ()
    assert confine(blast, [shown], [replace(loss(), segment="business")]).segments == ("business",)
    assert confine(blast, [shown], []).segments == ("business",)


def test_a_kpi_that_is_not_measured_by_segment_says_nothing_of_segments() -> None:
    shown = symptom(revenue("EU", "business"), before=100, observed=50)
    blast = blast_radius(candidate(shown), shop())
    confined = confine(blast, [shown], [loss(kpi="orders per minute", unit="1/min")])

    assert confined.segments == ("business",)
    assert confined.kpis == ("orders per minute", REVENUE)
