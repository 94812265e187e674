"""Business data as the poller sees it: files that others write, late and all at once."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from aiops.ingest.csv_files import CsvSource
from aiops.settings import CsvSettings, RowSignalSettings
from tests.builders import minute
from tests.workers.installation import Installation

SHARD = "orders.prod.0"


@pytest.fixture
def export(parts: Installation, tmp_path: Path) -> Path:
    path = tmp_path / "orders.csv"
    signal = RowSignalSettings(name="orders", service="checkout")
    parts.fed["orders"] = CsvSource(CsvSettings(name="orders", path=path, signals=(signal,)))
    return path


def write(path: Path, rows: list[float], whole_until: float) -> None:
    text = "".join(f"{minute(at).isoformat()},1\n" for at in rows)
    path.write_text(f"timestamp,value\n{text}")
    os.utime(path, (minute(whole_until).timestamp(),) * 2)


def poll_at(parts: Installation, at: float) -> None:
    parts.hand.at = minute(at) + timedelta(seconds=2)
    parts.poll.run("orders")


def closed(parts: Installation) -> dict[float, list[float]]:
    ticks = parts.history.ticks_after(SHARD, None)
    return {(one.at - minute(0)) / timedelta(minutes=1): one.values.tolist() for one in ticks}


def test_a_minute_that_is_not_written_yet_is_waited_for(parts: Installation, export: Path) -> None:
    write(export, [0.2, 0.4], whole_until=1)
    poll_at(parts, 1)
    poll_at(parts, 2)
    assert closed(parts) == {1: [2]}
    write(export, [0.2, 0.4, 1.5], whole_until=2.1)
    parts.poll.run("orders")
    assert closed(parts) == {1: [2], 2: [1]}
    assert parts.heard.faults == []


def test_an_export_that_stopped_is_told_of_and_closed_without_values(
    parts: Installation, export: Path
) -> None:
    write(export, [0.2], whole_until=1)
    for at in range(1, 8):
        poll_at(parts, at)
    assert closed(parts) == {1: [1], 2: []}
    ((kind, why),) = parts.heard.faults
    assert (kind, why) == ("source", "orders: it has reported nothing since 18 Apr 10:01 UTC")


def test_what_comes_after_all_is_filled_in(parts: Installation, export: Path) -> None:
    write(export, [0.2], whole_until=1)
    for at in range(1, 8):
        poll_at(parts, at)
    write(export, [0.2, 1.2, 1.3, 5.5], whole_until=8)
    poll_at(parts, 8)
    assert closed(parts) == {1: [1], 2: [], 3: [0], 4: [0], 5: [0], 6: [1], 7: [0], 8: [0]}
    history = parts.history.history(SHARD, minute(1), minute(8))
    assert history.values[:, 0].tolist() == [1, 2, 0, 0, 0, 1, 0, 0]


def test_no_file_is_a_source_that_does_not_answer(parts: Installation, export: Path) -> None:
    poll_at(parts, 1)
    assert "there is no file" in parts.heard.faults[0][1]
    write(export, [1.5], whole_until=2)
    poll_at(parts, 2)
    assert closed(parts) == {2: [1]}
