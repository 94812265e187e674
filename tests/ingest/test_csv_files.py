"""CSV files as a source: what becomes of rows, and of files that grow, are replaced or broken."""

import math
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from aiops.domain.errors import SourceError
from aiops.domain.journeys import Kpi
from aiops.domain.labels import LabelRule
from aiops.domain.series import Family
from aiops.ingest.csv_files import MAX_LINE_BYTES, CsvSource
from aiops.settings import Aggregate, CsvSettings, LabelSettings, RowSignalSettings
from tests.builders import minute

GOLDEN = Path(__file__).parents[1] / "golden" / "ingest" / "csv.orders.csv"
REVENUE = RowSignalSettings(name="revenue", value="amount", unit="EUR", currency="currency")
KPIS = (Kpi(name="revenue per minute", metric="revenue", unit="EUR"),)
ORDERS = CsvSettings(
    name="orders",
    path=GOLDEN,
    time="created_at",
    time_zone="Europe/Berlin",
    delimiter=";",
    decimal=",",
    labels=LabelSettings(service=("shop",)),
    signals=(REVENUE,),
)


def values(source: CsvSource, first: float, last: float) -> Mapping[str, list[float]]:
    found = source.pull(minute(first), minute(last), 60)
    return {str(one.series.key.region): one.values.tolist() for one in found}


def test_amounts_add_up_per_minute_and_series_and_a_minute_without_one_is_nothing() -> None:
    source = CsvSource(ORDERS, kpis=KPIS)
    assert values(source, 1, 4) == {"EU": [20.0, 100.0, 3.0, 0.0], "US": [5.0, 0.0, 0.0, 0.0]}


def test_a_signal_carries_its_kpi_in_its_currency() -> None:
    series = CsvSource(ORDERS, kpis=KPIS).pull(minute(1), minute(1), 60)[0].series
    assert (series.kpi, series.unit, series.family) == ("revenue per minute", "EUR", Family.KPI)
    assert (series.key.service, series.key.env, series.source) == ("checkout", "prod", "orders")


def test_rows_that_are_left_out_are_counted_with_file_line_and_reason() -> None:
    source = CsvSource(ORDERS)
    source.pull(minute(1), minute(4), 60)
    assert source.complaints == {
        "revenue": "source 'orders', signal 'revenue': csv.orders.csv:6: currency: found 'USD', "
        "expected EUR: amounts of other currencies are left out, and never converted; the row is "
        "left out (1 more rows are left out)"
    }


def test_a_wider_step_gives_the_same_per_minute() -> None:
    found = CsvSource(ORDERS).pull(minute(5), minute(5), 300)
    assert [one.values.tolist() for one in found] == [[pytest.approx(24.6)], [pytest.approx(1.2)]]


@pytest.mark.parametrize(
    ("aggregate", "eu"),
    [
        (Aggregate.COUNT, [2.0, 2.0, 2.0, 0.0]),
        (Aggregate.MEAN, [10.0, 100.0, 3.0, math.nan]),
        (Aggregate.LAST, [0.01, 100.0, 3.0, math.nan]),
        (Aggregate.MIN, [0.01, 100.0, 3.0, math.nan]),
        (Aggregate.MAX, [19.99, 100.0, 3.0, math.nan]),
    ],
)
def test_a_tick_makes_of_its_rows_what_is_declared(aggregate: Aggregate, eu: list[float]) -> None:
    signal = replace(REVENUE, aggregate=aggregate, unit="EUR" if aggregate != "count" else None)
    found = values(CsvSource(replace(ORDERS, signals=(signal,))), 1, 4)["EU"]
    assert found == pytest.approx(eu, nan_ok=True)


