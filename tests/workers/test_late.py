"""A source that answers again for what it was silent about."""

from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import select

from aiops.domain.incidents import Decision
from aiops.domain.policies import Mode, PagingPolicy, Policies
from aiops.domain.symptoms import SymptomFact, SymptomKind
from aiops.domain.ticks import Tick
from aiops.store.codec import decode
from aiops.store.engine import reading
from aiops.store.tables import SYMPTOM_FACTS
from tests.builders import minute, shop
from tests.workers.installation import Installation, TableSource
from tests.workers.tables import source

SHARD = "shop.prod.0"
SPAN = timedelta(hours=4)
IN_PATH = Policies(paging=PagingPolicy(mode=Mode.IN_PATH))


class Blind:
    """The small shop whose source is silent from 10:01 until a test lets it answer."""

    def __init__(self, parts: Installation, table: TableSource) -> None:
        self.parts, self.table = parts, table
        parts._known = shop(policies=IN_PATH)
        parts.fed["shop"] = table
        parts.poll.back_fill("shop", SPAN, 60)
        self.until(0, 0)
        table.down = True

    def until(self, first: int, last: int) -> None:
        """Poll every minute, with everything that follows from it."""
        for number in range(first, last + 1):
            self.parts.hand.at = minute(number) + timedelta(seconds=2)
            self.parts.poll.run("shop")
            self.parts.drain(without=["learn.remember"])

    def anomalies(self) -> list[SymptomFact]:
        query = select(SYMPTOM_FACTS.c.doc).order_by(SYMPTOM_FACTS.c.at, SYMPTOM_FACTS.c.id)
        with reading(self.parts._engine) as connection:
            facts = [decode(SymptomFact, doc) for doc in connection.scalars(query)]
        return [fact for fact in facts if fact.symptom.kind is SymptomKind.ANOMALY]


@pytest.fixture
def blind(parts: Installation) -> Blind:
    return Blind(parts, source(bad_from=3, bad_until=12))


def test_what_was_missed_is_in_the_history_once_the_source_answers(blind: Blind) -> None:
    blind.until(1, 30)
    blind.table.down = False
    blind.until(31, 31)
    history = blind.parts.history.history(SHARD, minute(0), minute(31))
    assert len(history.times) == 32
    assert not np.isnan(history.values).any()
    assert blind.parts.late.silent_since("shop") is None


def test_a_problem_that_was_over_by_then_is_recorded_and_pages_nobody(blind: Blind) -> None:
    blind.until(1, 30)
    blind.table.down = False
    blind.until(31, 33)
    onsets = {fact.symptom.onset for fact in blind.anomalies()}
    assert min(onsets) == minute(3)
    assert not any(fact.symptom.is_open for fact in blind.anomalies()[-2:])
    (recorded,) = [one for one in blind.parts.incidents.recent() if "checkout" in one.blast.sick]
    assert recorded.started_at == minute(3)
    assert (recorded.decision, recorded.told) == (Decision.NONE, ())


def test_a_problem_that_lasts_is_one_incident_from_its_first_tick(parts: Installation) -> None:
    blind = Blind(parts, source(bad_from=12, bad_until=60))
    blind.until(1, 20)
    blind.table.down = False
    blind.until(21, 24)
    (incident,) = [one for one in parts.incidents.recent() if "checkout" in one.blast.sick]
    assert incident.is_live
    assert incident.started_at == minute(12)
    assert incident.decision is Decision.TICKET


def test_money_lost_unseen_is_counted_when_it_becomes_known(parts: Installation) -> None:
    blind = Blind(parts, source(bad_from=12, bad_until=60))
    blind.until(1, 20)
    blind.table.down = False
    blind.until(21, 24)
    (incident,) = [one for one in parts.incidents.recent() if one.started_at == minute(12)]
    (impact,) = [one for one in incident.impacts if one.is_money]
    assert impact.total == pytest.approx(1500 * 12, rel=0.2)


def test_late_values_alone_are_judged_too(blind: Blind) -> None:
    blind.until(1, 15)
    parts = blind.parts
    bad = source(bad_from=3, bad_until=12).values[240 + 5]
    late = [Tick(at=minute(5), values=bad), Tick(at=minute(6), values=bad)]
    assert parts.late.append(SHARD, late) == 2
    parts.detect.sweep()
    parts.drain(without=["learn.remember"])
    assert {fact.symptom.onset for fact in blind.anomalies()} == {minute(5)}
    assert parts.extents.unscored() == ()


def test_asking_again_changes_nothing(blind: Blind) -> None:
    blind.until(1, 15)
    blind.table.down = False
    blind.until(16, 16)
    before = blind.parts.late.after(SHARD, 0)
    asked = len(blind.table.asked)
    blind.until(16, 17)
    assert len(blind.table.asked) == asked + 1
    assert [one.number for one in blind.parts.late.after(SHARD, 0)] == [
        one.number for one in before
    ]


def test_a_poller_killed_before_the_newer_ticks_asks_for_the_late_ones_again(
    blind: Blind, monkeypatch: pytest.MonkeyPatch
) -> None:
    blind.until(1, 15)
    blind.table.down = False

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(blind.parts.poll, "_pull", killed)
        with pytest.raises(KeyboardInterrupt):
            blind.until(16, 16)
    blind.until(16, 16)
    history = blind.parts.history.history(SHARD, minute(0), minute(16))
    assert not np.isnan(history.values).any()


def test_a_source_that_fails_again_on_the_late_ones_is_silent_still(blind: Blind) -> None:
    blind.until(1, 20)
    assert blind.parts.late.after(SHARD, 0) == ()
    assert len(blind.parts.history.ticks_after(SHARD, minute(0))) == 15


def test_a_running_state_that_is_lost_is_rebuilt_with_what_came_late(blind: Blind) -> None:
    blind.until(1, 30)
    blind.table.down = False
    blind.until(31, 31)
    parts = blind.parts
    progress = parts.history.load_state(SHARD)
    assert progress.cursor is not None
    held = {one.id for one in parts.symptoms.open_symptoms("prod")}
    parts.history.advance_cursor(
        SHARD,
        progress.cursor,
        progress.cursor,
        b"junk",
        profile_version=progress.profile_version,
        late=(progress.late, progress.late),
    )
    blind.until(32, 33)
    assert {one.id for one in parts.symptoms.open_symptoms("prod")} <= held
