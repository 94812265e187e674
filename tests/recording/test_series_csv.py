"""One series in a CSV file: what is data, what is wrong, and what is written."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.domain.errors import InputError
from aiops.recording.series_chart import draw_series
from aiops.recording.series_csv import read_series, write_scores

HEAD = "timestamp,value\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "cpu.csv"
    path.write_text(text)
    return path


def refusal(folder: Path, text: str) -> str:
    """Return what is said of a file: one line that names it."""
    path = written(folder, text)
    with pytest.raises(InputError) as raised:
        read_series(path)
    said = str(raised.value)
    assert "\n" not in said
    return said.replace(str(path), "cpu.csv")


def test_timestamps_are_kept_as_they_are_written(tmp_path: Path) -> None:
    stamps = ("2026-04-18 10:00:00+02:00", "2026-04-18T10:01+0200", "2026-04-18T10:02:00.5+02")
    rows = "".join(f"{stamp},1\n" for stamp in stamps)
    series = read_series(written(tmp_path, HEAD + rows))
    assert series.stamps == stamps
    assert (series.times - series.times[0]).tolist() == [0, 60, 121]


def test_gaps_and_missing_values_are_data(tmp_path: Path) -> None:
    missing = ("", "NaN", "inf", "-inf", "null", "1e99")
    rows = "".join(f"{60 * row * row},{text}\n" for row, text in enumerate((*missing, "7")))
    series = read_series(written(tmp_path, HEAD + rows))
    assert np.isnan(series.values[:-1]).all()
    assert series.values[-1] == 7
    assert series.repeated is None


def test_further_columns_blank_lines_and_a_byte_order_mark_do_no_harm(tmp_path: Path) -> None:
    text = "\ufeffid,value,timestamp,label\r\na,1,60,0\r\n\r\nb,2,120,1\r\n"
    series = read_series(written(tmp_path, text))
    assert (series.stamps, series.values.tolist()) == (("60", "120"), [1, 2])
    assert series.ignored == ("id", "label")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "cpu.csv: it is empty, expected a header line timestamp,value"),
        (HEAD, "cpu.csv: there is no row below the header, expected at least one"),
        ("time,value\n60,1\n", "cpu.csv:1: no column timestamp; expected timestamp,value"),
        ("time,v\n60,1\n", "cpu.csv:1: no column timestamp, value; expected timestamp,value"),
        ("value,value,timestamp\n", "cpu.csv:1: column value is there twice, expected once"),
        (HEAD + "60,1\nsoon,2\n", "cpu.csv:3: timestamp: 'soon' is no time; expected ISO 8601"),
        (HEAD + "60,1\n,2\n", "cpu.csv:3: timestamp: '' is no time; expected ISO 8601"),
        (HEAD + "1776506400000,1\n", "cpu.csv:2: timestamp: '1776506400000' lies outside"),
        (HEAD + "60,1\n120,high\n", "cpu.csv:3: value: 'high' is no number, expected one"),
        (HEAD + "60,1\n120\n", "cpu.csv:3: row: it has 1 fields, expected 2 (timestamp,value)"),
        (HEAD + "60,1\n180,1\n120,1\n", "cpu.csv:4: timestamp: '120' is before '180' in line 3"),
        (
            HEAD + "2026-04-18T10:00:00Z,1\n2026-04-18T10:01:00,1\n",
            "cpu.csv:3: timestamp: '2026-04-18T10:01:00' is in another zone (none named), "
            "expected that of the first row (UTC)",
        ),
        (
            HEAD + "2026-04-18T10:00:00+02:00,1\n2026-04-18T09:01:00+01:00,1\n",
            "cpu.csv:3: timestamp: '2026-04-18T09:01:00+01:00' is in another zone (+0100)",
        ),
        (
            HEAD + "2026-04-18T10:00:00Z,1\n1776506460,1\n",
            "cpu.csv:3: timestamp: '1776506460' is in another zone (epoch seconds)",
        ),
        (HEAD + '60,1\n120,"1\n', "cpu.csv: unexpected end of data; expected UTF-8 text"),
    ],
)
def test_what_is_wrong_is_named_with_file_line_and_what_was_expected(
    text: str, said: str, tmp_path: Path
) -> None:
    assert refusal(tmp_path, text).startswith(said)


def test_a_file_that_is_no_text_or_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "cpu.csv"
    with pytest.raises(InputError, match=r"cpu\.csv cannot be read: No such file"):
        read_series(path)
    path.write_bytes(b"timestamp,value\n60,\xff\xfe\n")
    with pytest.raises(InputError, match="expected UTF-8 text"):
        read_series(path)


def test_a_time_that_is_there_twice_is_named_and_can_be_used(tmp_path: Path) -> None:
    series = read_series(written(tmp_path, HEAD + "60,1\n120,2\n120,3\n120,4\n180,5\n"))
    assert series.times.tolist() == [60, 120, 120, 120, 180]
    said = str(series.repeated)
    assert "cpu.csv:4: timestamp: '120' is there already in line 3" in said
    assert "expected every time once (2 such rows" in said


def test_two_moments_in_one_second_are_no_repetition(tmp_path: Path) -> None:
    series = read_series(written(tmp_path, HEAD + "60.2,1\n60.7,2\n"))
    assert (series.times.tolist(), series.repeated) == ([61, 61], None)


@given(
    values=st.lists(st.none() | st.floats(width=32, allow_nan=False), min_size=1, max_size=20),
    zone=st.sampled_from(["", "Z", "+05:30", "-0800"]),
)
def test_every_row_comes_back_in_its_place(
    values: list[float | None], zone: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    stamps = [f"2026-04-18T10:{minute:02}:00{zone}" for minute in range(len(values))]
    texts = ["" if value is None else repr(value) for value in values]
    rows = [f"{at},{text}\n" for at, text in zip(stamps, texts, strict=True)]
    series = read_series(written(folder, HEAD + "".join(rows)))
    assert series.stamps == tuple(stamps)
    finite = [np.nan if v is None or not np.isfinite(v) else v for v in values]
    np.testing.assert_array_equal(series.values, np.array(finite, dtype=np.float32))


def test_scores_are_written_for_every_row_and_nothing_else_stays(tmp_path: Path) -> None:
    path = tmp_path / "cpu.csv"
    write_scores(path, ("60", "2026-04-18 10:00"), np.array([0.0, 12.3456789]), [False, True])
    assert path.read_text() == ("timestamp,score,is_anomaly\n60,0,0\n2026-04-18 10:00,12.3457,1\n")
    assert [one.name for one in tmp_path.iterdir()] == ["cpu.csv"]


@pytest.mark.parametrize("count", [1, 5, 2000])
def test_a_picture_marks_the_anomalies_and_holds_no_script(count: int) -> None:
    times = np.arange(count, dtype=np.int64) * 60
    values = np.ones(count, dtype=np.float32)
    low, high = np.full(count, np.nan), np.full(count, 3.0)
    flagged = np.arange(count) == count - 1
    picture = draw_series(times, values, low=low, high=high, is_anomaly=flagged)
    calm = draw_series(times, values, low=low, high=high, is_anomaly=np.zeros(count, np.bool_))
    assert picture.startswith("<svg")
    assert "#c22" in picture
    assert "#c22" not in calm
    assert "<script" not in picture


def test_a_series_without_any_value_can_be_drawn() -> None:
    nothing = np.full(3, np.nan)
    picture = draw_series(
        np.arange(3, dtype=np.int64),
        nothing.astype(np.float32),
        low=nothing,
        high=nothing,
        is_anomaly=np.zeros(3, np.bool_),
    )
    assert picture.startswith("<svg")
