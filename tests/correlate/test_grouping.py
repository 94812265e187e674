"""Which symptoms become one problem."""

from dataclasses import replace

from aiops.domain.changes import ChangeKind
from aiops.domain.journeys import Journey
from aiops.domain.series import Family
from aiops.domain.symptoms import Symptom, SymptomKind, SymptomState
from tests.builders import change, ended, revenue, series, shop, story, symptom
from tests.correlate.worlds import (
    calls,
    errors,
    found,
    full,
    in_env,
    incident,
    parts,
    slow,
    traffic,
)

GATEWAY = calls("gateway > orders > orders-db", "gateway > search > search-db")


def test_the_symptoms_of_the_story_are_one_problem() -> None:
    assert len(found(shop(), *story())) == 1


def test_two_faults_in_the_same_minute_behind_a_calm_gateway_stay_two() -> None:
    got = found(GATEWAY, errors("orders"), full("orders-db"), slow("search"), full("search-db"))
    assert parts(got) == {frozenset({"orders", "orders-db"}), frozenset({"search", "search-db"})}


def test_two_leaf_services_sharing_only_a_healthy_caller_stay_two() -> None:
    got = found(calls("app > queue", "app > cache"), full("queue"), errors("cache"))
    assert len(got) == 2


def test_a_sick_caller_of_two_sick_services_makes_them_one_problem() -> None:
    got = found(GATEWAY, errors("gateway"), errors("orders"), errors("search"))
    assert len(got) == 1


def test_trouble_travels_past_a_calm_service_in_between() -> None:
    got = found(calls("gateway > orders > orders-db"), errors("gateway", 4), full("orders-db", 3))
    assert len(got) == 1


def test_trouble_past_a_calm_service_must_begin_together() -> None:
    got = found(calls("gateway > orders > orders-db"), errors("gateway", 12), full("orders-db", 3))
    assert len(got) == 2


def test_more_than_two_calls_away_is_another_problem() -> None:
    got = found(calls("a > b > c > d"), errors("a"), errors("d"))
    assert len(got) == 2


def test_a_callee_that_fails_long_after_its_caller_is_another_problem() -> None:
    got = found(calls("orders > orders-db"), errors("orders", 0), full("orders-db", 10))
    assert len(got) == 2


def test_a_burst_of_load_reaches_the_callee_later() -> None:
    got = found(calls("orders > orders-db"), traffic("orders", 0), full("orders-db", 10))
    assert len(got) == 1


def test_fewer_requests_arrive_below_a_failing_service() -> None:
    got = found(calls("orders > mail"), errors("orders", 0), traffic("mail", 8, up=False))
    assert len(got) == 1


def test_onsets_an_hour_apart_are_two_problems() -> None:
    got = found(GATEWAY, errors("orders", 0), full("orders-db", 60), at=70)
    assert len(got) == 2


def test_eu_and_us_stay_two_problems() -> None:
    got = found(
        calls("gateway > checkout > payments"),
        errors("checkout", region="EU"),
        errors("payments", region="US"),
    )
    assert len(got) == 2


def test_a_sick_shared_database_explains_both_regions() -> None:
    got = found(
        calls("checkout > db", "catalog > db"),
        errors("checkout", region="EU"),
        errors("catalog", region="US"),
        full("db"),
    )
    assert len(got) == 1


def test_one_change_that_reaches_both_regions_explains_them() -> None:
    symptoms = (errors("payments", 3, region="EU"), slow("payments", 7, region="US"))
    world = calls("checkout > payments")
    assert len(found(world, *symptoms)) == 2
    assert len(found(world, *symptoms, changes=[change("payments", at=1)])) == 1


def test_a_change_joins_no_regions_that_fell_ill_ten_minutes_apart() -> None:
    symptoms = (errors("payments", 3, region="EU"), slow("payments", 13, region="US"))
    got = found(calls("checkout > payments"), *symptoms, changes=[change("payments", at=1)], at=14)
    assert len(got) == 2


