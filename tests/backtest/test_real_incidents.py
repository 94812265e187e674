"""Two days running a service fails for six hours: what the third day's band is.

Five calm days at fifteen minutes, then two on which errors rise from 10:00 to 16:00.
"""

from datetime import timedelta
from functools import cache

import numpy as np
import pytest

from aiops.backtest import Backtest, Replay
from aiops.domain.environment import Knowledge
from aiops.domain.incidents import Incident
from aiops.domain.outcomes import Outcome
from aiops.domain.policies import Mode, PagingPolicy, Policies
from aiops.domain.ticks import Floats, History, Shard, Tick
from aiops.domain.time import utc
from tests.builders import minute, series, shop

STEP = 900
DAY = 86_400
MIDNIGHT = int(minute(0).timestamp()) // DAY * DAY
SERIES = (
    series("checkout", "error_ratio"),
    series("checkout", "latency_p95_seconds"),
    series("search", "latency_p95_seconds"),
)
CALM = 5


def values(first: int, days: int, *, fails: bool = False) -> History:
    """Return series of some days from a first one on; where checkout fails, for six hours a day."""
    start = MIDNIGHT + first * DAY
    times = np.arange(start, start + days * DAY, STEP, dtype=np.int64)
    random = np.random.default_rng(first)
    level = np.array([0.004, 0.12, 0.09])
    found = level * (1 + 0.05 * random.standard_normal((len(times), 3)))
    hour = times % DAY // 3600
    if fails:
        found[(hour >= 10) & (hour < 16)] *= [20, 6, 1]
    return History(times=times, values=found.astype(np.float32))


def knowledge(mode: Mode = Mode.IN_PATH) -> Knowledge:
    return shop(policies=Policies(paging=PagingPolicy(mode=mode)))


def played(
    *, fails: bool = True, mode: Mode = Mode.IN_PATH, judged: tuple[Outcome, ...] = ()
) -> Backtest:
    """Return where the replay stands after the two days, and a calm hour to fit in."""
    shard = Shard(id="s.prod.0", env="prod", step_seconds=STEP, series=SERIES)
    test = Backtest(
        Replay(shard=shard, chunks=lambda: iter(()), baseline=values(0, CALM), judged=judged),
        knowledge(mode),
    )
    failing = values(CALM, 2, fails=fails)
    after = values(CALM + 2, 1)
    for part in (failing, History(times=after.times[:4], values=after.values[:4])):
        for at, row in zip(part.times.tolist(), part.values, strict=True):
            test.feed(Tick(at=utc(at), values=row))
    return test


@cache
def usual(*, fails: bool) -> Floats:
    return band(played(fails=fails))


def band(test: Backtest) -> Floats:
    """Return half the width of the band of every series where it is widest."""
    scale = test.watch.profile.fitted["seasonal"]["scale"]
    return np.asarray(scale.max(axis=0), dtype=np.float64)


def incidents(test: Backtest) -> list[Incident]:
    return test.finish().incidents


def noise(incident: Incident, *, at: float = 0, real: bool = False) -> Outcome:
    judged_at = incident.detected_at + timedelta(minutes=at)
    return Outcome(incident_id=incident.id, at=judged_at, judged_by="ann", real=real)


def test_after_two_failing_days_the_band_of_the_third_is_as_before() -> None:
    assert usual(fails=True) == pytest.approx(usual(fails=False), rel=0.2)


def test_an_incident_labelled_as_noise_is_learnt() -> None:
    judged = tuple(noise(one) for one in incidents(played()))
    learnt = band(played(judged=judged))
    assert learnt[0] > 3 * usual(fails=True)[0]
    assert learnt[1] > 3 * usual(fails=True)[1]
    assert learnt[2] == pytest.approx(usual(fails=True)[2])


def test_a_label_counts_from_when_it_was_given() -> None:
    (*_, last) = incidents(played())
    judged = tuple(noise(one, at=1e6) for one in (last,))
    assert band(played(judged=judged)) == pytest.approx(usual(fails=True))


def test_where_nobody_is_paged_what_would_have_paged_is_not_learnt_either() -> None:
    assert band(played(mode=Mode.OBSERVE)) == pytest.approx(usual(fails=True))
