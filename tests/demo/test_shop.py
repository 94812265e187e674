import hashlib
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from aiops.demo.faults import FaultKind
from aiops.demo.metrics import STYLES
from aiops.demo.shop import Story
from aiops.domain.changes import ChangeKind
from aiops.domain.series import Direction, Family
from aiops.domain.ticks import Floats
from topology.parse import parse_topology

STORY = Story()
DAY = datetime(2026, 4, 18, tzinfo=UTC)
SEEDS = range(25)


def at(clock: str) -> float:
    return datetime.fromisoformat(f"2026-04-18T{clock}:00+00:00").timestamp()


def values(metric: str, start: str, end: str, **labels: str) -> Floats:
    found = STORY.select(metric, labels, at(start), at(end), 60)
    assert found, f"no series {metric} {labels}"
    return np.asarray(sum(column for _, column in found), dtype=np.float64)


def test_the_story_has_enough_series_to_be_a_shop() -> None:
    series = STORY.series()

    assert 120 <= len(series) <= 200
    assert len({one.key.fingerprint for one in series}) == len(series)
    assert {one.key.region for one in series} == {"EU", "US"}


def test_checkout_errors_jump_from_a_third_of_a_percent_to_seven() -> None:
    errors = {"service": "checkout", "operation": "/checkout", "region": "EU"}
    before = values("error_ratio", "09:55", "10:02", **errors)
    during = values("error_ratio", "10:03", "10:16", **errors)
    after = values("error_ratio", "10:18", "10:30", **errors)

    assert np.median(before) == pytest.approx(0.003, abs=0.0006)
    assert f"{during[0]:.1%}" == "7.2%"
    assert np.median(during) == pytest.approx(0.072, abs=0.003)
    assert np.median(after) == pytest.approx(0.003, abs=0.0006)


def test_revenue_in_eu_falls_by_a_quarter_and_comes_back() -> None:
    before = values("revenue_per_minute", "09:45", "10:02", region="EU").mean()
    during = values("revenue_per_minute", "10:03", "10:16", region="EU").mean()
    after = values("revenue_per_minute", "10:18", "10:31", region="EU").mean()

    assert during / before - 1 == pytest.approx(-0.24, abs=0.03)
    assert after == pytest.approx(before, rel=0.05)


def test_payment_latency_and_database_connections_fail_in_eu_only() -> None:
    for metric, service in (
        ("latency_p95_seconds", "payment-service"),
        ("db_connection_errors", "payments-db"),
    ):
        eu = values(metric, "09:55", "10:16", service=service, region="EU")
        us = values(metric, "09:55", "10:16", service=service, region="US")
        assert eu[8:].mean() > 3 * eu[:8].mean() + 0.1
        assert us[8:].mean() < 2 * us[:8].mean() + 0.5


def test_orders_pile_up_in_us_later() -> None:
    queue = values("queue_length", "10:20", "10:58", service="orders-queue", region="US")
    cpu = values("cpu_utilisation", "10:20", "10:58", service="orders-worker", region="US")

    assert queue[25] > 10 * queue[:13].mean()
    assert queue[-8:].mean() < 2 * queue[:13].mean()
    assert cpu[15:25].min() > 0.9


def test_a_search_flag_is_switched_and_harms_nobody() -> None:
    flag = next(change for change in STORY.events if change.ref == "new-search-ranking")
    latency = values("latency_p95_seconds", "09:30", "10:30", service="catalog")

    assert (flag.kind, flag.service) == (ChangeKind.FLAG, "catalog")
    assert latency[31:].mean() == pytest.approx(latency[:30].mean(), rel=0.1)


def test_the_deploy_comes_before_its_fault_and_its_rollback_ends_it() -> None:
    fault, later = STORY.expected
    deploy = next(change for change in STORY.events if change.ref == fault.change_ref)
    rollback = next(change for change in STORY.events if change.reverts == fault.change_ref)

    assert (deploy.ref, deploy.started_at) == ("2026.04.18-3", DAY.replace(hour=10, minute=1))
    assert fault.started_at == DAY.replace(hour=10, minute=3)
    assert deploy.started_at < fault.started_at < rollback.started_at < fault.ended_at
    assert rollback.is_rollback
    assert later.started_at - fault.ended_at > timedelta(minutes=15)
    assert STORY.live_from < fault.started_at
    assert later.ended_at < STORY.ends_at


def test_history_has_days_and_weeks_that_are_alike_but_never_equal() -> None:
    end = STORY.live_from.timestamp()
    ((_, rate),) = STORY.select(
        "requests_per_second",
        {"service": "edge-gateway", "region": "EU"},
        end - 21 * 86_400,
        end - 300,
        300,
    )
    weeks = rate.reshape(3, 7 * 288)
    days = np.asarray(rate.reshape(21, 288).mean(axis=1))

    assert np.asarray(np.corrcoef(weeks)).min() > 0.95
    assert not np.array_equal(weeks[0], weeks[1])
    assert rate.reshape(21, 24, 12).mean(axis=(0, 2)).max() > 1.5 * rate.min()
    # Days run from 09:55 to 09:55, so the first holds most of a Saturday.
    assert days[[0, 7, 14]].mean() < 0.95 * days[[3, 4, 10, 11, 17, 18]].mean()


