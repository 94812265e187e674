"""A day in which an incident was real teaches the workers what it teaches the backtest."""

from datetime import timedelta

import numpy as np
import pytest

from aiops.backtest import Backtest, Replay
from aiops.detect import engine
from aiops.domain.outcomes import Outcome
from aiops.domain.symptoms import Origin
from aiops.domain.ticks import History, Packed, Shard, Tick
from aiops.domain.time import utc
from tests.builders import minute, shop
from tests.workers import tables
from tests.workers.installation import Installation, TableSource

SHARD = "shop.prod.0"
STEP = 300
PAST_MINUTES, DAY_MINUTES = 36 * 60, 36 * 60
SERIES = tuple(sorted(tables.SERIES, key=lambda one: one.key.fingerprint))


def shop_values() -> Packed:
    """Return the small shop from 36 hours before 10:00 to 36 hours after, bad for two hours."""
    calm = tables.values(minutes=PAST_MINUTES + DAY_MINUTES + 1)
    calm[PAST_MINUTES + 180 : PAST_MINUTES + 300] *= (tables.BAD / tables.CALM).astype(np.float32)
    order = [tables.SERIES.index(one) for one in SERIES]
    return np.ascontiguousarray(calm[:, order])


VALUES = shop_values()


def history(first: int, last: int) -> History:
    rows = np.arange(first, last + 1, STEP // 60, dtype=np.int64)
    times = int(minute(-PAST_MINUTES).timestamp()) + 60 * rows
    return History(times=times, values=VALUES[rows])


class SlowSource(TableSource):
    step_seconds = STEP


def worked(parts: Installation, judged: tuple[Outcome, ...]) -> None:
    """Work the day hour by hour, fits included, as beat would ask for them."""
    parts.fed["shop"] = SlowSource(SERIES, minute(-PAST_MINUTES), VALUES)
    parts.poll.back_fill("shop", timedelta(minutes=PAST_MINUTES), STEP)
    for one in judged:
        parts.memory.judge(one, origin=Origin.LIVE)
    for _ in range(0, DAY_MINUTES, 60):
        parts.fit.due()
        parts.drain()
        parts.hand.move(3600)
        parts.poll.run("shop")
        parts.drain()
    parts.fit.due()
    parts.drain()


def backtested(judged: tuple[Outcome, ...]) -> Backtest:
    shard = Shard(id=SHARD, env="prod", step_seconds=STEP, series=SERIES)
    past = history(0, PAST_MINUTES)
    test = Backtest(
        Replay(shard=shard, chunks=lambda: iter(()), baseline=past, judged=judged), shop()
    )
    day = history(PAST_MINUTES + STEP // 60, PAST_MINUTES + DAY_MINUTES)
    for at, values in zip(day.times.tolist(), day.values, strict=True):
        test.feed(Tick(at=utc(at), values=values))
    return test


NOISE = Outcome(incident_id="INC-1001", at=minute(400), judged_by="ann", real=False)


@pytest.mark.parametrize("judged", [(), (NOISE,)], ids=["real", "labelled as noise"])
def test_the_workers_learn_what_the_backtest_learns(
    parts: Installation, judged: tuple[Outcome, ...]
) -> None:
    worked(parts, judged)
    expected = backtested(judged).watch.profile
    version, blob = parts.history.load_profile(SHARD) or (0, b"")
    assert version == 2
    assert blob == expected.to_bytes()
    whole = engine.fit(
        parts.history.shard(SHARD), history(0, PAST_MINUTES + 24 * 60), shop().policies.detect
    )
    assert (blob == whole.to_bytes()) == bool(judged)
