"""A small bad hour of the simulated shop, written as a recording; fault-free days beside it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from aiops.demo.shop import Story
from aiops.domain.ticks import History, Shard
from aiops.ingest import changes
from aiops.recording.read import read
from aiops.recording.values import Recorded, Recording
from aiops.recording.write import write_recording

SERVICES = {"edge-gateway", "checkout", "payment-service", "payments-db"}
STEP_SECONDS = 60


@pytest.fixture(scope="session")
def story() -> Story:
    """The story of the README."""
    return Story()


def stretch(story: Story, start: float, end: float) -> Recorded:
    """Return what the shop's checkout path measured between two moments."""
    columns = [place for place, one in enumerate(story.series()) if one.key.service in SERVICES]
    times = np.arange(int(start), int(end) + 1, STEP_SECONDS, dtype=np.int64)
    values = story.values(start, end, STEP_SECONDS).astype(np.float32)[:, columns]
    series = tuple(story.series()[place] for place in columns)
    shard = Shard(id="shop.prod.0", env="prod", step_seconds=STEP_SECONDS, series=series)
    return Recorded(shard=shard, history=History(times=times, values=values))


def settings_of(story: Story) -> dict[str, Any]:
    """Return the shop's `aiops.yaml` as a recording has it."""
    settings = story.config()
    source = {"url": "http://127.0.0.1:9090", "signals": settings.pop("signals")}
    return {**settings, "sources": {"shop": source}}


@pytest.fixture(scope="session")
def bad_hour(story: Story, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording in CSV of the hour of the payment deploy; its normal time is in a parent."""
    above = tmp_path_factory.mktemp("recordings")
    live = story.live_from.timestamp()
    normal = stretch(story, live - 15 * 86_400, live - 1800)
    write_recording(above / "_shared", [normal])
    folder = above / "bad-hour"
    write_recording(
        folder,
        [stretch(story, live - 1740, live + 1500)],
        changes=story.events,
        topology=story.topology_yaml(),
        settings=settings_of(story),
        form="csv",
    )
    case = {"detected_at": live, "step_s": 60, "baseline": "_shared/metrics.parquet"}
    (folder / "case.json").write_bytes(orjson.dumps(case))
    return folder


@pytest.fixture
def write_csv(tmp_path: Path) -> Callable[[str], Path]:
    """Write the text of a metrics.csv; return the folder."""

    def write(text: str) -> Path:
        (tmp_path / "metrics.csv").write_text(text, encoding="utf-8")
        return tmp_path

    return write


@pytest.fixture
def read_csv(write_csv: Callable[[str], Path]) -> Callable[[str], Recording]:
    """Read the text of a metrics.csv as a recording."""
    return lambda text: read(write_csv(text), changes)
