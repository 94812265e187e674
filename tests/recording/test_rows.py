from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest

from aiops.domain.errors import InputError
from aiops.recording.rows import Rows, read_rows

HEADER = "timestamp,service,metric,value\n"


def rows(text: str, folder: Path) -> Rows:
    path = folder / "metrics.csv"
    path.write_text(text, encoding="utf-8")
    return read_rows(path, "prod")


def test_epoch_seconds_and_iso_times_of_any_zone_are_the_same_moments(tmp_path: Path) -> None:
    iso = "1970-01-01T01:01:00+01:00,a,m,1\n1970-01-01 00:02:00,a,m,2\n1970-01-01T00:03:00Z,a,m,3\n"
    assert rows(HEADER + iso, tmp_path).times.tolist() == [60, 120, 180]
    assert rows(HEADER + "60,a,m,1\n120.0,a,m,2\n", tmp_path).times.tolist() == [60, 120]


def test_a_fraction_of_a_second_belongs_to_the_next_whole_one(tmp_path: Path) -> None:
    found = rows(HEADER + "59.2,a,m,1\n60.00001,a,m,2\n", tmp_path)
    assert found.times.tolist() == [60, 60]


def test_further_columns_are_labels_and_phase_is_none(tmp_path: Path) -> None:
    text = (
        "timestamp,service,metric,value,env,region,segment,unit,source,peer,tenant,phase\n"
        "60,shop,revenue,5,stage,EU,vip,EUR,billing,db,acme,normal\n"
        "60,shop,errors,1,,,,,,,,abnormal\n"
    )
    plain, full = rows(text, tmp_path).columns
    assert full.key.fingerprint == (
        "shop:revenue{env=stage,region=EU,segment=vip,peer=db,tenant=acme}"
    )
    assert (full.unit, full.source, full.named_env) == ("EUR", "billing", True)
    assert plain.key.fingerprint == "shop:errors{env=prod}"
    assert not plain.named_env


def test_a_region_called_na_and_a_service_called_null_are_names(tmp_path: Path) -> None:
    (column,) = rows("timestamp,service,metric,value,region\n60,null,m,1,NA\n", tmp_path).columns
    assert (column.key.service, column.key.region) == ("null", "NA")


def test_the_same_series_of_two_sources_stays_two(tmp_path: Path) -> None:
    text = "timestamp,service,metric,value,source\n60,a,m,1,x\n60,a,m,2,y\n"
    assert [one.key.labels for one in rows(text, tmp_path).columns] == [
        (("source", "x"),),
        (("source", "y"),),
    ]


def test_series_come_in_the_same_order_whatever_the_order_of_the_rows(tmp_path: Path) -> None:
    lines = ["60,b,m,1\n", "60,a,z,2\n", "60,a,m,3\n"]
    one = rows(HEADER + "".join(lines), tmp_path)
    other = rows(HEADER + "".join(reversed(lines)), tmp_path)
    assert one.columns == other.columns
    assert one.series.tolist() == list(reversed(other.series.tolist()))


def test_no_value_and_infinite_values_are_missing_ones(tmp_path: Path) -> None:
    values = rows(HEADER + "60,a,m,\n120,a,m,NaN\n180,a,m,inf\n240,a,m,1e300\n", tmp_path).values
    assert np.isnan(values).all()


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("60,a,m,abc", ":3: value: 'abc' is no number"),
        ("yesterday,a,m,1", ":3: timestamp: 'yesterday' is no time; expected ISO 8601 or epoch"),
        ("60,a,m", ":3: row: it has 3 fields, expected 4 (timestamp, service, metric, value)"),
        ("60,,m,1", ":3: service: it is empty, expected a name"),
        ("60,a,,1", ":3: metric: it is empty"),
        (",a,m,1", ":3: timestamp: it has no timestamp"),
        ("1661129779000,a,m,1", ":3: timestamp: 1661129779000.0 lies outside 1970 to 2100 (it may"),
        ("-5,a,m,1", ":3: timestamp: -5.0 lies outside"),
    ],
)
def test_a_malformed_row_is_named_with_its_line_and_column(
    row: str, told: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as error:
        rows(f"{HEADER}60,a,m,1\n{row}\n180,a,m,1\n", tmp_path)
    assert f"metrics.csv{told}" in str(error.value)


def test_a_wrong_iso_time_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"metrics.csv:3: timestamp: '2026-13-01' is no time"):
        rows(f"{HEADER}2026-01-01,a,m,1\n2026-13-01,a,m,1\n", tmp_path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("timestamp,service,value\n60,a,1\n", "no column metric; expected timestamp, service"),
        ("", "no column timestamp, service, metric, value"),
        (HEADER, "has no rows"),
        ("timestamp,service,metric,value,value\n60,a,m,1,2\n", "column value is there twice"),
    ],
)
def test_a_table_that_is_no_long_form_is_refused(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=told):
        rows(text, tmp_path)


@pytest.mark.parametrize(
    "times",
    [
        pa.array([60, 120]),
        pa.array([60.0, 120.0]),
        pa.array([60_000, 120_000], pa.timestamp("ms")),
        pa.array([60, 120], pa.timestamp("s", "Europe/Berlin")),
        pa.array(["1970-01-01T00:01:00Z", "1970-01-01T00:02:00Z"]),
    ],
)
def test_parquet_may_hold_times_in_any_of_the_usual_types(times: pa.Array, tmp_path: Path) -> None:
    path = tmp_path / "metrics.parquet"
    table = pa.table(
        {
            "timestamp": times,
            "service": pa.array(["a", "a"]).dictionary_encode(),
            "metric": pa.array(["m", "m"], pa.large_string()),
            "value": pa.array([1, 2], pa.int32()),
            "pod": pa.array([7, None]),
        }
    )
    pa_parquet.write_table(table, path)
    found = read_rows(path, "prod")
    assert found.times.tolist() == [60, 120]
    assert [one.key.labels for one in found.columns] == [(), (("pod", "7"),)]


def test_a_file_that_is_no_parquet_is_named(tmp_path: Path) -> None:
    path = tmp_path / "metrics.parquet"
    path.write_text("no parquet")
    with pytest.raises(InputError, match=r"metrics\.parquet: .*expected a Parquet file"):
        read_rows(path, "prod")


def test_a_recording_without_any_row_of_its_own_environment_takes_the_default(
    write_csv: Callable[[str], Path],
) -> None:
    folder = write_csv(HEADER + "60,a,m,1\n")
    (column,) = read_rows(folder / "metrics.csv", "staging").columns
    assert column.key.env == "staging"
