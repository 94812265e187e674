from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import numpy as np
import orjson
import pytest

from aiops.demo.shop import Story
from aiops.domain.changes import Change, ChangeKind
from aiops.domain.series import Series, SeriesKey
from aiops.domain.ticks import History, Shard
from aiops.ingest import changes
from aiops.recording.naming import Naming
from aiops.recording.read import read
from aiops.recording.rows import Column
from aiops.recording.values import Recorded
from aiops.recording.write import write_incidents, write_recording
from aiops.settings import Settings
from tests.recording.conftest import settings_of, stretch


def series_of(metric: str, **key: object) -> Series:
    column = Column(key=SeriesKey(service="shop", metric=metric, **key))  # type: ignore[arg-type]
    return Naming.of(Settings(), [column]).series(column)


def recorded(env: str, *series: Series) -> Recorded:
    values = np.arange(3 * len(series), dtype=np.float32).reshape(3, -1) / np.float32(3)
    values[1, 0] = np.nan
    shard = Shard(id="x", env=env, step_seconds=60, series=series)
    return Recorded(shard=shard, history=History(times=np.array([0, 60, 120]), values=values))


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_what_was_written_is_read_back(form: Literal["csv", "parquet"], tmp_path: Path) -> None:
    prod = recorded(
        "prod",
        series_of("error_ratio", labels=(("operation", '/a, "b"\n'), ("peer", "db"))),
        series_of("latency_seconds", region="EU", segment="vip"),
    )
    stage = recorded("stage", series_of("error_ratio", env="stage"))
    write_recording(tmp_path, [prod, stage], form=form)
    found = read(tmp_path, changes)
    for one, expected in zip(found.environments, (prod, stage), strict=True):
        assert one.shard.series == expected.shard.series
        assert one.history.times.tolist() == [0, 60, 120]
        np.testing.assert_array_equal(one.history.values, expected.history.values)


def test_a_recording_of_the_shop_knows_series_topology_and_changes_as_the_shop_does(
    story: Story, bad_hour: Path
) -> None:
    recording = read(bad_hour, changes)
    live = story.live_from.timestamp()
    written = stretch(story, live - 1740, live + 1500)
    (prod,) = recording.environments
    assert recording.problems == ()
    assert {one.key: one for one in prod.shard.series} == {
        one.key: one for one in written.shard.series
    }
    slots = [written.shard.series.index(one) for one in prod.shard.series]
    np.testing.assert_array_equal(prod.history.values, written.history.values[:, slots])
    assert recording.graph.callees("payment-service")
    told = [replace(change, id="") for change in recording.changes]
    assert told == [replace(as_reported(change), id="") for change in story.events]
    assert recording.knowledge().kpis[0].name == "revenue per minute"


def as_reported(change: Change) -> Change:
    """Return a change as one event tells it: what is finished has an end."""
    over = change.status == "finished" and change.ended_at is None
    return replace(change, ended_at=change.started_at) if over else change


def test_a_change_with_everything_is_read_back_but_for_its_id(tmp_path: Path) -> None:
    change = Change(
        id="ch-1",
        kind=ChangeKind.DEPLOY,
        service="shop",
        ref="v1",
        started_at=datetime(2026, 4, 18, 10, 1, tzinfo=UTC),
        ended_at=datetime(2026, 4, 18, 10, 3, 30, tzinfo=UTC),
        env="stage",
        region="EU",
        segment="vip",
        percentage=12.5,
        reverts="v2",
        status="finished",
        description="back to v1",
        actor="ines",
        source="ci",
    )
    write_recording(tmp_path, [recorded("stage", series_of("m", env="stage"))], changes=[change])
    (found,) = read(tmp_path, changes).changes
    assert replace(found, id="ch-1") == change


def test_nothing_of_an_earlier_recording_stays(story: Story, tmp_path: Path) -> None:
    part = recorded("prod", series_of("m"))
    topology, settings = story.topology_yaml(), settings_of(story)
    write_recording(
        tmp_path, [part], changes=story.events, topology=topology, settings=settings, form="csv"
    )
    write_recording(tmp_path, [part])
    assert [one.name for one in tmp_path.iterdir()] == ["metrics.parquet"]


def test_no_incidents_are_an_empty_list(tmp_path: Path) -> None:
    assert orjson.loads(write_incidents(tmp_path / "new", ()).read_bytes()) == []
