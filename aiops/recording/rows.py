"""`metrics.csv` and `metrics.parquet` -> columns: no Python object per sample.

The long form: `timestamp`, `service`, `metric`, `value` and label columns (DESIGN §8).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from aiops.domain.series import SeriesKey
from aiops.domain.ticks import Packed, Times
from aiops.recording.files import PHASE, open_table
from aiops.recording.moments import LATEST, epoch_seconds
from aiops.recording.problems import malformed, row_of

Numbers = npt.NDArray[np.int32]

_OWN: Final = ("service", "metric", "env", "region", "segment")
_FACTS: Final = ("unit", "source")
_NO_LABELS: Final = ("timestamp", "value", PHASE)
_MANY: Final = 1 << 40
_TOLERANCE_SECONDS: Final = 1e-4
"""Epoch seconds in binary floating point are this wrong at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What the rows say of one series beside its values.

    Args:
        key: its identity; a row without `env` takes the default one.
        unit: as written, empty where none is.
        source: which telemetry source sent it, empty where none is named.
        named_env: whether the rows themselves name the environment.
    """

    key: SeriesKey
    unit: str = ""
    source: str = ""
    named_env: bool = True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """The samples of one file, in its order.

    Args:
        columns: the series, sorted by what they are; independent of the order of the rows.
        series: which of them each sample belongs to, shape (samples,).
        times: epoch seconds, rounded up, shape (samples,).
        values: shape (samples,); NaN where nothing was measured.
        infinite: the series of each value that is infinite, or as good as that; it counts as none.
        abnormal: whether each sample is of the time after the fault, shape (samples,); None where
            nobody says or nobody asked.
    """

    columns: tuple[Column, ...]
    series: Numbers
    times: Times
    values: Packed
    infinite: Numbers
    abnormal: npt.NDArray[np.bool_] | None = None


def read_rows(path: Path, default_env: str, *, phase: bool = False) -> Rows:
    """Read a metrics file.

    Args:
        path: `metrics.csv` or `metrics.parquet`.
        default_env: the environment of rows that name none.
        phase: whether to read which samples are abnormal, where the file says it.

    Raises:
        InputError: the file cannot be read, lacks a column, or has a malformed row; names it.
    """
    table = open_table(path, phase=phase)
    times = _times(table, path)
    values, infinite = _values(table)
    codes, firsts = _codes(table, path)
    columns = _columns(table, firsts, default_env)
    order = sorted(range(len(columns)), key=lambda place: _rank(columns[place]))
    merged, slots = _merge([columns[place] for place in order])
    slot_of = np.empty(len(columns), dtype=np.int32)
    slot_of[order] = slots
    series = slot_of[codes]
    return Rows(
        columns=merged,
        series=series,
        times=times,
        values=values,
        infinite=series[infinite],
        abnormal=_abnormal(table, path) if PHASE in table.column_names else None,
    )


def _abnormal(table: pa.Table, path: Path) -> npt.NDArray[np.bool_]:
    """Return which samples are of the time after the fault, by the column that says so."""
    column = table.column(PHASE).cast(pa.string())
    wrong = pc.fill_null(pc.invert(pc.is_in(column, pa.array(["normal", "abnormal"]))), True)
    if pc.any(wrong).as_py():
        row = row_of(wrong)
        raise malformed(path, row, f"{column[row].as_py()!r} is neither normal nor abnormal", PHASE)
    abnormal: npt.NDArray[np.bool_] = pc.equal(column, "abnormal").to_numpy()
    return abnormal


def _times(table: pa.Table, path: Path) -> Times:
    column = table.column("timestamp")
    if column.null_count:
        raise malformed(path, row_of(pc.is_null(column)), "it has no timestamp", "timestamp")
    if pa.types.is_dictionary(column.type):
        seconds = _parsed(column.combine_chunks(), path)
    elif pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        micros = column.cast(pa.timestamp("us"), safe=False).cast(pa.int64()).to_numpy()
        seconds = micros / 1e6
    else:
        seconds = column.cast(pa.float64(), safe=False).to_numpy()
    wrong = ~((seconds >= 0) & (seconds < LATEST))
    if wrong.any():
        row = int(wrong.argmax())
        raise malformed(path, row, _said_of(seconds[row]), "timestamp")
    return np.ceil(seconds - _TOLERANCE_SECONDS).astype(np.int64)


def _said_of(seconds: float) -> str:
    try:
        epoch_seconds(float(seconds))
    except ValueError as error:
        return str(error)
    return f"{seconds!r} is no time"


def _parsed(column: Any, path: Path) -> npt.NDArray[np.float64]:
    """Return the times behind texts, each distinct text read once."""
    known = column.dictionary.to_pylist()
    codes = column.indices.to_numpy(zero_copy_only=False)
    found = np.zeros(len(known))
    for place, text in enumerate(known):
        try:
            found[place] = epoch_seconds(text)
        except ValueError as error:
            row = int((codes == place).argmax())
            raise malformed(path, row, str(error), "timestamp") from error
    seconds: npt.NDArray[np.float64] = found[codes]
    return seconds


def _values(table: pa.Table) -> tuple[Packed, npt.NDArray[np.intp]]:
    """Return the values, and the rows of those that are infinite."""
    values = table.column("value").to_numpy()
    with np.errstate(over="ignore"):
        packed: Packed = values.astype(np.float32)
    infinite = np.flatnonzero(np.isinf(packed))
    packed[infinite] = np.nan
    return packed, infinite


def _codes(table: pa.Table, path: Path) -> tuple[Numbers, list[int]]:
    """Return a dense number per distinct combination of labels, and the first row of each."""
    combined = np.zeros(table.num_rows, dtype=np.int64)
    size = 1
    for name in _label_names(table):
        column = table.column(name).combine_chunks()
        if name in ("service", "metric"):
            _require_named(column, name, path)
        width = len(column.dictionary) + 1
        if size * width > _MANY:
            combined, size = _dense(combined)
        combined *= width
        combined += pc.fill_null(pc.add(column.indices, 1), 0).to_numpy()
        size *= width
    codes, count = _dense(combined)
    firsts = np.empty(count, dtype=np.int64)
    firsts[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    return codes.astype(np.int32), firsts.tolist()


def _dense(codes: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], int]:
    encoded = pa.array(codes).dictionary_encode()
    return encoded.indices.to_numpy().astype(np.int64), len(encoded.dictionary)


def _require_named(column: Any, name: str, path: Path) -> None:
    nameless = pc.is_null(column)
    empty = [place for place, text in enumerate(column.dictionary.to_pylist()) if not text]
    if empty:
        nameless = pc.or_(nameless, pc.is_in(column.indices, pa.array(empty, pa.int32())))
    if pc.any(nameless).as_py():
        raise malformed(path, row_of(nameless), "it is empty, expected a name", name)


def _label_names(table: pa.Table) -> list[str]:
    return [name for name in table.column_names if name not in _NO_LABELS]


def _columns(table: pa.Table, firsts: list[int], default_env: str) -> list[Column]:
    names = _label_names(table)
    picked = table.select(names).take(pa.array(firsts, pa.int64())).to_pylist()
    return [_column({name: row[name] or "" for name in names}, default_env) for row in picked]


def _column(labels: dict[str, str], default_env: str) -> Column:
    further = sorted(
        (name, value)
        for name, value in labels.items()
        if value and name not in _OWN and name not in _FACTS
    )
    env = labels.get("env", "")
    return Column(
        key=SeriesKey(
            service=labels["service"],
            metric=labels["metric"],
            env=env or default_env,
            region=labels.get("region") or None,
            segment=labels.get("segment") or None,
            labels=tuple(further),
        ),
        unit=labels.get("unit", ""),
        source=labels.get("source", ""),
        named_env=bool(env),
    )


def _rank(column: Column) -> tuple[str, ...]:
    key = column.key
    pairs = (text for pair in key.labels for text in pair)
    own = (key.env, key.service, key.metric, key.region or "", key.segment or "")
    return (*own, column.source, column.unit, str(column.named_env), *pairs)


def _merge(columns: list[Column]) -> tuple[tuple[Column, ...], list[int]]:
    """Return one column per series, and which of them each given one became.

    The same series from two telemetry sources stays two: the source becomes a label.
    """
    sources: dict[SeriesKey, set[str]] = {}
    for column in columns:
        sources.setdefault(column.key, set()).add(column.source)
    merged: dict[SeriesKey, Column] = {}
    keys = []
    for column in columns:
        key = column.key
        if len(sources[key]) > 1 and column.source:
            key = _with_label(key, "source", column.source)
        known = merged.get(key)
        unit = max(column.unit, known.unit if known else "")
        named = column.named_env or (known is not None and known.named_env)
        merged[key] = Column(key=key, unit=unit, source=column.source, named_env=named)
        keys.append(key)
    places = {key: place for place, key in enumerate(merged)}
    return tuple(merged.values()), [places[key] for key in keys]


def _with_label(key: SeriesKey, name: str, value: str) -> SeriesKey:
    return SeriesKey(
        service=key.service,
        metric=key.metric,
        env=key.env,
        region=key.region,
        segment=key.segment,
        labels=tuple(sorted((*key.labels, (name, value)))),
    )
