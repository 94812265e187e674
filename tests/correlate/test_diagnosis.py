"""Which service a recorded case began in."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.correlate.departures import departures
from aiops.correlate.diagnosis import diagnose
from aiops.correlate.diagnosis_wording import evidence
from aiops.correlate.excess import begins_here
from tests.correlate.cases import NORMAL, SINCE, TROUBLE, calls, case

CHAIN = calls("web>shop", "shop>db")
LATENCIES = {("web", "latency"): 0.3, ("shop", "latency"): 0.2, ("db", "latency"): 0.1}


def test_the_service_furthest_from_its_own_normal_comes_first() -> None:
    found = diagnose(case(LATENCIES, {("shop", "latency"): 0.9}), CHAIN)
    assert found.services[0] == "shop"
    assert found.metrics[0] == ("shop", "latency")


def test_every_service_is_ranked_also_one_without_metrics() -> None:
    found = diagnose(case(LATENCIES), calls("web>shop", "shop>db", "db>disk"))
    assert sorted(found.services) == ["db", "disk", "shop", "web"]


def test_loud_noise_of_the_service_itself_is_its_normal() -> None:
    quiet = case(LATENCIES, {("shop", "latency"): 0.3, ("db", "latency"): 0.2})
    values = quiet.values.copy()
    wild = quiet.series == next(
        place for place, key in enumerate(quiet.keys) if key.service == "db"
    )
    values[wild] *= np.random.default_rng(1).lognormal(0, 1, int(wild.sum()))
    assert diagnose(replace(quiet, values=values), CHAIN).services[0] == "shop"


def test_a_callee_in_as_much_trouble_goes_before_its_callers() -> None:
    slow = {name: 5 * level for name, level in LATENCIES.items()}
    found = diagnose(case(LATENCIES, slow), CHAIN)
    assert found.services[0] == "db"
    assert found.suspicions[0].explains == ("shop",)


def test_a_resource_that_only_the_faulty_service_lacks_goes_before_what_callers_feel() -> None:
    levels = LATENCIES | {("shop", "cpu_percent"): 10.0, ("web", "cpu_percent"): 10.0}
    trouble = {("web", "latency"): 0.6, ("shop", "latency"): 0.5, ("shop", "cpu_percent"): 99.0}
    assert diagnose(case(levels, trouble), CHAIN).services[0] == "shop"


def test_what_a_client_measures_speaks_more_of_whom_it_calls() -> None:
    levels = {("shop", "client_latency"): 0.1, ("db", "latency"): 0.1, ("web", "latency"): 0.1}
    trouble = {("shop", "client_latency"): 0.9, ("db", "latency"): 0.3}
    assert diagnose(case(levels, trouble), CHAIN).services[0] == "db"


def test_a_called_service_without_metrics_is_suspected_by_its_edge() -> None:
    levels = {("shop", "latency", "bank"): 0.1, ("shop", "latency", "db"): 0.1}
    found = diagnose(case(levels, {("shop", "latency", "bank"): 2.0}), calls("shop>db"))
    assert found.services[0] == "bank"


def test_a_caller_that_reaches_all_its_callees_worse_is_to_blame_itself() -> None:
    graph = calls("shop>db", "shop>mail", "shop>stock")
    callees = ("db", "mail", "stock")
    levels = {(name, "network_in_latency"): 0.01 for name in callees}
    levels |= {("shop", "network_out_latency"): 0.01}
    slow = dict.fromkeys(levels, 2.0)
    assert diagnose(case(levels, slow), graph).services[0] == "shop"
    one = {("db", "network_in_latency"): 2.0, ("shop", "network_out_latency"): 2.0}
    assert diagnose(case(levels, one), graph).services[0] == "db"


def test_a_service_that_became_faster_is_no_better_suspect_than_one_that_became_slower() -> None:
    trouble = {("web", "latency"): 0.01, ("db", "latency"): 0.8}
    assert diagnose(case(LATENCIES, trouble), calls("web>shop")).services[0] == "db"


def test_failures_are_counted_where_they_begin() -> None:
    """Neither service is far from normal, but one passes on what the other makes."""
    levels = {("shop", "error_count"): 4.0, ("db", "error_count"): 4.0}
    found = diagnose(
        case(levels, {("shop", "error_count"): 9.0, ("db", "error_count"): 9.0}, noise=0.4),
        calls("shop>db"),
    )
    assert found.services[0] == "db"
    assert found.suspicions[0].of_failures > 0.8


def alerted() -> dict[tuple[str, str], float]:
    """Return normal levels of a shop whose web page may alert."""
    return {
        ("web", "latency_avg"): 0.3,
        ("shop", "latency_avg"): 0.2,
        ("db", "latency_avg"): 0.1,
        ("cache", "latency_avg"): 0.001,
        ("web", "requests"): 100.0,
        ("shop", "requests"): 100.0,
        ("db", "requests"): 100.0,
        ("cache", "requests"): 10.0,
    }


def test_what_alerted_is_traced_to_where_most_of_its_excess_begins() -> None:
    """The cache is a hundred times slower than ever, and that is a hundredth of the waiting."""
    trouble = {
        ("web", "latency_avg"): 0.8,
        ("shop", "latency_avg"): 0.7,
        ("db", "latency_avg"): 0.15,
        ("cache", "latency_avg"): 0.1,
    }
    graph = calls("web>shop", "shop>db", "shop>cache")
    found = diagnose(case(alerted(), trouble, alert=("web", "latency_avg")), graph)
    assert found.services[0] == "shop"
    assert found.suspicions[0].of_alert == pytest.approx(0.88, abs=0.05)
    unasked = diagnose(case(alerted(), trouble), graph)
    assert unasked.services[0] == "cache"


def test_an_alert_on_a_quantile_is_traced_by_what_adds_up() -> None:
    """Of few requests the slowest wait for the cache, which p99 tells; it is no sum of anything."""
    quantiles = {(name, "latency_p99"): 1.0 for name in ("web", "shop", "db", "cache")}
    trouble = {
        ("web", "latency_avg"): 0.8,
        ("shop", "latency_avg"): 0.7,
        ("db", "latency_avg"): 0.15,
        ("web", "latency_p99"): 9.0,
        ("cache", "latency_p99"): 8.0,
    }
    graph = calls("web>shop", "shop>db", "shop>cache")
    found = diagnose(case(alerted() | quantiles, trouble, alert=("web", "latency_p99")), graph)
    assert found.traced == ("web", "latency_avg")
    assert found.services[0] == "shop"
    alone = diagnose(case(quantiles, trouble, alert=("web", "latency_p99")), graph)
    assert alone.traced == ("web", "latency_p99")


def test_what_alerted_may_have_begun_in_a_callee_that_measures_something_else() -> None:
    levels = alerted() | {("disk", "io_utilisation"): 0.1}
    trouble = {
        ("web", "latency_avg"): 0.8,
        ("shop", "latency_avg"): 0.7,
        ("disk", "io_utilisation"): 1,
    }
    graph = calls("web>shop", "shop>db", "shop>disk")
    found = diagnose(case(levels, trouble, alert=("web", "latency_avg")), graph)
    shares = {one.service: one.of_alert for one in found.suspicions}
    assert shares["disk"] == pytest.approx(shares["shop"])
    assert shares["db"] == 0.0
    calm = diagnose(
        case(levels, trouble | {("disk", "io_utilisation"): 0.1}, alert=("web", "latency_avg")),
        graph,
    )
    assert calm.services[0] == "shop"
    assert {one.service: one.of_alert for one in calm.suspicions}["disk"] < 0.2


def test_what_alerted_may_have_begun_behind_a_queue_that_does_not_measure_it() -> None:
    levels = alerted() | {("queue", "oldest_message_age"): 1.0, ("worker", "cpu_utilisation"): 0.2}
    trouble = {
        ("web", "latency_avg"): 0.8,
        ("shop", "latency_avg"): 0.7,
        ("queue", "oldest_message_age"): 90.0,
        ("worker", "cpu_utilisation"): 1.0,
    }
    graph = calls("web>shop", "shop>db", "shop>queue", "queue>worker", "db>worker")
    found = diagnose(case(levels, trouble, alert=("web", "latency_avg")), graph)
    shares = {one.service: one.of_alert for one in found.suspicions}
    assert shares["worker"] == pytest.approx(shares["shop"])
    behind_db = diagnose(
        case(levels, trouble, alert=("web", "latency_avg")),
        calls("web>shop", "shop>db", "shop>queue", "db>worker"),
    )
    assert {one.service: one.of_alert for one in behind_db.suspicions}["worker"] == 0.0


def test_one_that_measures_nothing_itself_is_believed_more_of_what_its_callers_see() -> None:
    levels = {("shop", "client_latency", "bank"): 0.1, ("shop", "latency"): 0.1}
    slow = {("shop", "client_latency", "bank"): 2.0, ("shop", "latency"): 1.5}
    assert diagnose(case(levels, slow), calls("shop>bank")).services[0] == "bank"
    own = levels | {("bank", "cpu"): 0.5}
    assert diagnose(case(own, slow), calls("shop>bank")).services[0] == "shop"


def test_availability_counts_the_requests_that_fail() -> None:
    levels = alerted() | {(name, "availability"): 100.0 for name in ("web", "shop", "db")}
    trouble = {("web", "availability"): 90.0, ("shop", "availability"): 90.0}
    found = diagnose(case(levels, trouble, noise=0.001, alert=("web", "availability")), CHAIN)
    assert found.services[0] == "shop"


def test_what_is_odd_all_the_time_does_not_explain_an_alert_that_comes_and_goes() -> None:
    waves = np.where(np.arange(TROUBLE) % 10 < 5, 1.0, 0.3)
    trouble = {
        ("web", "latency_avg"): waves,
        ("db", "latency_avg"): waves - 0.2,
        ("shop", "latency_avg"): np.full(TROUBLE, 3.0),
    }
    graph = calls("web>shop", "web>db")
    found = diagnose(case(alerted(), trouble, alert=("web", "latency_avg")), graph)
    assert found.services[0] == "db"


@pytest.mark.parametrize("metric", ["", "latency of the 5xx, as the monitor calls it"])
def test_an_alert_on_what_nobody_recorded_means_the_loudest_that_users_feel(metric: str) -> None:
    trouble = {("web", "latency_avg"): 0.8, ("shop", "latency_avg"): 0.7}
    found = diagnose(case(alerted(), trouble, alert=("web", metric)), CHAIN)
    assert found.suspicions[0].service == "shop"
    assert found.suspicions[0].of_alert > 0.8


def test_an_alert_of_an_unknown_service_leaves_the_rest_of_the_evidence() -> None:
    trouble = {("shop", "latency_avg"): 0.7}
    for alert in (("nobody", ""), ("nobody", "latency_avg")):
        assert diagnose(case(alerted(), trouble, alert=alert), CHAIN).services[0] == "shop"


def test_the_evidence_says_since_when_how_far_and_whom_it_explains() -> None:
    slow = {("shop", "latency"): 0.9, ("web", "latency"): 0.5}
    told = case(LATENCIES, slow)
    first = evidence(told, diagnose(told, CHAIN))[0]
    assert first.startswith("shop (confidence ")
    assert "against a normal" in first
    assert "since 22:13 UTC" in first
    assert "may explain web" in first


def test_a_case_in_which_nothing_moved_has_no_evidence_of_a_great_distance() -> None:
    found = diagnose(case(LATENCIES), CHAIN)
    assert max(found.found.distance) < 2


def test_series_without_normal_time_or_without_trouble_tell_nothing() -> None:
    told = case(LATENCIES, {("db", "latency"): 0.9})
    never = told.keys.index(next(key for key in told.keys if key.service == "db"))
    for calm in (True, False):
        kept = (told.series != never) | (told.abnormal == calm)
        part = replace(
            told,
            series=told.series[kept],
            times=told.times[kept],
            values=told.values[kept],
            abnormal=told.abnormal[kept],
        )
        found = departures(part)
        assert found.strength[never] == 0
        assert np.isfinite(found.strength).all()
        assert diagnose(part, CHAIN).services[0] != "db"


def test_time_that_was_already_bad_but_counted_as_normal_hides_little() -> None:
    late = case(LATENCIES, {("shop", "latency"): 2.0, ("db", "latency"): 0.12})
    abnormal = late.times >= SINCE + 60 * 10
    assert abnormal.sum() < late.abnormal.sum()
    assert diagnose(replace(late, abnormal=abnormal), CHAIN).services[0] == "shop"


def test_the_chance_of_being_above_is_that_of_all_pairs() -> None:
    told = case(LATENCIES, {("db", "latency"): 0.101})
    values = [told.values[told.series == place] for place in range(len(told.keys))]
    found = departures(told)
    for place, row in enumerate(values):
        calm, hit = row[:NORMAL], row[NORMAL:]
        above = np.mean(hit[:, None] > calm[None, :])
        surely = min(abs(2 * above - 1) / 0.65, 1.0)
        expected = np.log1p(found.distance[place]) * surely * TROUBLE / (TROUBLE + 1)
        assert found.strength[place] == pytest.approx(expected)


@settings(max_examples=50, deadline=None)
@given(
    amounts=st.dictionaries(st.sampled_from("abcde"), st.floats(0.1, 1e6), min_size=1),
    pairs=st.sets(st.sampled_from([f"{a}>{b}" for a in "abcde" for b in "abcde" if a < b])),
)
def test_no_more_begins_anywhere_than_was_seen_there(
    amounts: dict[str, float], pairs: set[str]
) -> None:
    own = begins_here(amounts, calls(*sorted(pairs)))
    assert own.keys() == amounts.keys()
    assert all(0 <= own[name] <= amounts[name] for name in own)