def test_history_holds_one_tick_blips() -> None:
    end = STORY.live_from.timestamp()
    latency = [
        column for _, column in STORY.select("latency_p95_seconds", {}, end - 21 * 86_400, end, 300)
    ]
    alone = [
        np.sum((one[1:-1] > 1.35 * one[:-2]) & (one[1:-1] > 1.35 * one[2:])) for one in latency
    ]

    assert 5 < sum(alone) < 1000


@given(st.integers(0, 21 * 24 * 60), st.integers(1, 400), st.sampled_from([60, 120, 300]))
def test_a_value_does_not_depend_on_the_range_asked(minute: int, length: int, step: int) -> None:
    start = STORY.history_from.timestamp() + 60 * minute
    whole = STORY.values(start, start + step * length, step)
    tick = STORY.values(start + step * (length // 2), start + step * (length // 2), 60)

    assert whole.shape == (length + 1, len(STORY.series()))
    assert np.array_equal(whole[length // 2 : length // 2 + 1], tick)


def test_select_gives_the_columns_of_values_under_their_labels() -> None:
    start = STORY.live_from.timestamp()
    columns = STORY.values(start, start + 600, 60)
    for number, series in enumerate(STORY.series()):
        labels = {"service": series.key.service, "region": series.key.region or ""}
        labels |= {name: series.key.label(name) or "" for name in ("operation", "peer")}
        labels["segment"] = series.key.segment or ""
        ((found, got),) = STORY.select(series.key.metric, labels, start, start + 600, 60)
        assert np.array_equal(got, columns[:, number])
        assert "" not in found.values()


def test_matchers_may_be_a_function_and_may_fit_nothing() -> None:
    start = STORY.live_from.timestamp()
    got = STORY.select(
        "error_ratio", lambda labels: labels.get("operation") == "/checkout", start, start, 60
    )

    assert [labels["region"] for labels, _ in got] == ["EU", "US"]
    assert STORY.select("error_ratio", {"service": "nobody"}, start, start, 60) == ()
    assert STORY.select("no_such_metric", {}, start, start, 60) == ()


def test_every_process_tells_the_same_story() -> None:
    program = (
        "import hashlib; from aiops.demo.shop import Story; s = Story(5);"
        "t = s.live_from.timestamp();"
        "b = s.values(t, t + 3600, 60).tobytes() + repr((s.events, s.expected)).encode()"
        " + s.topology_yaml().encode() + repr(s.config()).encode();"
        "print(hashlib.sha256(b).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": number},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for number in ("0", "1", "77")
    }

    assert len(digests) == 1
    assert len(digests.pop().strip()) == hashlib.sha256().digest_size * 2


@pytest.mark.parametrize("seed", SEEDS)
def test_every_seed_has_two_separate_faults_with_a_culprit_in_its_topology(seed: int) -> None:
    story = Story(seed)
    graph = parse_topology(story.topology_yaml(), "topology.yaml").graph
    refs = {change.ref for change in story.events}
    first, second = story.expected

    for fault in story.expected:
        assert fault.service in graph
        assert set(fault.services) <= set(graph.services)
        assert fault.user_visible
        assert fault.kpi_relative <= -0.05
        assert fault.change_ref is None or fault.change_ref in refs
        assert story.live_from < fault.started_at < fault.ended_at < story.ends_at
    assert first.regions != second.regions
    assert first.service != second.service
    assert second.started_at - first.ended_at > timedelta(minutes=12)


def test_seeds_vary_names_times_kinds_and_regions() -> None:
    stories = [Story(seed) for seed in SEEDS]

    assert len({story.live_from for story in stories}) > 15
    assert len({fault.kind for story in stories for fault in story.expected}) >= 7
    assert len({story.expected[0].regions for story in stories}) >= 4
    assert len({story.expected[0].service for story in stories}) >= 10
    assert len({story.config()["signals"][0]["name"] for story in stories}) == len(STYLES)
    assert FaultKind.KPI_DROP not in {fault.kind for story in stories for fault in story.expected}


@pytest.mark.parametrize("seed", [None, *range(4)])
def test_the_topology_is_read_without_a_word_of_complaint(seed: int | None) -> None:
    story = Story(seed)
    parsed = parse_topology(story.topology_yaml(), "topology.yaml")

    assert parsed.problems == ()
    assert set(parsed.graph.services) == set(story.config()["services"])
    assert all(service.owner for service in parsed.graph.services.values())


def test_the_configuration_names_each_metric_once_and_every_kpi() -> None:
    config = STORY.config()
    names = [signal["name"] for signal in config["signals"]]

    assert yaml.safe_load(yaml.safe_dump(config)) == config
    assert len(names) == len(set(names))
    assert {series.key.metric for series in STORY.series()} == set(names)
    assert {kpi["name"] for kpi in config["kpis"]} == {
        signal["kpi"] for signal in config["signals"] if "kpi" in signal
    }
    assert {service["owner"] for service in config["services"].values()} <= set(config["teams"])


def test_money_says_so_and_hurts_downwards() -> None:
    money = [series for series in STORY.series() if series.unit == "EUR"]

    assert len(money) == 4
    assert {series.family for series in money} == {Family.KPI}
    assert {series.bad_direction for series in money} == {Direction.DOWN}
