"""What people say of incidents: kept, marked on series, obeyed by detection, taken back."""

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from aiops.detect.values import ShardState
from aiops.domain.errors import InputError
from aiops.domain.marks import MarkKind
from aiops.domain.symptoms import Origin
from aiops.learn.marks import holding
from aiops.store.audit import AuditLog
from aiops.store.marks import MarkStore
from tests.builders import minute
from tests.workers.installation import Installation
from tests.workers.tables import SERIES, source
from workers import cli
from workers.judgement import judge, take_back

SHARD = "shop.prod.0"
ERRORS = "checkout:error_ratio"


@pytest.fixture
def shop(parts: Installation) -> Installation:
    """The small shop at 10:30, its incident of 10:03 over."""
    parts.fed["shop"] = source(3, 20)
    parts.poll.back_fill("shop", timedelta(hours=4), 60)
    go_on(parts, until=30)
    return parts


def go_on(parts: Installation, *, until: float) -> None:
    parts.fit.due()
    parts.drain()
    parts.hand.at = minute(until) + timedelta(seconds=2)
    parts.poll.run("shop")
    parts.drain()


def bars(parts: Installation) -> dict[str, float]:
    """Return by how much the bars of every series were moved at the last checkpoint."""
    shard = parts.history.shard(SHARD)
    state = ShardState.from_bytes(parts.history.load_state(SHARD).state or b"", shard)
    factors = np.round(state.memory["seasonal"]["factor"].astype(float), 2)
    names = [f"{one.key.service}:{one.key.metric}" for one in shard.series]
    return dict(zip(names, factors.tolist(), strict=True))


def test_noise_raises_the_bars_of_the_series_it_began_with(shop: Installation) -> None:
    marks = judge(shop, "INC-1001", real=False, by="ann", why="a test")
    assert ERRORS in {one.name for one in marks}
    assert {one.kind for one in marks} == {MarkKind.NOISY}
    go_on(shop, until=100)
    assert bars(shop)[ERRORS] == 1.5


def test_a_word_that_it_mattered_lowers_them(shop: Installation) -> None:
    judge(shop, "INC-1001", real=True, by="ann")
    go_on(shop, until=100)
    assert bars(shop)[ERRORS] == 0.7


def test_what_is_taken_back_is_as_before(shop: Installation) -> None:
    judge(shop, "INC-1001", real=False, by="ann")
    go_on(shop, until=100)
    assert take_back(shop, ERRORS, by="bob", why="it does matter").kind is MarkKind.NOISY
    go_on(shop, until=170)
    assert bars(shop)[ERRORS] == 1.0


def test_a_mark_of_another_origin_moves_nothing(shop: Installation) -> None:
    judge(shop, "INC-1001", real=False, by="ann")
    drill = MarkStore(shop._engine, origins={Origin.DRILL})
    assert drill.all() == ()
    assert shop.marks.all() != ()


def test_who_said_what_is_in_the_audit_log(shop: Installation) -> None:
    judge(shop, "INC-1001", real=False, by="ann", why="a test")
    take_back(shop, ERRORS, by="bob", why="sorry")
    log = AuditLog(shop._engine)
    (entry,) = log.entries(subject="INC-1001")
    assert (entry.actor, entry.action, entry.at) == ("ann", "dismiss", shop.hand.at)
    assert entry.detail.startswith("a test, ")
    assert "checkout:error_ratio noisy" in entry.detail
    (entry,) = log.entries(subject=ERRORS)
    assert (entry.actor, entry.action, entry.detail) == ("bob", "take back", "sorry")


def test_a_judgement_is_what_memory_goes_by(shop: Installation) -> None:
    judge(shop, "INC-1001", real=False, by="ann")
    assert not any(one.real for one in shop.memory.recall())
    assert not shop.memory.words_of_people()[0].real


def test_what_there_is_not_is_refused_with_what_there_is(shop: Installation) -> None:
    with pytest.raises(InputError, match="no incident INC-7"):
        judge(shop, "INC-7", real=True, by="ann")
    with pytest.raises(InputError, match="no mark holds on 'a:b'; there is none at all"):
        take_back(shop, "a:b", by="ann")


def test_the_commands_say_what_they_did(
    shop: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.commands.judge.client", lambda _config: shop)

    def said(*words: str) -> str:
        done = CliRunner().invoke(cli.app, words)
        assert done.exit_code == 0, done.output
        return done.output

    told = said("judge", "inc-1001", "--noise", "--by", "ann", "--why", "a test")
    assert told.startswith("INC-1001 is noise\n")
    line = "checkout:error_ratio  noisy  by ann on 18 Apr 2026 until 18 May 2026, of INC-1001"
    assert f"{line}: a test\n" in told
    assert f"{line}: a test\n" in said("marks", "list")
    (errors,) = [one for one in json.loads(said("marks", "list", "--json")) if one["why"]][:1]
    assert (errors["kind"], errors["by"], errors["incident_id"]) == ("noisy", "ann", "INC-1001")
    assert said("marks", "take-back", ERRORS) == f"{ERRORS} is no longer noisy\n"
    assert ERRORS not in said("marks", "list")
    held = holding(shop.marks.all(), shop.hand.at)
    assert {one.name for one in held} <= {f"{x.key.service}:{x.key.metric}" for x in SERIES}
