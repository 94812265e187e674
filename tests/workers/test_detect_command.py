"""`aiops detect`: recorded series in, a score and a flag for every row out."""

import csv
from datetime import timedelta
from pathlib import Path

import numpy as np
import orjson
import pytest

from aiops.backtest import FIRST_FIT_TICKS
from aiops.detect.registry import all_detectors, detectors_up_to
from aiops.domain.policies import DetectPolicy
from aiops.domain.symptoms import SymptomKind
from aiops.domain.ticks import Packed, Times
from tests.builders import minute
from tests.workers.installation import Installation, TableSource
from workers.offline.detect import run_detect
from workers.offline.series_grid import STEP_ROWS, grids_of
from workers.offline.series_scores import (
    GridScorer,
    Scored,
    anonymous_shard,
    score_series,
    score_together,
)
from workers.stages.shards import held

START = int(minute(0).timestamp())


def wave(count: int, *, step: int = 60, seed: int = 3) -> tuple[Times, Packed]:
    """Return a noisy wave of a few hours, without trouble."""
    times = START + step * np.arange(count, dtype=np.int64)
    noise = np.random.default_rng(seed).normal(0, 0.3, count)
    return times, (20 + 3 * np.sin(times / 5000) + noise).astype(np.float32)


def with_fault(values: Packed, first: int, last: int) -> Packed:
    faulty = values.copy()
    faulty[first:last] += 30
    return faulty


def write_series(folder: Path, name: str, times: Times, values: Packed) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    rows = "".join(f"{at},{value}\n" for at, value in zip(times, values, strict=True))
    path.write_text("timestamp,value\n" + rows)
    return path


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def same(one: Scored, other: Scored, rows: int) -> None:
    for name in ("score", "is_anomaly", "low", "high"):
        np.testing.assert_array_equal(getattr(one, name)[:rows], getattr(other, name)[:rows])


def detected(path: Path, out: Path, detector: str = "seasonal") -> int:
    return run_detect(path, out, detector, plot=False, as_json=False)


def advanced(rows: tuple[Times, Packed], detector: str) -> GridScorer:
    """Return a scorer that has seen every row."""
    (grid,) = grids_of([rows])
    scorer = GridScorer(grid, detector, DetectPolicy())
    for tick in range(len(grid.times)):
        scorer.advance(tick)
    return scorer


def test_a_worker_fed_tick_by_tick_says_the_same(parts: Installation) -> None:
    """A stretch with two fits, a fault, a value that is missing and a gap in time."""
    times, values = wave(150)
    values = with_fault(values, 95, 110)
    values[80] = np.nan
    silent = np.zeros(len(times), dtype=np.bool_)
    silent[130:136] = True
    measured = np.where(silent, np.float32(np.nan), values)[:, None]
    shard = anonymous_shard(60)
    parts.fed["csv"] = TableSource(shard.series, minute(0), measured, "csv")
    open_at: dict[int, bool] = {}
    for number, at in enumerate(times.tolist()):
        parts.hand.at = minute(number) + timedelta(seconds=2)
        parts.poll.run("csv")
        parts.detect.run(shard.id)
        found = parts.symptoms.open_symptoms("prod")
        open_at[at] = any(one.kind is SymptomKind.ANOMALY for one in found)
        if number >= FIRST_FIT_TICKS:  # before, nobody asks for it
            parts.fit.run(shard.id)
    rows = times[~silent], values[~silent]
    scored = score_series(*rows)
    flagged = rows[0][scored.is_anomaly].tolist()
    assert flagged
    assert all(open_at[at] for at in flagged)
    with held(parts.shard_caches.states, shard.id) as kept:
        left = kept.load(parts.history.shard(shard.id), parts.history.standing(shard.id))
        assert left is not None
        last = all_detectors()[-1].name
        assert advanced(rows, last).state.to_bytes() == left.to_bytes()


def counter(count: int, reset: int) -> tuple[Times, Packed]:
    """Return what is counted of a wave of a few hours; nothing declares it."""
    times, rates = wave(count)
    counted = np.cumsum(60 * rates, dtype=np.float64)
    counted[reset:] -= counted[reset] - 30 * rates[reset]
    return times, counted.astype(np.float32)


