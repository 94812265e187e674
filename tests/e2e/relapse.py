"""The small shop with the same fault twice, the second one after the first one's watch."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from aiops.backtest import Replay, run
from aiops.domain.environment import Knowledge
from aiops.domain.incidents import Incident
from aiops.domain.policies import LifePolicy, Mode, PagingPolicy, Policies
from aiops.domain.ticks import History, Shard
from tests.builders import minute, shop
from tests.workers import tables
from tests.workers.installation import HandClock, Installation, TableSource, settings_in
from workers.knowledge import Remembering

MINUTES = 80
POLICIES = Policies(
    paging=PagingPolicy(mode=Mode.IN_PATH),
    life=LifePolicy(mitigated_after_seconds=600, watch_seconds=900),
)
_KNOWN = shop(policies=POLICIES)
# In the order of slots: the medians of young series are brought up to date in turns, by slot.
_ORDER = sorted(range(len(tables.SERIES)), key=lambda at: tables.SERIES[at].key.fingerprint)
_SERIES = tuple(tables.SERIES[at] for at in _ORDER)
_FIRST_FAULT = tables.values(3, 20)
_SECOND_FAULT = tables.values(60, 90)
_VALUES = np.where(np.arange(480)[:, None] < 290, _FIRST_FAULT, _SECOND_FAULT)[:, _ORDER]


class Learning(Installation):
    """An installation whose knowledge of the small shop grows with what it remembers."""

    def knowledge(self) -> Knowledge:
        return Remembering(_KNOWN, self.memory, self.archives, pytest.fail).now()


def backtested() -> list[Incident]:
    """Return the incidents of the pure pipeline."""

    def table(first: int, last: int) -> History:
        start = int(minute(-240).timestamp())
        times = start + 60 * np.arange(first, last + 1, dtype=np.int64)
        return History(times=times, values=_VALUES[first : last + 1])

    replay = Replay(
        shard=Shard(id="shop.prod.0", env="prod", step_seconds=60, series=_SERIES),
        chunks=lambda: iter([table(241, 240 + MINUTES)]),
        baseline=table(0, 240),
    )
    return run(replay, _KNOWN).incidents


def worked(directory: Path, redis_url: str, stride: int) -> Installation:
    """Work it through the stages, so many minutes at a time."""
    directory.mkdir()
    settings = settings_in(directory, redis_url, policies=POLICIES)
    parts = Learning(settings, HandClock(minute(0) + timedelta(seconds=2)))
    parts.fed["shop"] = TableSource(_SERIES, minute(-240), _VALUES)
    parts.poll.back_fill("shop", timedelta(hours=4), 60)
    parts.fit.due()
    parts.drain()
    for _ in range(0, MINUTES, stride):
        parts.hand.move(60 * stride)
        parts.poll.run("shop")
        parts.drain()
    return parts
