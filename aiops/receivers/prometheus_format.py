"""Query results in Prometheus's own JSON, written for whole series at a time."""

from collections.abc import Mapping, Sequence
from operator import add

import numpy as np
import numpy.typing as npt
import orjson

Labels = Mapping[str, str]

_PLAIN_LEAST = 1e-3
_PLAIN_MOST = 1e15


def format_values(values: npt.NDArray[np.floating]) -> list[bytes]:
    """Return numbers as Go prints them: shortest, with an exponent below 1e-6 and from 1e21.

    Examples:
        >>> format_values(np.array([1.0, 0.072, 1e-7, 1e21, 2e16]))
        [b'1', b'0.072', b'1e-07', b'1e+21', b'20000000000000000']
    """
    if not len(values):
        return []
    numbers = np.ascontiguousarray(values, dtype=np.float64)
    # orjson writes the shortest digits too, and fast; only its exponents and ".0" differ
    joined = orjson.dumps(numbers, option=orjson.OPT_SERIALIZE_NUMPY)
    texts = (joined[1:-1] + b",").replace(b".0,", b",").split(b",")[:-1]
    size = np.abs(numbers)
    plain = ((size >= _PLAIN_LEAST) & (size < _PLAIN_MOST)) | (size == 0)
    for index in np.flatnonzero(~plain):
        texts[index] = _format_odd(float(numbers[index]))
    return texts


def format_vector(metric: str, at_ms: int, series: Sequence[tuple[Labels, float]]) -> bytes:
    """Return the data of an instant query; a series whose value is NaN has no sample.

    Args:
        metric: the name all series get.
        at_ms: epoch milliseconds.
        series: labels and value.
    """
    kept = [(labels, value) for labels, value in series if not np.isnan(value)]
    values = format_values(np.array([value for _, value in kept]))
    at = _timestamp(at_ms)
    entries = [
        b'{"metric":%b,"value":[%b,"%b"]}' % (_metric(metric, labels), at, value)
        for (labels, _), value in zip(kept, values, strict=True)
    ]
    return b'{"resultType":"vector","result":[%b]}' % b",".join(entries)


def format_scalar(at_ms: int, value: float) -> bytes:
    """Return the data of an instant query whose result is one number.

    Examples:
        >>> format_scalar(1_500, 1.5)
        b'{"resultType":"scalar","result":[1.500,"1.5"]}'
    """
    (text,) = format_values(np.array([value]))
    return b'{"resultType":"scalar","result":[%b,"%b"]}' % (_timestamp(at_ms), text)


def format_matrix(
    metric: str,
    steps_ms: npt.NDArray[np.int64],
    series: Sequence[tuple[Labels, npt.NDArray[np.floating]]],
) -> bytes:
    """Return the data of a range query, sorted by labels, series without samples left out.

    Args:
        metric: the name all series get.
        steps_ms: (steps,) epoch milliseconds.
        series: labels and (steps,) values; NaN where there is no sample.
    """
    prefixes = [b'[%b,"' % _timestamp(step) for step in steps_ms.tolist()]
    entries = []
    for labels, values in sorted(series, key=lambda entry: sorted(_present(entry[0]).items())):
        there = np.flatnonzero(~np.isnan(values))
        if not len(there):
            continue
        whole = len(there) == len(prefixes)
        starts = prefixes if whole else [prefixes[index] for index in there.tolist()]
        points = b'"],'.join(map(add, starts, format_values(values[there])))
        entries.append(b'{"metric":%b,"values":[%b"]]}' % (_metric(metric, labels), points))
    return b'{"resultType":"matrix","result":[%b]}' % b",".join(entries)


def _metric(name: str, labels: Labels) -> bytes:
    return orjson.dumps({"__name__": name, **_present(labels)}, option=orjson.OPT_SORT_KEYS)


def _present(labels: Labels) -> dict[str, str]:
    """Return the labels that have a value; to Prometheus an empty one is none."""
    return {label: value for label, value in labels.items() if value}


def _timestamp(milliseconds: int) -> bytes:
    sign = b"-" if milliseconds < 0 else b""
    seconds, rest = divmod(abs(milliseconds), 1000)
    return sign + (b"%d.%03d" % (seconds, rest) if rest else b"%d" % seconds)


def _format_odd(value: float) -> bytes:
    if np.isinf(value):
        return b"+Inf" if value > 0 else b"-Inf"
    if 1e-6 <= abs(value) < 1e21:
        return np.format_float_positional(value, trim="-").encode()
    return repr(value).encode()