def test_a_worker_judges_a_counter_by_its_rate_as_the_command_does(parts: Installation) -> None:
    """The fit of tick 240 recognises it; a level that fell at its reset is taken back."""
    times, values = counter(300, reset=225)
    values[260] = np.nan
    shard = anonymous_shard(60)
    parts.fed["csv"] = TableSource(shard.series, minute(0), values[:, None], "csv")
    for number in range(len(times)):
        parts.hand.at = minute(number) + timedelta(seconds=2)
        parts.poll.run("csv")
        parts.detect.run(shard.id)
        if number == 230:
            assert parts.symptoms.open_symptoms("prod")
        if number >= FIRST_FIT_TICKS:
            parts.fit.run(shard.id)
    assert not parts.symptoms.open_symptoms("prod")
    with held(parts.shard_caches.states, shard.id) as kept:
        left = kept.load(parts.history.shard(shard.id), parts.history.standing(shard.id))
    assert left is not None
    assert left.recent.rows[-1][0] == pytest.approx(20, rel=0.3)
    assert advanced((times, values), all_detectors()[-1].name).state.to_bytes() == left.to_bytes()


def test_a_counter_in_company_gets_what_it_gets_alone() -> None:
    together = [counter(700, reset=225), wave(700, seed=4), counter(700, reset=300)]
    for one, said in zip(together, score_together(together), strict=True):
        same(said, score_series(*one), len(one[0]))
        assert said.high[-1] < 100


def test_a_detector_with_those_before_it_says_what_it_says_among_all() -> None:
    times, values = wave(150)
    values = with_fault(values, 95, 110)
    whole = advanced((times, values), all_detectors()[-1].name)
    alone = advanced((times, values), "seasonal")
    names = [one.name for one in detectors_up_to("seasonal")]
    assert list(alone.state.tracks) == names != list(whole.state.tracks)
    np.testing.assert_array_equal(
        alone.state.tracks["seasonal"].episodes, whole.state.tracks["seasonal"].episodes
    )
    for name, array in alone.state.memory["seasonal"].items():
        np.testing.assert_array_equal(array, whole.state.memory["seasonal"][name], err_msg=name)


def test_a_series_in_company_gets_what_it_gets_alone() -> None:
    """Three of one step that begin in other weeks, one of other seconds, one with doubled rows."""
    hour = 3600
    series = []
    for number, first in enumerate((0, 9 * 24 * hour, 30 * 24 * hour + 7 * 300, 17)):
        times, values = wave(700, step=300, seed=number)
        values = with_fault(values, 300 + 50 * number, 320 + 50 * number)
        values[::40] = np.nan
        kept = np.delete(np.arange(700), np.arange(200, 212))
        series.append((times[kept] + first, values[kept]))
    times, values = wave(300, step=300)
    series.append((np.insert(times, 90, times[90]), np.insert(values, 90, np.float32(70))))
    assert [len(grid.places) for grid in grids_of(series)] == [1, 3, 1]

    for one, said in zip(series, score_together(series), strict=True):
        same(said, score_series(*one), len(one[0]))
        assert said.is_anomaly.any() == (len(one[0]) > 600)


@pytest.mark.parametrize("cut", [3, STEP_ROWS, 61, 200, 299])
def test_what_comes_later_changes_nothing_said_before(cut: int) -> None:
    times, values = wave(300)
    values = with_fault(values, 190, 230)
    times[150:] += 1234  # a gap, and another place in the minute from then on
    times[201] = times[200]
    whole = score_series(times, values)
    same(whole, score_series(times[:cut], values[:cut]), cut)
    other = values.copy()
    other[cut:] = 1e6
    times[cut:] += 7 * np.arange(len(times) - cut)
    same(whole, score_series(times, other), cut)


def test_of_two_values_at_one_time_the_last_one_counts() -> None:
    times, values = wave(200)
    twice = np.insert(times, 120, times[120]), np.insert(values, 120, np.float32(900))
    once, doubled = score_series(times, values), score_series(*twice)
    assert doubled.score[120] > 10
    kept = np.delete(np.arange(201), 120)
    np.testing.assert_array_equal(doubled.score[kept], once.score)
    np.testing.assert_array_equal(doubled.is_anomaly[kept], once.is_anomaly)


@pytest.mark.parametrize("detector", ["seasonal", "absence", "threshold"])
def test_scores_are_finite_whatever_the_values_are(detector: str) -> None:
    times, values = wave(150)
    values[20:40] = np.nan
    values[60], values[61], values[62] = np.inf, -np.inf, np.float32(3e38)
    values[70:100] = 0
    scored = score_series(times, values, detector)
    assert np.isfinite(scored.score).all()
    assert (scored.score >= 0).all()
    assert len(scored.is_anomaly) == 150