def test_a_change_of_one_region_joins_nothing_beyond_it() -> None:
    symptoms = (errors("payments", 3, region="EU"), slow("payments", 7, region="US"))
    only_eu = change("payments", at=1, region="EU")
    assert len(found(calls("checkout > payments"), *symptoms, changes=[only_eu])) == 2


def test_the_same_thing_on_one_service_in_every_region_is_one_problem() -> None:
    got = found(
        calls("checkout > payments"),
        errors("payments", 3, region="EU"),
        errors("payments", 5, region="US"),
    )
    assert len(got) == 1


def test_a_sick_service_that_everyone_shares_belongs_to_one_fault_and_joins_no_two() -> None:
    estate = calls(*(f"edge > api-{number} > db-{number}" for number in range(60)))
    sick = [full(f"db-{number}", 3) for number in range(5)]
    sick += [errors(f"api-{number}", 4) for number in range(5)]
    got = found(estate, *sick, errors("edge", 3))
    faults = {frozenset({f"api-{number}", f"db-{number}"}) for number in range(5)}
    assert {part - {"edge"} for part in parts(got)} == faults
    assert sum("edge" in part for part in parts(got)) == 1


def test_a_gateway_that_shows_two_regional_faults_does_not_join_them() -> None:
    got = found(
        GATEWAY,
        errors("gateway", region="EU"),
        errors("orders", region="EU"),
        errors("gateway", region="US"),
        errors("search", region="US"),
    )
    assert len(got) == 2


def test_two_calm_changed_service_callers_that_fall_ill_together_are_one_problem() -> None:
    world = calls("orders > db", "catalog > db")
    config = change("db", at=1, kind=ChangeKind.CONFIG)
    symptoms = (errors("orders"), errors("catalog"))
    assert len(found(world, *symptoms)) == 2
    assert len(found(world, *symptoms, changes=[config])) == 1


def test_environments_never_mix() -> None:
    got = found(GATEWAY, errors("orders"), in_env(full("orders-db"), "staging"))
    assert len(got) == 2


def test_callers_that_see_the_same_external_provider_fail_are_one_problem() -> None:
    peer = (("peer", "cardco"),)
    world = calls("orders > cardco", "refunds > cardco")
    got = found(world, errors("orders", labels=peer), errors("refunds", labels=peer))
    assert len(got) == 1


def test_services_missing_from_the_topology_take_part_alone() -> None:
    got = found(GATEWAY, errors("orders", 0), errors("mystery", 9), errors("riddle", 9))
    assert len(got) == 3


def test_a_stranger_joins_the_only_problem_of_its_moment() -> None:
    assert len(found(GATEWAY, errors("orders", 3), errors("mystery", 3))) == 1


def test_a_stranger_does_not_choose_between_two_problems() -> None:
    got = found(GATEWAY, errors("orders"), errors("search"), errors("mystery"))
    assert len(got) == 3


def test_a_stranger_joins_the_problem_that_clearly_spreads() -> None:
    wide = [errors("orders"), full("orders-db")]
    (_, got) = sorted(
        found(GATEWAY, *wide, errors("search"), errors("mystery")),
        key=lambda one: len(one.symptoms),
    )
    assert {one.service for one in got.symptoms} == {"orders", "orders-db", "mystery"}


def test_without_a_topology_time_and_cohort_decide() -> None:
    got = found(
        calls(), errors("a", 0), errors("b", 4), errors("c", 30), errors("d", 1, region="EU"), at=40
    )
    assert parts(got) == {frozenset({"a", "b", "d"}), frozenset({"c"})}


def test_a_kpi_joins_the_sick_services_of_its_journey() -> None:
    got = found(shop(), symptom(revenue("EU"), observed=0.5), errors("payment-service"))
    assert len(got) == 1


def test_a_kpi_of_one_region_leaves_the_other_region_alone() -> None:
    got = found(
        shop(), symptom(revenue("EU"), observed=0.5), errors("payment-service", region="US")
    )
    assert len(got) == 2


