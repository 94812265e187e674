"""Pushed samples → closed ticks."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from aiops.domain.errors import InputError
from aiops.domain.symptoms import SymptomKind
from aiops.settings import PushedSourceSettings
from tests.builders import minute
from tests.pushed import ERRORS, POOL, REQUESTS, STALE, Told, remote_write, source
from tests.workers.installation import HandClock, Installation, settings_in
from workers import cli
from workers.receiving import Receiver

PROM = source(REQUESTS, ERRORS, POOL)
TYPE = "application/x-protobuf"


class House:
    """An installation with a source that pushes, and a hand that sends for it."""

    def __init__(self, parts: Installation, rules: PushedSourceSettings = PROM) -> None:
        self.parts = parts
        parts.settings = replace(parts.settings, pushed_sources=(rules,))
        self.rules = rules
        self.receiver = Receiver(parts)

    def send(self, told: Iterable[Told]) -> None:
        kept, _ = self.receiver.take(self.rules, remote_write(told), TYPE)
        kept.result(10)

    def gather_at(self, at: datetime) -> None:
        self.parts.hand.at = at
        self.parts.gather.run("prom")

    def restart(self) -> None:
        """Forget what was in memory."""
        self.parts.__dict__.pop("gather", None)
        self.receiver = Receiver(self.parts)

    def restart_web(self) -> None:
        """Forget what was in the memory of the web process."""
        self.receiver = Receiver(self.parts)

    def values(self) -> dict[str, dict[float, float]]:
        """Return every derived value by series and minute."""
        found: dict[str, dict[float, float]] = {}
        for shard in self.parts.history.shards():
            history = self.parts.history.history(shard.id, minute(-1000), minute(20_000))
            for slot, one in enumerate(shard.series):
                column = history.values[:, slot]
                found[one.key.fingerprint] = {
                    (at - minute(0).timestamp()) / 60: float(value)
                    for at, value in zip(history.times, column, strict=True)
                    if np.isfinite(value)
                }
        return found


@pytest.fixture
def house(parts: Installation) -> House:
    return House(parts)


def at(minutes: float) -> int:
    return round(minute(minutes).timestamp() * 1000)


def counted(minutes: float, rate: float = 2.0, **labels: str) -> Told:
    told = {"__name__": "requests_total", "service": "shop", "code": "200", **labels}
    return told, at(minutes), rate * 60 * (minutes + 100)


def scrapes(begin: float, end: float, rate: float = 2.0, **labels: str) -> list[Told]:
    count = round((end - begin) * 4)
    return [counted(begin + number / 4, rate, **labels) for number in range(count + 1)]


RATE = "shop:requests_rate{env=prod}"


def test_a_counter_that_is_pushed_becomes_the_rate_a_pull_would_have_asked_for(
    house: House,
) -> None:
    house.send(scrapes(-5, 0.5))
    house.gather_at(minute(0.5))
    rates = house.values()[RATE]
    assert list(rates) == [-4, -3, -2, -1, 0]
    assert rates[0] == pytest.approx(2.0)
    assert ("detect.advance", ("prom.prod.0",)) in house.parts.tasks.tasks


def test_a_tick_waits_until_its_samples_have_come(house: House) -> None:
    house.send(scrapes(-5, 0))
    house.gather_at(minute(0) + timedelta(seconds=24))
    assert max(house.values()[RATE]) == -1
    house.gather_at(minute(0) + timedelta(seconds=25))
    assert max(house.values()[RATE]) == 0


def test_an_error_ratio_counts_no_errors_as_none(house: House) -> None:
    house.send([*scrapes(-5, 0.5), *scrapes(-5, 0.5, 0.5, code="500")])
    house.gather_at(minute(0.5))
    ratio = house.values()["shop:error_ratio{env=prod}"]
    assert ratio[0] == pytest.approx(0.2)


def test_a_stale_marker_ends_a_gauge_at_once(house: House) -> None:
    pool = {"__name__": "pool_used", "service": "shop"}
    house.send([*scrapes(-5, 1.5), (pool, at(-0.5), 7.0), (pool, at(0.5), STALE)])
    house.gather_at(minute(1.5))
    assert house.values()["shop:pool_used{env=prod}"] == {0: 7.0}


def test_the_same_body_again_changes_nothing(house: House) -> None:
    house.send(scrapes(-5, 0.5))
    house.gather_at(minute(0.5))
    before = house.values()
    house.send(scrapes(-5, 0.5))
    house.gather_at(minute(0.6))
    assert house.values() == before


def test_what_is_in_memory_is_a_cache(house: House) -> None:
    for number in range(-8, 0):
        house.send(scrapes(number + 0.25, number + 1))
    house.gather_at(minute(-0.5))
    house.restart()
    house.send(scrapes(0.25, 1.5))
    house.gather_at(minute(1.5))
    rates = house.values()[RATE]
    assert [rates[n] for n in (-1, 0, 1)] == pytest.approx([2.0, 2.0, 2.0])


def test_a_late_sample_fills_its_own_tick(house: House) -> None:
    pool = {"__name__": "pool_used", "service": "shop"}
    far = {"__name__": "pool_used", "service": "far"}
    house.send([(pool, at(number), 1.0) for number in range(-5, 1)])
    house.send([(far, at(-5), 3.0)])
    house.gather_at(minute(0.5))
    tick = house.values()["far:pool_used{env=prod}"]
    assert tick[-5] == 3.0
    slow = {"__name__": "pool_used", "service": "slow"}
    house.send([(slow, at(-2), 9.0)])
    house.send([(pool, at(1.5), 1.0)])
    house.gather_at(minute(1.5))
    house.send([(slow, at(-4), 8.0)])
    house.gather_at(minute(1.6))
    assert house.values()["slow:pool_used{env=prod}"][-4] == 8.0


def test_a_silent_source_has_its_ticks_closed_empty_and_filled_when_it_is_back(
    house: House,
) -> None:
    house.send(scrapes(-5, 0.5))
    house.gather_at(minute(0.5))
    house.gather_at(minute(5))
    assert max(house.values()[RATE]) == 0
    house.gather_at(minute(9))
    (shard,) = house.parts.history.shards()
    ticks = house.parts.history.ticks_after(shard.id, minute(0))
    assert ticks
    assert all(not len(one.values) for one in ticks[2:])
    house.send(scrapes(0.75, 9))
    house.gather_at(minute(9.5))
    rates = house.values()[RATE]
    assert [rates[n] for n in range(9)] == pytest.approx([2.0] * 9, rel=0.02)


def test_a_series_that_says_nowhere_whose_it_is_is_left_out_and_told(house: House) -> None:
    house.send([({"__name__": "pool_used"}, at(0), 1.0), *scrapes(-5, 0.5)])
    house.gather_at(minute(0.5))
    assert list(house.values()) == ["shop:error_ratio{env=prod}", RATE]
    ((kind, why),) = house.parts.heard.faults
    assert kind == "source"
    assert "say nowhere whose they are" in why


def test_series_beyond_the_cap_are_not_kept_and_their_metric_is_named(
    parts: Installation,
) -> None:
    house = House(parts, replace(PROM, most_series=3))
    house.send([counted(0, pod=f"p{n}") for n in range(5)])
    parts.hand.move(6)
    house.send([counted(0.1, pod="p9")])
    assert parts.pushed.metrics("prom")["requests_total"] == (3, 2, 2)
    ((kind, why),) = parts.heard.faults
    assert kind == "cardinality"
    assert why.startswith("prom: requests_total have over 3 series")


def test_what_no_signal_asks_for_is_counted_and_not_kept(house: House) -> None:
    house.send([({"__name__": "go_goroutines", "job": "a"}, at(0), 3.0)] * 2)
    house.parts.hand.move(6)
    house.send([])
    assert house.parts.pushed.metrics("prom") == {"go_goroutines": (0, 0, 2)}
    assert house.parts.pushed.after("prom", 0, 10) == ()


def test_a_body_that_cannot_be_read_is_kept_to_be_looked_at(house: House) -> None:
    with pytest.raises(InputError, match="snappy"):
        house.receiver.take(PROM, b"\xff" * 20, TYPE)
    (one,) = house.parts.dead_letters.noted("metrics:")
    assert one.source == "metrics:prom"
    assert "snappy" in one.note


def test_where_nobody_works_samples_the_oldest_give_way_and_are_counted(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(-10, 0):
        house.send(scrapes(number, number + 0.75))
    size = house.parts.pushed.waiting_bytes("prom")
    monkeypatch.setattr("workers.receiving.MOST_WAITING_BYTES", size // 2)
    house.parts.hand.move(6)
    house.send(scrapes(0, 0.5))
    kept = [one.blocks[0].at.min() for one in house.parts.pushed.after("prom", 0, 100)]
    assert kept[-1] == at(0)
    assert 3 <= len(kept) <= 6
    shed = house.parts.pushed.shed_bodies("prom")
    assert shed == 11 - len(kept)
    assert ("samples", f"prom: {shed} bodies of samples are lost") in [
        (kind, why[: len(f"prom: {shed} bodies of samples are lost")])
        for kind, why in house.parts.heard.faults
    ]
    house.gather_at(minute(0.5))
    assert max(house.values()[RATE]) == 0


def test_samples_that_no_tick_can_be_made_of_are_forgotten(house: House) -> None:
    for number in range(-20, 1):
        house.send(scrapes(number, number + 0.75))
    house.gather_at(minute(0.5))
    kept = house.parts.pushed.after("prom", 0, 100)
    assert 6 <= len(kept) <= 8


def test_a_fault_that_is_pushed_is_detected(house: House) -> None:
    good, bad = {"code": "200"}, {"code": "500"}
    for number in range(-240, 15):
        rate = 10.0 if number >= 0 else 0.05
        for told, value in ((good, 20.0), (bad, rate)):
            labels = {"__name__": "requests_total", "service": "shop", **told}
            since = 60 * (number + 500) * value if told is good else 0
            if told is bad:
                since = 60 * (0.05 * min(number + 500, 500) + 10 * max(number, 0))
            house.send([(labels, at(number), since)])
        house.gather_at(minute(number + 0.5))
        house.parts.drain(without=("correlate.env",))
    kinds = {one.kind for one in house.parts.symptoms.open_symptoms("prod")}
    assert SymptomKind.ANOMALY in kinds


def shop_at(folder: Path, redis_url: str) -> House:
    clock = HandClock(minute(0))
    return House(Installation(settings_in(folder, redis_url), clock))


PIECES = [
    told
    for number in range(-6, 3)
    for told in (
        counted(number, 2.0, pod="a"),
        counted(number + 0.25, 3.0 if number < 0 else -90.0, pod="b"),  # starts anew at 0
        ({"__name__": "pool_used", "service": "shop"}, at(number + 0.1), float(number)),
    )
]


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(order=st.permutations(range(len(PIECES))), again=st.sets(st.integers(0, len(PIECES) - 1)))
def test_the_order_of_samples_and_their_repeats_change_nothing(
    order: list[int],
    again: set[int],
    tmp_path_factory: pytest.TempPathFactory,
    empty_redis_url: str,
) -> None:
    found = []
    for chosen in (range(len(PIECES)), [*order, *again]):
        house = shop_at(tmp_path_factory.mktemp("shop"), empty_redis_url)
        told = [PIECES[one] for one in chosen]
        house.parts.hand.at = minute(2.2)
        for begin in range(0, len(told), 5):
            house.send(told[begin : begin + 5])
        house.gather_at(minute(2.5))
        found.append(house.values())
        house.parts.dispose()
    assert found[0] == found[1]


def test_the_command_lists_what_is_kept_and_what_is_not(
    parts: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(parts, replace(PROM, most_series=1))
    house.send([counted(0, pod="a"), counted(0, pod="b"), ({"__name__": "up"}, at(0), 1.0)])
    parts.hand.move(6)
    house.send([])
    monkeypatch.setattr("workers.commands.signals.client", lambda _config: parts)
    said = CliRunner().invoke(cli.app, ["signals", "metrics"]).output
    assert said.splitlines() == [
        "prom: requests_total: 1 series kept, 1 beyond the cap, 1 samples not asked for",
        "prom: up: 0 series kept, 1 samples not asked for",
    ]


DAY = 24 * 60


class Churn(House):
    """A house whose source may have two series of a metric, and is sent those of pods."""

    def __init__(self, parts: Installation) -> None:
        super().__init__(parts, replace(PROM, most_series=2))

    def send_at(self, minutes: float, *pods: str) -> int:
        """Send a minute of some pods' samples; return how many were kept."""
        self.parts.hand.at = minute(minutes)
        told = [one for pod in pods for one in scrapes(minutes - 1, minutes, pod=pod)]
        kept, pushed = self.receiver.take(self.rules, remote_write(told), TYPE)
        kept.result(10)
        return pushed.kept

    def send_for_minutes(self, pod: str) -> None:
        """Send a pod's samples for longer than rates look back, and have them worked."""
        for minutes in range(1, 8):
            self.send_at(minutes, pod)
        self.gather_at(minute(7.5))

    def numbers(self) -> dict[str, int]:
        found = self.parts.pushed.series("prom").items()
        return {dict(one.key.labels)["pod"]: number for number, one in found}