def test_a_series_without_any_value_is_calm() -> None:
    times, values = wave(70)
    scored = score_series(times, np.full_like(values, np.nan))
    assert not scored.score.any()
    assert not scored.is_anomaly.any()


def test_every_row_of_every_file_gets_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    times, values = wave(130)
    for name in ("one.csv", "two.csv", "three.csv"):
        write_series(tmp_path / "in", name, times, with_fault(values, 100, 120))
    assert run_detect(tmp_path / "in", tmp_path / "out", "seasonal", plot=False, as_json=True) == 0
    scored = score_series(times, with_fault(values, 100, 120))
    for name in ("one.csv", "two.csv", "three.csv"):
        rows = rows_of(tmp_path / "out" / name)
        assert [row["timestamp"] for row in rows] == [str(at) for at in times]
        assert [row["is_anomaly"] for row in rows] == [str(int(x)) for x in scored.is_anomaly]
        assert [row["score"] for row in rows] == [f"{x:.6g}" for x in scored.score]
    summary = orjson.loads(capsys.readouterr().out)
    assert (summary["files"], summary["failed"], summary["rows"]) == (3, 0, 390)
    assert summary["anomalies"] == 3 * int(scored.is_anomaly.sum()) > 0
    assert summary["rows_per_second"] > 0


def test_a_wrong_file_is_named_and_the_others_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    times, values = wave(20)
    write_series(tmp_path / "in", "good.csv", times, values)
    write_series(tmp_path / "in", "twice.csv", np.sort(np.append(times, times[7])), wave(21)[1])
    write_series(tmp_path / "in", "back.csv", times[::-1], values)
    (tmp_path / "in" / "empty.csv").write_text("")
    assert detected(tmp_path / "in", tmp_path / "out") == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("/in/")[1].split(" ")[0] for line in lines] == [
        "back.csv:3:",
        "empty.csv:",
        "twice.csv:10:",
    ]
    assert all(line.startswith("aiops: ") and "expected" in line for line in lines)
    assert sorted(one.name for one in (tmp_path / "out").iterdir()) == ["good.csv", "twice.csv"]
    assert len(rows_of(tmp_path / "out" / "twice.csv")) == 21


def test_one_file_can_be_scored_and_drawn(tmp_path: Path) -> None:
    times, values = wave(70)
    path = write_series(tmp_path, "cpu.load.csv", times, values)
    assert run_detect(path, tmp_path / "out", "seasonal", plot=True, as_json=False) == 0
    assert len(rows_of(tmp_path / "out" / "cpu.load.csv")) == 70
    assert (tmp_path / "out" / "cpu.load.svg").read_text().startswith("<svg")


def test_infinite_values_count_as_missing_with_a_note(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cpu.csv").write_text("timestamp,value\n60,1\n120,inf\n180,-inf\n240,nan\n")
    assert detected(tmp_path / "cpu.csv", tmp_path / "out") == 0
    said = "aiops: note: infinite values, which count as missing: 2 (files: 1)\n"
    assert capsys.readouterr().err == said


def test_columns_nobody_asked_for_are_left_out_with_a_note(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cpu.csv").write_text("timestamp,value,label\n60,1,0\n120,1,0\n")
    assert detected(tmp_path / "cpu.csv", tmp_path / "out") == 0
    assert capsys.readouterr().err == "aiops: note: ignored columns: label (files: 1)\n"


def test_what_cannot_be_begun_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_series(tmp_path / "in", "cpu.csv", *wave(5))
    (tmp_path / "none").mkdir()
    before = path.read_text()
    for source, out, detector, said in (
        (tmp_path / "gone", "out", "seasonal", "is not there; expected a CSV file or a folder"),
        (tmp_path / "none", "out", "seasonal", "holds no CSV file; expected at least one"),
        (tmp_path / "in", "in", "seasonal", "is an input itself; choose another folder"),
        (tmp_path / "in", "out", "magic", "detector 'magic' is not installed; known are absence"),
        (tmp_path / "in", "in/cpu.csv", "seasonal", "File exists"),
    ):
        assert detected(source, tmp_path / out, detector) == 2
        assert said in capsys.readouterr().err
    assert path.read_text() == before
