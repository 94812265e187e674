"""The JSON a Prometheus answers with -> labels and columns of values. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import orjson

from aiops.domain.errors import InputError
from aiops.domain.ticks import Floats

_LARGEST = float(np.finfo(np.float32).max)
_SHOWN_CHARACTERS = 300


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """One series of an answer.

    Args:
        labels: all of them, `__name__` included.
        values: float64, one per asked instant; NaN where there is none or it is not finite.
        infinite: how many of them were infinite, or larger than anything that is measured.
    """

    labels: Mapping[str, str]
    values: Floats
    infinite: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Vector:
    """The series of an answer about one instant.

    Args:
        labels: of each series, `__name__` included.
        values: float64, one per series; NaN where it is not finite.
        infinite: the places of those that were infinite, or larger than anything that is measured.
    """

    labels: Sequence[Mapping[str, str]]
    values: Floats
    infinite: tuple[int, ...] = ()


def parse_matrix(body: bytes, start: int, step_seconds: int, count: int) -> tuple[Measured, ...]:
    """Read the answer to a range query.

    Args:
        body: what came back, with status 200.
        start: the first asked instant, epoch seconds.
        step_seconds: distance between two of them.
        count: how many were asked for.

    Returns:
        The series in the order of the answer.

    Raises:
        InputError: the body is no such answer; says what it is instead.

    Examples:
        >>> body = (b'{"status":"success","data":{"resultType":"matrix","result":'
        ...         b'[{"metric":{"job":"shop"},"values":[[60,"1.5"],[180,"+Inf"]]}]}}')
        >>> parse_matrix(body, start=60, step_seconds=60, count=3)[0].values.tolist()
        [1.5, nan, nan]
    """
    found = _result(body, "matrix")
    try:
        return tuple(_series(one, start, step_seconds, count) for one in found)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _malformed(found, error) from error


def parse_vector(body: bytes) -> Vector:
    """Read the answer to an instant query; a scalar counts as one series without labels.

    Raises:
        InputError: the body is no such answer; says what it is instead.

    Examples:
        >>> body = (b'{"status":"success","data":{"resultType":"vector","result":'
        ...         b'[{"metric":{"job":"shop"},"value":[60,"0.25"]}]}}')
        >>> parse_vector(body).values.tolist()
        [0.25]
    """
    found = _result(body, "vector")
    try:
        values = np.array([float(one["value"][1]) for one in found], dtype=np.float64)
        labels = [one["metric"] for one in found]
        if not _are_texts(labels):
            labels = [_labels(one) for one in found]
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise _malformed(found, error) from error
    infinite = np.flatnonzero(np.abs(values) > _LARGEST)
    values[infinite] = np.nan
    return Vector(labels=labels, values=values, infinite=tuple(infinite.tolist()))


def error_text(body: bytes) -> str:
    """Return Prometheus' own words from a refused query, else the beginning of the body.

    Examples:
        >>> error_text(b'{"status":"error","errorType":"bad_data","error":"parse error"}')
        'bad_data: parse error'
    """
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        answer = None
    if isinstance(answer, dict) and "error" in answer:
        text = f"{answer.get('errorType', 'error')}: {answer['error']}"
    else:
        text = body[:_SHOWN_CHARACTERS].decode(errors="replace")
    printable = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(printable.split())[:_SHOWN_CHARACTERS] or "an empty body"


def _result(body: bytes, kind: str) -> list[Any]:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InputError(f"the answer is no JSON ({error}): {error_text(body)}") from error
    if not isinstance(answer, dict) or answer.get("status") != "success":
        raise InputError(f"the answer reports no success: {error_text(body)}")
    data = answer.get("data")
    data = data if isinstance(data, dict) else {}
    found, result = data.get("resultType"), data.get("result")
    if kind == "vector" and found == "scalar":
        return [{"metric": {}, "value": result}]
    if found != kind or not isinstance(result, list):
        raise InputError(f"the answer holds {found!r}, expected a {kind}: ask for numbers")
    return result


def _malformed(result: list[Any], error: Exception) -> InputError:
    """Return what is wrong with a result that cannot be read."""
    if any(isinstance(one, dict) and _only_histograms(one) for one in result):
        return InputError(
            "the answer holds native histograms, expected numbers: wrap the query, as in "
            "histogram_quantile(0.95, …)"
        )
    return InputError(f"a series of the answer is malformed ({error!r})")


def _only_histograms(series: Mapping[str, Any]) -> bool:
    return ("histogram" in series and "value" not in series) or (
        "histograms" in series and "values" not in series
    )


def _series(one: Mapping[str, Any], start: int, step_seconds: int, count: int) -> Measured:
    pairs = one["values"]
    found = np.array([float(text) for _, text in pairs], dtype=np.float64)
    # Prometheus evaluates at start + n * step exactly, so all instants answered means in order.
    if len(pairs) == count and pairs[0][0] == start:
        return _measured(_labels(one), found)
    times = np.array([time for time, _ in pairs], dtype=np.float64)
    slots = np.rint((times - start) / step_seconds).astype(np.int64)
    inside = (slots >= 0) & (slots < count)
    values = np.full(count, np.nan)
    values[slots[inside]] = found[inside]
    return _measured(_labels(one), values)


def _are_texts(labels: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether all labels are texts, as they are from a Prometheus."""
    return {*map(type, chain.from_iterable(one.values() for one in labels))} <= {str}


def _labels(one: Mapping[str, Any]) -> Mapping[str, str]:
    return {str(name): str(value) for name, value in one["metric"].items()}


def _measured(labels: Mapping[str, str], values: Floats) -> Measured:
    """Return a series with NaN for what is no value: 0/0, x/0, what a float32 cannot hold."""
    infinite = np.abs(values) > _LARGEST
    count = int(np.count_nonzero(infinite))
    usable = np.where(infinite, np.nan, values) if count else values
    return Measured(labels=labels, values=usable, infinite=count)