def test_a_kpi_of_all_regions_joins_no_two_problems() -> None:
    got = found(
        shop(),
        symptom(revenue(), observed=0.5),
        errors("checkout", region="EU"),
        slow("payments-db", 3, region="US"),
    )
    assert len(got) == 2


def test_a_kpi_ignores_trouble_outside_its_journey() -> None:
    assert len(found(shop(), symptom(revenue(), observed=0.5), errors("search"))) == 2


def test_what_falls_ill_long_after_a_kpi_fell_did_not_cost_it() -> None:
    fall = symptom(revenue(), at=0, observed=0.5)
    got = found(shop(), fall, slow("checkout", 39), incidents=[incident("INC-1001", fall)], at=40)
    assert len(got) == 2


def test_more_requests_alone_explain_no_lost_money() -> None:
    assert len(found(shop(), symptom(revenue(), observed=0.5), traffic("checkout"))) == 2


def test_kpis_that_fall_alone_in_every_region_are_one_problem() -> None:
    falls = [symptom(revenue(region), observed=0.5) for region in ("EU", "US", None)]
    assert len(found(shop(), *falls)) == 1


def test_kpis_of_journeys_that_share_services_fall_together() -> None:
    world = shop()
    journeys = tuple(
        Journey(name=name, entry="gateway", services=("checkout",), kpis=(name,))
        for name in ("orders", "signups")
    )
    falls = [
        symptom(series(service, f"{name}_total", kpi=name), observed=0.5)
        for service, name in (("checkout", "orders"), ("search", "signups"))
    ]
    kpis = [replace(one, series=replace(one.series, family=Family.KPI)) for one in falls]
    assert len(found(replace(world, journeys=journeys, kpis=()), *kpis)) == 1
    assert len(found(replace(world, journeys=(), kpis=()), *kpis)) == 2


def test_which_segment_of_two_kpis_falls_first_parts_nothing() -> None:
    journeys = tuple(
        Journey(name=name, entry="gateway", services=(own,), kpis=(name,))
        for own, name in (("checkout", "orders"), ("search", "signups"))
    )
    world = replace(shop(), journeys=journeys, kpis=())

    def falls(name: str, region: str, segment: str) -> Symptom:
        one = series("checkout", f"{name}_total", kpi=name, region=region, segment=segment)
        return symptom(replace(one, family=Family.KPI), observed=0.5)

    gold = falls("orders", "EU", "gold")
    assert len(found(world, gold, falls("signups", "EU", "basic"))) == 1
    assert len(found(world, gold, falls("signups", "US", "basic"))) == 2


def test_a_segment_that_falls_later_joins_the_incident_of_its_region_while_that_goes_on() -> None:
    first = symptom(revenue("EU", "gold"), at=3, last_seen=40, observed=0.5)
    known = [incident("INC-1", first)]
    for region, count in (("EU", 1), ("US", 2)):
        later = symptom(revenue(region, "basic"), at=35, observed=0.5)
        assert len(found(shop(), first, later, incidents=known, at=40)) == count


def test_silence_relates_to_silence_only() -> None:
    gaps = [
        symptom(series("orders", metric), kind=SymptomKind.TELEMETRY_GAP)
        for metric in ("error_ratio", "requests_per_second")
    ]
    got = found(GATEWAY, *gaps, full("orders-db"))
    assert sorted(len(each.symptoms) for each in got) == [1, 2]


def test_a_change_of_unit_explains_what_was_said_of_the_same_series_only() -> None:
    odd = errors("orders")
    unit = replace(odd, id="sy-unit", kind=SymptomKind.UNIT_CHANGE)
    other = replace(unit, id="sy-other", series=series("orders", "queue_depth"))

    assert [len(each.symptoms) for each in found(GATEWAY, odd, unit)] == [2]
    assert [len(each.symptoms) for each in found(GATEWAY, odd, other)] == [1, 1]


def test_a_source_that_stops_is_one_problem() -> None:
    gaps = [
        symptom(
            replace(series(service, "error_ratio"), source="prometheus"),
            kind=SymptomKind.TELEMETRY_GAP,
        )
        for service in ("orders", "search", "mystery")
    ]
    assert len(found(GATEWAY, *gaps)) == 1


