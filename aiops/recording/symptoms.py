"""A file of recorded symptoms -> symptoms and the topology around them. Pure.

    {"events": [{"ts": 1776506580, "service": "checkout", "metric": "error_ratio", "score": 23.5}],
     "edges": [["gateway", "checkout"]]}

Further keys are not read.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from aiops.domain.errors import InputError
from aiops.domain.families import classify, title_of, unit_of
from aiops.domain.series import Series, SeriesKey
from aiops.domain.symptoms import Origin, Symptom, SymptomKind, SymptomState, symptom_id
from aiops.recording.moments import moment
from topology.graph import ServiceGraph
from topology.parse import parse_topology
from topology.problems import ProblemLevel

_SOURCE: Final = "recorded"
_FORM: Final = 'expected {"events": [{ts, service, metric, score}], "edges": [[caller, callee]]}'
_MAX_NAMED: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSymptoms:
    """What a file of recorded symptoms holds.

    Args:
        symptoms: one per event, in the file's order; events that say the same share an id.
        graph: the topology of what could be understood of `edges`.
        problems: what had to be left out of the topology, one line each.
        remarks: what is odd about it, one line each; it was used as it is.
    """

    symptoms: tuple[Symptom, ...]
    graph: ServiceGraph
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def read_symptoms(text: bytes, name: str) -> RecordedSymptoms:
    """Read a file of recorded symptoms.

    Args:
        text: the whole file, JSON.
        name: its name, for the messages.

    Raises:
        InputError: it is not JSON, or an event lacks something; the message names the place.

    Examples:
        >>> event = b'{"ts": 60, "service": "shop", "metric": "error_ratio", "score": 9}'
        >>> read = read_symptoms(b'{"events": [' + event + b'], "edges": [["shop", "db"]]}', "a")
        >>> read.symptoms[0].service, read.symptoms[0].strength, read.graph.callees("shop")
        ('shop', 9.0, ('db',))
    """
    try:
        read = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InputError(f"{name}:{error.lineno}: this is no JSON: {error.msg}; {_FORM}") from error
    if not isinstance(read, dict) or not isinstance(read.get("events"), list):
        raise InputError(f"{name}: events: there is no such list; {_FORM}")
    series: dict[tuple[str, str], Series] = {}
    symptoms = tuple(
        _symptom(event, f"{name}: events[{place}]", series)
        for place, event in enumerate(read["events"])
    )
    return _with_topology(symptoms, read, name)


def _with_topology(
    symptoms: tuple[Symptom, ...], read: Mapping[str, Any], name: str
) -> RecordedSymptoms:
    """Add the topology: what is wrong with it is named, and the rest of it used."""
    problems = [] if "edges" in read else [f"{name}: edges: there is no such key; {_FORM}"]
    parsed = parse_topology(orjson.dumps({"edges": read.get("edges", [])}).decode(), name)
    remarks: list[str] = []
    for one in parsed.problems:
        advice = f" ({one.hint})" if one.hint else ""
        said = problems if one.level is ProblemLevel.ERROR else remarks
        said.append(f"{name}: {one.message}{advice}")
    if len(parsed.graph):
        remarks += _strangers(symptoms, parsed.graph, name)
    return RecordedSymptoms(
        symptoms=symptoms, graph=parsed.graph, problems=tuple(problems), remarks=tuple(remarks)
    )


def _strangers(symptoms: Sequence[Symptom], graph: ServiceGraph, name: str) -> list[str]:
    unknown = sorted({one.service for one in symptoms if one.service not in graph})
    if not unknown:
        return []
    more = f" and {len(unknown) - _MAX_NAMED} more" if len(unknown) > _MAX_NAMED else ""
    return [
        f"{name}: services with events but without edges: {', '.join(unknown[:_MAX_NAMED])}{more}; "
        "they take part by their time alone (add their calls to `edges`)"
    ]


def _symptom(event: object, place: str, known: dict[tuple[str, str], Series]) -> Symptom:
    if not isinstance(event, dict):
        raise InputError(f"{place}: {event!r} is no event; expected ts, service, metric, score")
    lacking = [key for key in ("ts", "service", "metric", "score") if key not in event]
    if lacking:
        raise InputError(f"{place}: {', '.join(lacking)} missing; expected a value")
    names = _text(event, "service", place), _text(event, "metric", place)
    if names not in known:
        known[names] = _series(*names)
    series = known[names]
    onset = _onset(event["ts"], place)
    return Symptom(
        id=symptom_id(series.key.env, _SOURCE, series.key.fingerprint, onset),
        kind=SymptomKind.ANOMALY,
        detector=_SOURCE,
        series=series,
        state=SymptomState.ACTIVE,
        onset=onset,
        detected_at=onset,
        last_seen=onset,
        direction=series.bad_direction,
        strength=abs(score := _score(event["score"], place)),
        observed=score,
        expected=0.0,
        low=0.0,
        high=0.0,
        before=0.0,
        origin=Origin.REPLAY,
    )


def _series(service: str, metric: str) -> Series:
    unit = unit_of(metric)
    family, bad_direction = classify(metric, unit)
    return Series(
        key=SeriesKey(service=service, metric=metric),
        family=family,
        bad_direction=bad_direction,
        unit=unit,
        title=title_of(metric, family),
    )


def _text(event: Mapping[str, object], key: str, place: str) -> str:
    value = event[key]
    if not isinstance(value, str) or not value:
        raise InputError(f"{place}.{key}: {value!r} is no name; expected a text")
    return value


def _onset(value: object, place: str) -> datetime:
    try:
        return moment(value)
    except ValueError as error:
        raise InputError(f"{place}.ts: {error}") from error


def _score(value: object, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError(f"{place}.score: {value!r} is no finite number; expected the strength")
    return float(value)