def test_pods_that_are_gone_make_room_for_others(parts: Installation) -> None:
    house = Churn(parts)
    assert house.send_at(0, "a", "b", "c") == 10
    assert house.send_at(DAY / 2, "d") == 0
    house.restart()
    assert house.send_at(DAY / 2, "a", "b", "d") == 10
    assert house.send_at(DAY * 1.1, "a", "d") == 5  # b was there within a day
    assert house.send_at(DAY * 2.5, "d", "e") == 10
    assert house.numbers() == {"a": 0, "b": 1, "d": 2, "e": 3}


def test_a_pod_that_comes_back_after_it_was_forgotten_is_a_new_one(parts: Installation) -> None:
    house = Churn(parts)
    house.send_at(0, "a", "b")
    for day in range(1, 9):
        house.send_at(DAY * day, "b")
        parts.forget.run()
    assert house.numbers() == {"b": 1}
    assert house.send_at(DAY * 9, "a") == 5
    assert house.numbers() == {"b": 1, "a": 2}


def test_samples_of_a_series_that_is_forgotten_stand_in_nobodys_way(parts: Installation) -> None:
    house = Churn(parts)
    house.send_at(0, "a", "b")
    parts.pushed.prune_series(minute(1), minute(1))
    house.restart()
    house.send_for_minutes("c")
    assert house.numbers() == {"c": 2}
    rates = house.values()[RATE]
    assert min(rates) == 1
    assert rates[6] == pytest.approx(2.0)


