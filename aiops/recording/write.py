"""A recording, or what came of one -> files."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet
import yaml

from aiops.domain.changes import Change
from aiops.domain.clues import NO_TELEMETRY, TelemetryBatch
from aiops.domain.incidents import Incident
from aiops.domain.series import Series
from aiops.incident.export import export_all
from aiops.recording.events import event_lines
from aiops.recording.telemetry_lines import log_event_lines, trace_lines
from aiops.recording.values import Recorded

_PLAIN: Final = ("service", "metric", "env", "region", "segment", "unit", "source")


def write_recording(
    folder: Path,
    recorded: Iterable[Recorded],
    *,
    changes: Sequence[Change] = (),
    telemetry: TelemetryBatch = NO_TELEMETRY,
    topology: str = "",
    settings: Mapping[str, Any] | None = None,
    form: Literal["parquet", "csv"] = "parquet",
) -> None:
    """Write a recording that `read` reads back as the same signals.

    Args:
        folder: made where it is not there; files of the same names are replaced.
        recorded: series with their ticks; a value that is missing is not written.
        changes: what was done in that time.
        telemetry: what logs and traces of that time come down to.
        topology: the text of a topology file, in any form `topology.parse` reads.
        settings: what `aiops.yaml` is to say, as data.
        form: of the metrics file.

    Raises:
        OSError: a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _write_metrics(folder, _table(list(recorded)), form)
    events = event_lines(changes) + log_event_lines(telemetry.lines)
    _write_or_remove(folder / "events.jsonl", events)
    _write_or_remove(folder / "traces.jsonl", trace_lines(telemetry.traces))
    _write_or_remove(folder / "logs.jsonl", b"")
    _write_or_remove(folder / "topology.yaml", topology.encode())
    text = yaml.safe_dump(dict(settings), sort_keys=False, allow_unicode=True) if settings else ""
    _write_or_remove(folder / "aiops.yaml", text.encode())


def write_incidents(folder: Path, incidents: Iterable[Incident]) -> Path:
    """Write `incidents.json`, one object per episode in order of detection; return its path.

    What was merged into another incident is told there.

    Raises:
        OSError: the file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "incidents.json"
    listed = export_all(one for one in incidents if one.merged_into is None)
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY
    path.write_bytes(orjson.dumps(listed, option=options))
    return path


def _write_or_remove(path: Path, content: bytes) -> None:
    """Write a file, or see to it that none of an earlier recording stays."""
    if content:
        path.write_bytes(content)
    else:
        path.unlink(missing_ok=True)


def _write_metrics(folder: Path, table: pa.Table, form: str) -> None:
    paths = {"parquet": folder / "metrics.parquet", "csv": folder / "metrics.csv"}
    if form == "parquet":
        pa_parquet.write_table(table, paths["parquet"], compression="zstd")
    else:
        pa_csv.write_csv(table, paths["csv"])
    for other in paths.keys() - {form}:
        paths[other].unlink(missing_ok=True)


def _table(recorded: Sequence[Recorded]) -> pa.Table:
    """Return all samples in the long form, by tick; label columns nobody uses are left out."""
    further = {name for one in recorded for s in one.shard.series for name, _ in s.key.labels}
    names = [*_PLAIN, *sorted(further - set(_PLAIN))]
    parts = [_part(one, names) for one in recorded]
    table = pa.concat_tables(parts).unify_dictionaries()
    unused = [
        name
        for name in names
        if name not in ("service", "metric") and table.column(name).null_count == table.num_rows
    ]
    return table.drop_columns(unused)


def _part(recorded: Recorded, names: Sequence[str]) -> pa.Table:
    history, series = recorded.history, recorded.shard.series
    rows, slots = np.nonzero(np.isfinite(history.values))
    columns = {"timestamp": pa.array(history.times[rows])}
    for name in names:
        columns[name] = _labels([_label(one, name) for one in series], slots)
    columns["value"] = pa.array(history.values[rows, slots])
    return pa.table(columns)


def _labels(by_slot: Sequence[str | None], slots: Any) -> pa.Array:
    """Return a text per sample, kept as a dictionary."""
    encoded = pa.array(by_slot, pa.string()).dictionary_encode()
    indices = encoded.indices.take(pa.array(slots, pa.int64()))
    return pa.DictionaryArray.from_arrays(indices, encoded.dictionary)


def _label(series: Series, name: str) -> str | None:
    key = series.key
    own = {
        "service": key.service,
        "metric": key.metric,
        "env": key.env,
        "region": key.region,
        "segment": key.segment,
        "unit": series.unit,
        "source": series.source,
    }
    return (own.get(name) or key.label(name)) or None
