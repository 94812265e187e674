"""Files of alert-only cases (`.jsonl`, `.jsonl.gz`) -> cases to rank."""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from aiops.correlate.alert_cases import Alert, AlertCase, AlertKind
from aiops.domain.errors import InputError

_WHAT: Final = {AlertKind.METRIC: "metric", AlertKind.LOG: "template", AlertKind.TRACE: "operation"}
_WAY: Final = {AlertKind.METRIC: "direction", AlertKind.LOG: "", AlertKind.TRACE: "signal"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedAlerts:
    """One line of a file.

    Args:
        system: whose alerts they are; habits are those of one system.
        case_id: its name within the system.
        case: what can be ranked.
        problems: what had to be left out, one line each with its place.
    """

    system: str
    case_id: str
    case: AlertCase
    problems: tuple[str, ...]


def read_alert_cases(path: Path) -> tuple[list[RecordedAlerts], list[str]]:
    """Return the cases of a file, and what is wrong with the lines that are none.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        body = path.read_bytes()
        lines = (gzip.decompress(body) if path.suffix == ".gz" else body).splitlines()
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path} cannot be read ({error}); expected JSON lines") from error
    cases, problems = [], []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                cases.append(_case(line, f"{path}:{number}"))
            except InputError as error:
                problems.append(str(error))
    return cases, problems


def _case(line: bytes, place: str) -> RecordedAlerts:
    try:
        told = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise InputError(f"{place}: this is no JSON ({error}); the line is left out") from error
    if not isinstance(told, dict):
        raise InputError(f"{place}: found a {type(told).__name__}, expected an object; left out")
    names = {key: str(told.get(key, "")) for key in ("system", "case_id")}
    for key, name in names.items():
        if not name or name in (".", "..") or "/" in name or "\0" in name:
            raise InputError(f"{place}: {key} {name!r} cannot name a folder; the case is left out")
    problems: list[str] = []
    case = AlertCase(
        alerts=frozenset(_alerts(told.get("alerts"), place, problems)),
        instances=frozenset(one for one in _listed(told.get("nodes")) if isinstance(one, str)),
        calls=frozenset(_calls(told, place, problems)),
    )
    return RecordedAlerts(
        system=names["system"], case_id=names["case_id"], case=case, problems=tuple(problems)
    )


def _alerts(told: Any, place: str, problems: list[str]) -> Iterator[Alert]:
    for number, one in enumerate(_listed(told)):
        try:
            kind = AlertKind(one["kind"])
            yield Alert(
                kind=kind,
                instance=_text(one["instance"]),
                what=_text(one[_WHAT[kind]]),
                way=_text(one.get(_WAY[kind], "")),
                caller=_text(one.get("caller", "")),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            what = f"no {error}" if isinstance(error, KeyError) else str(error)
            problems.append(f"{place}: alerts[{number}]: {what}; it is left out")


def _calls(told: dict[str, Any], place: str, problems: list[str]) -> Iterator[tuple[str, str]]:
    key = "call_edges" if _listed(told.get("call_edges")) else "edges_as_shipped"
    for number, edge in enumerate(_listed(told.get(key))):
        if not isinstance(edge, list) or len(edge) != 2 or not all(map(_is_name, edge)):
            problems.append(
                f"{place}: {key}[{number}]: found {edge!r}, expected [caller, callee]; left out"
            )
        else:
            yield edge[0], edge[1]


def _listed(told: Any) -> list[Any]:
    return told if isinstance(told, list) else []


def _is_name(told: Any) -> bool:
    return isinstance(told, str) and bool(told)


def _text(told: Any) -> str:
    if not isinstance(told, str):
        raise TypeError(f"found {told!r}, expected a text")
    return told