def test_a_series_with_a_lower_number_outlives_one_that_is_forgotten(parts: Installation) -> None:
    house = Churn(parts)
    house.send_at(0, "a", "b")
    parts.pushed.keep("prom", [parts.pushed.series("prom")[0]], minute(2))
    parts.pushed.prune_series(minute(1), minute(1))
    house.restart()
    house.send_for_minutes("a")
    assert house.numbers() == {"a": 0}
    assert house.values()[RATE][6] == pytest.approx(2.0)


def test_what_is_held_of_series_that_are_forgotten_is_left_behind(parts: Installation) -> None:
    house = Churn(parts)
    house.send_at(0, "a", "b")
    house.gather_at(minute(0.5))
    parts.pushed.prune_series(minute(1), minute(1))
    house.restart_web()
    house.send_for_minutes("c")
    assert ("ingest.gather", ("prom",)) in parts.tasks.tasks
    house.gather_at(minute(7.5))
    assert house.numbers() == {"c": 2}
    assert house.values()[RATE][6] == pytest.approx(2.0)


def test_bodies_are_taken_while_another_thread_looks_how_much_waits(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.send(scrapes(-5, 0))
    looks, may_go_on = Event(), Event()

    def look(_source: str) -> int:
        looks.set()
        assert may_go_on.wait(10)
        return 0

    monkeypatch.setattr(house.parts.pushed, "waiting_bytes", look)
    house.parts.hand.move(10)
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(house.send, scrapes(0.25, 0.5))
        try:
            assert looks.wait(10)
            house.send(scrapes(0.75, 1))
        finally:
            may_go_on.set()
        first.result(10)
