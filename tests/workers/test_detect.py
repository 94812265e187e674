"""Closed ticks → symptoms."""

import shutil
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from aiops.domain.errors import StoreError
from aiops.domain.symptoms import FactKind, Symptom, SymptomFact
from aiops.domain.ticks import Tick
from aiops.store.engine import open_engine, reading
from aiops.store.signals import HistoryStore
from aiops.store.tables import SYMPTOM_FACTS, SYMPTOMS
from tests.builders import minute, series
from tests.workers.installation import Installation
from tests.workers.tables import source

SHARD = "shop.prod.0"
SPAN = timedelta(hours=4)


class KilledError(Exception):
    """Stands for a kill -9 at this point."""


class KilledBeforeTheCursorMoves(HistoryStore):
    """A store whose process dies when the cursor is to move."""

    killed = False

    def advance_cursor(self, *args: Any, **more: Any) -> bool:
        if not self.killed:
            self.killed = True
            raise KilledError
        return super().advance_cursor(*args, **more)


@pytest.fixture
def shop(parts: Installation) -> Installation:
    """The shop with four hours of past, and a fault from 10:03 until 10:20."""
    parts.fed["shop"] = source(bad_from=3, bad_until=20)
    parts.poll.back_fill("shop", SPAN, 60)
    return parts


def poll_until(parts: Installation, minutes: float) -> None:
    parts.hand.at = minute(minutes) + timedelta(seconds=2)
    parts.poll.run("shop")


def kinds(parts: Installation) -> list[FactKind]:
    return [fact.kind for fact in parts.symptoms.uncorrelated("prod", minute(1000))]


def open_ids(parts: Installation) -> set[str]:
    return {symptom.id for symptom in parts.symptoms.open_symptoms("prod")}


def test_a_fault_becomes_symptoms_and_wakes_correlation_once(shop: Installation) -> None:
    poll_until(shop, 14)
    shop.tasks.tasks.clear()
    shop.detect.run(SHARD)
    services = {symptom.service for symptom in shop.symptoms.open_symptoms("prod")}
    assert services == {"checkout", "payment-service"}
    assert list(shop.tasks.tasks) == [("correlate.env", ("prod",))]
    assert shop.history.load_state(SHARD).cursor == minute(14)


def test_correlation_is_woken_by_the_last_shard_of_an_environment(shop: Installation) -> None:
    other = Tick(at=minute(14), values=np.zeros(1, dtype=np.float32))
    shop.history.add_series("push.prod.0", "prod", "push", 60, [series("search", "error_ratio")])
    shop.history.append_ticks("push.prod.0", [other])
    poll_until(shop, 14)
    shop.tasks.tasks.clear()
    shop.detect.run(SHARD)
    assert not shop.tasks.tasks
    shop.detect.run("push.prod.0")
    assert list(shop.tasks.tasks) == [("correlate.env", ("prod",))]


def test_a_duplicate_task_finds_nothing_to_do(shop: Installation) -> None:
    poll_until(shop, 14)
    shop.detect.run(SHARD)
    before, progress = kinds(shop), shop.history.load_state(SHARD)
    shop.detect.run(SHARD)
    assert kinds(shop) == before
    assert shop.history.load_state(SHARD) == progress


def test_a_worker_killed_before_the_cursor_moves_loses_and_doubles_nothing(
    shop: Installation,
) -> None:
    poll_until(shop, 14)
    engine = open_engine(shop.settings.history_url, durable=False)
    deadly = KilledBeforeTheCursorMoves(engine)
    shop.history = deadly
    with pytest.raises(KilledError):
        shop.detect.run(SHARD)
    assert shop.history.load_state(SHARD).cursor == minute(0)
    stored = kinds(shop)
    assert FactKind.OPENED in stored
    shop.detect.run(SHARD)
    assert kinds(shop) == stored
    assert shop.history.load_state(SHARD).cursor == minute(14)
    engine.dispose()


