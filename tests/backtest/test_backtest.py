"""The driver on a small system whose one service breaks after a deploy."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from aiops.backtest import (
    FIRST_NUMBER,
    KPI_LOOKBACK,
    Backtest,
    Replay,
    has_open_work,
    known_changes,
    kpi_window_start,
    next_fit_at,
    run,
)
from aiops.domain.changes import Change, ChangeKind
from aiops.domain.environment import EnvState, Knowledge
from aiops.domain.policies import Mode, PagingPolicy, Policies
from aiops.domain.ticks import History, Shard, Tick
from aiops.domain.time import utc
from tests.builders import minute, revenue, series, symptom
from topology.graph import Edge, ServiceGraph

DAY_TICKS = 1440
BREAKS_AT = 90
START = int(minute(0).timestamp())


def knowledge() -> Knowledge:
    return Knowledge(
        graph=ServiceGraph.from_edges((), [Edge(caller="web", callee="pay")]),
        policies=Policies(paging=PagingPolicy(mode=Mode.IN_PATH)),
    )


def history(first_tick: int, ticks: int, *, breaks_at: int | None) -> History:
    """Return error ratio and latency of two services; those of `pay` rise at `breaks_at`."""
    random = np.random.default_rng(3)
    values = random.normal([0.004, 0.12, 0.003, 0.08], [0.0004, 0.004, 0.0003, 0.003], (ticks, 4))
    if breaks_at is not None:
        values[breaks_at : breaks_at + 20] *= [12, 4, 25, 6]
    times = START + 60 * np.arange(first_tick, first_tick + ticks, dtype=np.int64)
    return History(times=times, values=values.astype(np.float32))


def deploy(at: float) -> Change:
    return Change(
        id=f"deploy-{at}",
        kind=ChangeKind.DEPLOY,
        service="pay",
        ref="v2",
        started_at=minute(at),
    )


def replay(chunk_ticks: int = 1000, changes: tuple[Change, ...] = ()) -> Replay:
    """Return two fault-free days and three hours in which `pay` breaks."""
    shard = Shard(
        id="s.prod.0",
        env="prod",
        step_seconds=60,
        series=tuple(
            series(service, metric)
            for service in ("web", "pay")
            for metric in ("error_ratio", "latency_p95_seconds")
        ),
    )
    played = history(0, 180, breaks_at=BREAKS_AT)

    def chunks() -> Iterator[History]:
        for first in range(0, len(played.times), chunk_ticks):
            rows = slice(first, first + chunk_ticks)
            yield History(times=played.times[rows], values=played.values[rows])

    return Replay(
        shard=shard,
        chunks=chunks,
        changes=changes,
        baseline=history(-2 * DAY_TICKS, 2 * DAY_TICKS, breaks_at=None),
    )


def test_a_fault_after_a_deploy_is_one_incident_that_names_it() -> None:
    result = run(replay(changes=(deploy(BREAKS_AT - 2),)), knowledge())
    (incident,) = result.incidents
    assert incident.id == f"INC-{FIRST_NUMBER}"
    assert incident.started_at == minute(BREAKS_AT)
    assert incident.causes[0].service == "pay"
    assert incident.causes[0].change is not None
    assert result.next_number == FIRST_NUMBER + 1
    assert result.facts


@pytest.mark.parametrize("chunk_ticks", [1, 7, 60])
def test_how_ticks_are_cut_into_chunks_changes_nothing(chunk_ticks: int) -> None:
    whole, cut = (run(replay(size), knowledge()) for size in (1000, chunk_ticks))
    assert whole.incidents == cut.incidents
    assert whole.facts == cut.facts
    assert whole.notifications == cut.notifications


def test_what_comes_later_changes_nothing_that_was_said_before() -> None:
    changes = (deploy(BREAKS_AT - 2), deploy(BREAKS_AT + 30))
    told = []
    for known in (changes, changes[:1]):
        backtest = Backtest(replay(changes=known), knowledge())
        advances = []
        for at, values in _ticks(BREAKS_AT + 20):
            advances.append(backtest.feed(Tick(at=at, values=values)).revisions)
        told.append(advances)
    assert told[0] == told[1]


def test_a_tick_that_comes_twice_changes_nothing() -> None:
    once, twice = Backtest(replay(), knowledge()), Backtest(replay(), knowledge())
    for at, values in _ticks(180):
        once.feed(Tick(at=at, values=values))
        twice.feed(Tick(at=at, values=values))
        again = twice.feed(Tick(at=at, values=values))
        assert not again.revisions
        assert not again.notifications
    assert once.finish() == twice.finish()


def test_incidents_of_a_further_environment_count_on() -> None:
    result = run(replay(), knowledge(), first_number=5000)
    assert result.incidents[0].id == "INC-5000"


def test_progress_is_told_the_end_of_every_chunk() -> None:
    told: list[datetime] = []
    run(replay(60), knowledge(), progress=told.append)
    assert told == [minute(59), minute(119), minute(179)]


def test_without_history_what_is_found_is_young() -> None:
    young = replace(replay(), baseline=None)
    assert run(young, knowledge()).incidents[0].symptoms[0].young


def test_the_next_fit_doubles_the_history_until_it_is_daily() -> None:
    first = utc(0)
    hours = [0.0]
    fitted = None
    while hours[-1] < 72:
        fitted = next_fit_at(first, fitted, 60)
        hours.append((fitted - first) / timedelta(hours=1))
    assert hours[1:] == [1, 2, 4, 8, 16, 32, 56, 80]


def test_a_change_is_known_once_it_began_without_its_end_and_until_it_is_old() -> None:
    change = replace(deploy(0), ended_at=minute(10))
    day = 86_400
    assert known_changes([change], minute(-1), day) == ()
    assert known_changes([change], minute(5), day) == (replace(change, ended_at=None),)
    assert known_changes([change], minute(10), day) == (change,)
    assert known_changes([change], minute(2 * 1440), day) == (change,)
    assert known_changes([change], minute(2 * 1440 + 1), day) == ()


def test_readings_are_needed_from_before_the_earliest_onset_that_is_not_over() -> None:
    open_symptom = symptom(revenue(), at=3)
    over = symptom(revenue(), at=-300, until=-200)
    env = EnvState(env="prod", symptoms=(over, open_symptom))
    assert kpi_window_start(env, (), minute(30)) == minute(3) - KPI_LOOKBACK
    assert kpi_window_start(EnvState(env="prod"), (), minute(30)) == minute(30) - KPI_LOOKBACK


def test_an_open_symptom_is_open_work_and_an_ended_one_is_none() -> None:
    assert has_open_work(EnvState(env="prod", symptoms=(symptom(revenue()),)))
    assert not has_open_work(EnvState(env="prod", symptoms=(symptom(revenue(), until=5),)))
    assert not has_open_work(EnvState(env="prod"))


def _ticks(count: int) -> Iterator[tuple[datetime, np.ndarray]]:
    played = history(0, 180, breaks_at=BREAKS_AT)
    for at, values in zip(played.times[:count].tolist(), played.values[:count], strict=True):
        yield datetime.fromtimestamp(at, tz=UTC), values