def test_minor_units_are_those_of_the_currency(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("timestamp,amount,service\n2026-04-18T10:00:01Z,1999,shop\n")
    for unit, found in (("EUR", 19.99), ("JPY", 1999.0), ("KWD", 1.999)):
        signal = RowSignalSettings(name="revenue", value="amount", unit=unit, minor_units=True)
        source = CsvSource(CsvSettings(name="a", path=path, signals=(signal,)))
        assert source.pull(minute(1), minute(1), 60)[0].values.tolist() == [found]


def test_labels_that_are_kept_part_series_and_others_do_not() -> None:
    signal = replace(REVENUE, labels=("plan",))
    found = CsvSource(replace(ORDERS, signals=(signal,))).pull(minute(1), minute(1), 60)
    assert sorted(one.series.key.labels for one in found) == [
        (("plan", "free"),),
        (("plan", "gold"),),
        (("plan", "gold"),),
    ]


def test_labels_are_brought_into_one_form_before_rows_are_added_up() -> None:
    rules = (
        LabelRule(name="n", rename={"shop": "service"}, values={"region": {"US": "EU"}}),
        LabelRule(name="m", where={"plan": "free"}, ignore=True),
    )
    settings = replace(ORDERS, labels=LabelSettings(), normalize=rules)
    assert values(CsvSource(settings), 1, 1) == {"EU": [24.99]}


def plain(path: Path, **more: object) -> CsvSource:
    settings = CsvSettings(name="a", path=path, signals=(RowSignalSettings(name="orders"),))
    return CsvSource(replace(settings, **more))  # type: ignore[arg-type]


def line(at: float, value: str = "1", service: str = "shop") -> str:
    return f"{minute(at).isoformat()},{value},{service}\n"


HEADER = "timestamp,value,service\n"


def append(path: Path, text: str) -> None:
    with path.open("a") as stream:
        stream.write(text)


def counted(source: CsvSource, first: float, last: float) -> list[float]:
    found = source.pull(minute(first), minute(last), 60)
    return found[0].values.tolist() if found else []


def test_a_file_that_grows_gives_what_was_added_and_is_not_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(HEADER + "".join(line(at / 1000) for at in range(5000)))
    source = plain(path)
    assert counted(source, 1, 6) == [1000] * 5 + [0]
    for at in range(5, 8):
        append(path, line(at) * 3)
        assert counted(source, at + 1, at + 1) == [3]
    file = source._files[path]
    assert file.begin(minute(7)) == file.marks[-1], "only what comes after the last mark is read"
    assert counted(source, 1, 8) == [1000] * 5 + [3] * 3, "the past can be asked for again"


def test_rows_may_come_late_and_out_of_order(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(HEADER + "".join(line(at / 500) for at in range(3000)))
    source = plain(path)
    counted(source, 6, 6)
    append(path, line(2.5) + line(5.5))
    assert counted(source, 6, 6) == [501]
    assert counted(source, 3, 3) == [501]


@pytest.mark.parametrize("anew", ["a shorter one", "another of the same size"])
def test_a_file_that_is_replaced_is_read_afresh(tmp_path: Path, anew: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(HEADER + "".join(line(at / 1000) for at in range(3000)))
    source = plain(path)
    counted(source, 1, 3)
    text = line(0, "7") if anew == "a shorter one" else "".join(line(2, "2") for _ in range(3000))
    other = tmp_path / "b.tmp"
    other.write_text(HEADER + text)
    shutil.move(other, path)
    assert counted(source, 1, 3) == ([7, 0, 0] if anew == "a shorter one" else [0, 0, 6000])


def test_a_line_that_is_being_written_waits_until_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(HEADER + line(0) + line(0.5, "10")[:-6])
    source = plain(path)
    assert counted(source, 1, 1) == [1]
    append(path, ",shop\n")
    assert counted(source, 1, 1) == [11]


def test_the_last_line_of_a_finished_file_needs_no_end(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(HEADER + line(0).rstrip())
    long_ago = path.stat().st_mtime - 60
    os.utime(path, (long_ago, long_ago))
    assert counted(plain(path), 1, 1) == [1]


def test_a_folder_and_a_pattern_are_read_as_one(tmp_path: Path) -> None:
    for name in ("orders-1.csv", "orders-2.csv"):
        (tmp_path / name).write_text(HEADER + line(0))
    (tmp_path / "notes.txt").write_text("x")
    assert counted(plain(tmp_path), 1, 1) == [2]
    assert counted(plain(tmp_path / "orders-1*"), 1, 1) == [1]


def test_no_file_is_no_answer_and_a_broken_one_costs_itself_only(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no file"):
        counted(plain(tmp_path), 1, 1)
    (tmp_path / "bad.csv").write_text("\n")
    with pytest.raises(SourceError, match=r"bad\.csv: the first line is empty"):
        counted(plain(tmp_path), 1, 1)
    (tmp_path / "good.csv").write_text(HEADER + line(0))
    source = plain(tmp_path)
    assert counted(source, 1, 1) == [1]
    assert "bad.csv" in "".join(source.complaints.values())


def test_a_line_that_never_ends_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(HEADER + "x" * (MAX_LINE_BYTES + 1))
    with pytest.raises(SourceError, match="line 2 is longer than"):
        counted(plain(path), 1, 1)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("2026-04-18 12:00,1,shop\n", "a local time"),
        ("noon,1,shop\n", "expected a time"),
        (line(0, "abc"), "value: found 'abc', expected a number"),
        ("\x00,,\n", "expected a time"),
        (f"{minute(0).isoformat()}\n", "there is no such column"),
    ],
)
def test_a_row_that_cannot_be_read_is_left_out_and_the_others_count(
    tmp_path: Path, row: str, says: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(HEADER + row + line(0))
    source = plain(path)
    assert counted(source, 1, 1) == [1]
    assert "a.csv:2: " in source.complaints["orders"]
    assert says in source.complaints["orders"]


def test_what_is_not_written_yet_is_missing_and_not_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(HEADER + line(0) + line(2.5))
    at = (minute(2) + timedelta(seconds=40)).timestamp()
    os.utime(path, (at, at))
    source = plain(path)
    assert counted(source, 1, 4) == pytest.approx([1, 0, math.nan, math.nan], nan_ok=True)
    assert source.reported_until() == datetime.fromtimestamp(at, tz=minute(0).tzinfo)


def test_a_series_that_had_no_row_for_a_day_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(HEADER + line(0))
    source = plain(path)
    assert counted(source, 60 * 23, 60 * 23) == [0]
    assert counted(source, 60 * 25, 60 * 25) == []