def test_symptoms_that_cannot_be_stored_leave_the_cursor_where_it_was(
    shop: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    poll_until(shop, 14)

    def full(_facts: object, traceparent: str = "") -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(shop.symptoms, "append_facts", full)
    with pytest.raises(StoreError):
        shop.detect.run(SHARD)
    assert shop.history.load_state(SHARD).cursor == minute(0)


def test_long_catching_up_is_done_in_batches(
    shop: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    poll_until(shop, 30)
    shop.detect.run(SHARD)
    at_once = kinds(shop)
    assert at_once.count(FactKind.ENDED) == at_once.count(FactKind.OPENED) > 0
    monkeypatch.setattr("workers.stages.detect.BATCH_TICKS", 10)
    poll_until(shop, 60)
    shop.tasks.tasks.clear()
    shop.detect.run(SHARD)
    assert ("detect.advance", (SHARD,)) in shop.tasks.tasks
    shop.drain(without=["correlate.env"])
    assert shop.history.load_state(SHARD).cursor == minute(60)


def test_the_sweep_finds_what_was_never_enqueued(shop: Installation) -> None:
    poll_until(shop, 14)
    shop.tasks.tasks.clear()
    shop.detect.sweep()
    assert list(shop.tasks.tasks) == [("detect.advance", (SHARD,))]
    shop.drain(without=["correlate.env"])
    shop.detect.sweep()
    assert not shop.tasks.tasks


def test_a_state_that_cannot_be_read_is_told_and_worked_out_again(shop: Installation) -> None:
    poll_until(shop, 14)
    shop.detect.run(SHARD)
    before = open_ids(shop)
    assert before
    shop.history.advance_cursor(SHARD, minute(14), minute(14), b"junk", profile_version=0)
    shutil.rmtree(shop.settings.data_dir / "cache")
    poll_until(shop, 40)
    shop.detect.run(SHARD)
    assert [kind for kind, _ in shop.heard.faults] == ["state"]
    assert SHARD in shop.heard.faults[0][1]
    # The same symptoms end that had begun; none was begun a second time.
    assert open_ids(shop) == set()
    ended = [one for one in facts(shop) if one.kind is FactKind.ENDED]
    assert {one.symptom.id for one in ended} == before == {one.id for one in symptoms(shop)}


def test_a_profile_that_cannot_be_read_is_told_and_fitted_again(shop: Installation) -> None:
    shop.history.save_profile(SHARD, b"junk", fitted_at=minute(0))
    poll_until(shop, 1)
    shop.tasks.tasks.clear()
    shop.detect.run(SHARD)
    assert [kind for kind, _ in shop.heard.faults] == ["state"]
    assert ("fit.shard", (SHARD,)) in shop.tasks.tasks
    shop.drain()
    version, _ = shop.history.load_profile(SHARD) or (0, b"")
    assert version == 2
    poll_until(shop, 2)
    shop.drain()
    assert len(shop.heard.faults) == 1
    assert shop.history.load_state(SHARD).profile_version == 2


def test_a_new_profile_is_adopted_while_a_symptom_is_open(shop: Installation) -> None:
    poll_until(shop, 14)
    shop.detect.run(SHARD)
    before = open_ids(shop)
    shop.fit.run(SHARD)
    poll_until(shop, 16)
    shop.detect.run(SHARD)
    assert shop.history.load_state(SHARD).profile_version == 1
    assert open_ids(shop) == before


def test_readings_of_kpis_are_kept_for_impact(shop: Installation) -> None:
    poll_until(shop, 14)
    shop.detect.run(SHARD)
    window = shop.history.kpi_window("prod", minute(0), minute(14))
    assert window is not None
    assert [one.kpi for one in window.series] == ["revenue per minute"]
    assert len(window.times) == 14


def facts(parts: Installation) -> list[SymptomFact]:
    from aiops.store.codec import decode

    with reading(parts._engine) as connection:
        docs = connection.scalars(select(SYMPTOM_FACTS.c.doc)).all()
    return [decode(SymptomFact, doc) for doc in docs]


def symptoms(parts: Installation) -> list[Symptom]:
    from aiops.store.codec import decode

    with reading(parts._engine) as connection:
        docs = connection.scalars(select(SYMPTOMS.c.doc)).all()
    return [decode(Symptom, doc) for doc in docs]