def test_a_withdrawn_symptom_joins_nothing() -> None:
    gone = replace(errors("orders"), state=SymptomState.WITHDRAWN)
    assert len(found(GATEWAY, gone, full("orders-db"))) == 2


def test_a_late_symptom_joins_its_open_incident() -> None:
    first = errors("orders-db", 0)
    late = errors("orders", 45)
    got = found(GATEWAY, first, late, incidents=[incident("INC-1001", first)], at=46)
    assert [each.incident_ids for each in got] == [("INC-1001",)]
    assert len(found(GATEWAY, first, late, at=46)) == 2


def test_an_incident_that_has_calmed_down_takes_nothing_late() -> None:
    first = errors("orders-db", 0)
    over = ended(first, 10)
    got = found(GATEWAY, errors("orders", 45), incidents=[incident("INC-1001", over)], at=46)
    assert [each.incident_ids for each in got] == [("INC-1001",), ()]


def test_a_symptom_never_leaves_its_incident() -> None:
    members = (errors("orders"), errors("search"))
    got = found(GATEWAY, *members, incidents=[incident("INC-1001", *members)])
    assert [each.incident_ids for each in got] == [("INC-1001",)]


def test_members_of_an_incident_count_even_when_not_handed_in() -> None:
    member = errors("orders-db", 2)
    got = found(GATEWAY, errors("orders", 3), incidents=[incident("INC-1001", member)])
    assert len(got[0].symptoms) == 2


def test_a_group_that_touches_two_incidents_asks_for_a_merge_paged_first() -> None:
    older, paged = errors("orders", 1), errors("orders-db", 2)
    incidents = [incident("INC-1001", older), incident("INC-1002", paged, paged=4)]
    got = found(GATEWAY, older, paged, incidents=incidents)
    assert [each.incident_ids for each in got] == [("INC-1002", "INC-1001")]


def test_of_two_incidents_without_a_page_the_older_comes_first() -> None:
    first, second = errors("orders", 2), errors("orders-db", 1)
    incidents = [incident("INC-1001", first), incident("INC-1002", second)]
    got = found(GATEWAY, first, second, incidents=incidents)
    assert [each.incident_ids for each in got] == [("INC-1002", "INC-1001")]


def test_it_says_what_joined_the_symptoms() -> None:
    late = errors("orders", 4)
    (got,) = found(GATEWAY, full("orders-db", 3), late)
    assert [clause.text for clause in got.why] == [
        "orders depends on orders-db, whose trouble reaches it"
    ]
    assert got.why[0].source == late.id


APART = calls("a > b", "c > x", "d > y")


def silent_source(at: float = 2) -> Symptom:
    of = replace(series("prom", "telemetry", unit="1"), family=Family.OTHER, source="prom")
    return replace(symptom(of, at=at), kind=SymptomKind.TELEMETRY_GAP)


def said_down(service: str, at: float = 4) -> Symptom:
    of = replace(series(service, "InstanceDown", unit="alert"), family=Family.AVAILABILITY)
    return replace(symptom(of, at=at), kind=SymptomKind.ALERT)


def test_what_is_only_said_to_be_down_joins_the_source_that_fell_silent() -> None:
    got = found(APART, silent_source(), said_down("x"), said_down("y"), said_down("b"))
    assert len(got) == 1
    assert any("telemetry from prom stopped at 10:02" in one.text for one in got[0].why)


def test_what_shows_more_than_being_down_does_not_join_a_silent_source() -> None:
    got = found(APART, silent_source(), said_down("b"), errors("b", 4), said_down("x"))
    assert parts(got) == {frozenset({"b"}), frozenset({"prom", "x"})}


def test_down_long_before_or_elsewhere_is_no_matter_of_a_silent_source() -> None:
    early = said_down("x", at=-60)
    elsewhere = in_env(said_down("y"), "staging")
    assert len(found(APART, silent_source(), early)) == 2
    assert len(found(APART, silent_source(), elsewhere)) == 2
