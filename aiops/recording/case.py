"""`case.json`: what is known of a recorded case beside its signals."""

from pathlib import Path
from typing import Any

import orjson

from aiops.domain.errors import InputError
from aiops.recording.moments import moment
from aiops.recording.values import Alert, Case


def read_case(folder: Path) -> Case:
    """Read `case.json` of a recording; a missing file says nothing.

    Raises:
        InputError: it is no JSON object, a field is wrong, or its baseline is nowhere.
    """
    path = folder / "case.json"
    if not path.is_file():
        return Case()
    try:
        told = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise InputError(f"{path}: {error}; expected a JSON object") from error
    if not isinstance(told, dict):
        raise InputError(f"{path}: found {type(told).__name__}, expected a JSON object")
    try:
        detected_at = None if told.get("detected_at") is None else moment(told["detected_at"])
    except ValueError as error:
        raise InputError(f"{path}: detected_at: {error}") from error
    return Case(
        detected_at=detected_at,
        step_seconds=_step(told.get("step_s"), path),
        baseline=_baseline(told.get("baseline"), folder, path),
        alert=_alert(told.get("alert"), path),
    )


def _step(value: Any, path: Path) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or round(value) < 1:
        raise InputError(f"{path}: step_s: found {value!r}, expected seconds, 1 or more")
    return round(value)


def _baseline(value: Any, folder: Path, path: Path) -> Path | None:
    """Find the file with fault-free time: in the folder, else in one of its parents."""
    if value is None:
        return None
    if not isinstance(value, str) or not value:
        raise InputError(f"{path}: baseline: found {value!r}, expected the name of a metrics file")
    folder = folder.resolve()
    for parent in (folder, *folder.parents):
        found = parent / value
        if found.is_file():
            return found
    raise InputError(
        f"{path}: baseline: there is no {value} in {folder} or above it, expected a metrics file"
    )


def _alert(value: Any, path: Path) -> Alert | None:
    if value is None:
        return None
    service = value.get("service") if isinstance(value, dict) else None
    metric = value.get("metric") or "" if isinstance(value, dict) else None
    if not isinstance(service, str) or not service or not isinstance(metric, str):
        raise InputError(
            f"{path}: alert: found {value!r}, expected an object with service and metric"
        )
    return Alert(service=service, metric=metric)
