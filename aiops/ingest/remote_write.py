"""Prometheus remote write 1.0 -> samples of the series that signals ask for. Pure.

Bodies of 2.0 are told by their content type and read by `remote_write_2`.

A body is a list of series with their labels and, as a rule, one sample each. Labels are not read:
their bytes, all that stands before the sample, are looked up. The sample is a tail of 18 bytes, or
of 9 where its value is 0, which protobuf leaves out. Everything else, and each first sight, is
read in full.

Source: https://prometheus.io/docs/specs/prw/remote_write_spec/ (1.0).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import repeat
from operator import getitem
from typing import Any, Final, cast

import numpy as np

from aiops.domain.errors import InputError
from aiops.domain.pushed import Block, RawSeries
from aiops.ingest import remote_write_2
from aiops.ingest.catalog import MOST_LABELS, Catalog, Pushed, timely
from aiops.ingest.protobuf import decoded, messages, past_fields
from aiops.ingest.remote_write_tails import TAIL, ZERO_TAIL, read_tails

PROTOBUF: Final = "application/x-protobuf"
VERSION_2: Final = "application/x-protobuf;proto=io.prometheus.write.v2.Request"
MAX_PACKED_BYTES: Final = 8 * 1024 * 1024
MAX_BODY_BYTES: Final = 32 * 1024 * 1024
"""Prometheus sends 2,000 samples at a time unless told otherwise: about half a megabyte."""

_KINDS: Final = messages(
    "aiops.remote_write",
    {
        "WriteRequest": [("timeseries", 1, "bytes*")],
        "TimeSeries": [
            ("labels", 1, "Label*"),
            ("samples", 2, "Sample*"),
            ("histograms", 4, "bytes*"),
        ],
        "Label": [("name", 1, "bytes"), ("value", 2, "bytes")],
        "Sample": [("value", 1, "double"), ("timestamp", 2, "int64")],
    },
)
_LABEL_TAG: Final = 0x0A
_UNKNOWN: Final = np.iinfo(np.int64).min
_NAMES: Final = np.array([slice(0, 0)] * (TAIL + 1), dtype=object)
_NAMES[[ZERO_TAIL, TAIL]] = slice(None, -ZERO_TAIL), slice(None, -TAIL)
"""Which part of a series is its name, by how many bytes its sample has; none where it is none."""

_part = cast("Callable[[bytes, slice], bytes]", getitem)
_MOST_DIGITS: Final = 5


def is_version_2(content_type: str) -> bool:
    """Return whether a content type is that of remote write 2.0, however it is spelled.

    Examples:
        >>> is_version_2('application/x-protobuf; proto="io.prometheus.write.v2.Request"')
        True
    """
    told = content_type.replace(" ", "").replace('"', "")
    return told.lower() == VERSION_2.lower()


def unpacked(body: bytes) -> bytes:
    """Return what a body in snappy's block format holds.

    Raises:
        InputError: it is none, or holds more than `MAX_BODY_BYTES`, which its beginning tells.
    """
    length, shift = 0, 0
    for byte in body[:_MOST_DIGITS]:
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    else:
        raise InputError("the body is not packed with snappy: it begins with no length")
    if length > MAX_BODY_BYTES:
        raise InputError(f"the body holds {length:,} bytes, expected {MAX_BODY_BYTES:,} at most")
    import pyarrow as pa  # noqa: PLC0415 - it takes a while, and only such a source needs it

    try:
        found: bytes = pa.decompress(body, length, codec="snappy", asbytes=True)
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"the body is not packed with snappy ({error})") from error
    return found


def parse(body: bytes, content_type: str, catalog: Catalog, received_at: datetime) -> Pushed:
    """Return the samples of a body that a source's signals ask for.

    Args:
        body: as it came, packed with snappy.
        content_type: of the body, `VERSION_2` or else that of 1.0.
        catalog: of the source.
        received_at: when it came, aware UTC.

    Raises:
        InputError: it cannot be read; names the place.
    """
    body = unpacked(body)
    if is_version_2(content_type):
        return remote_write_2.parse(body, catalog, received_at)
    sent = decoded(body, _KINDS["WriteRequest"], "the body").timeseries
    remote_write_2.require_series(sent)
    series: Sequence[bytes] = list(sent)
    reader = _Reader(catalog, received_at)
    sizes, at, values = read_tails(series)
    names: Iterable[bytes] = map(_part, series, _NAMES[sizes].tolist())
    numbers = np.fromiter(map(catalog.keys.get, names, repeat(_UNKNOWN)), np.int64, len(series))
    fresh = numbers == _UNKNOWN
    if fresh.any():
        for place in np.flatnonzero(fresh).tolist():
            reader.spell(series[place], int(sizes[place]), f"the {place + 1}. timeseries")
        known = ~fresh
        numbers, at, values = numbers[known], at[known], values[known]
    reader.keep(numbers, at, values)
    return reader.pushed()


@dataclass(slots=True)
class _Reader:
    """Collects the samples of one body."""

    catalog: Catalog
    received_at: datetime
    samples: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    blocks: list[Block] = field(default_factory=list)
    _spelled: list[tuple[bytes, RawSeries, Any]] = field(default_factory=list)

    def pushed(self) -> Pushed:
        """Return what the body came down to."""
        found = self.catalog.meet([one for _, one, _ in self._spelled])
        for number, (name, _, _) in zip(found, self._spelled, strict=True):
            if name:
                self.catalog.remember(self.catalog.keys, name, number)
        spelled = [
            (number, sample.timestamp, sample.value)
            for number, (_, _, samples) in zip(found, self._spelled, strict=True)
            for sample in samples
        ]
        if spelled:
            numbers, at, values = zip(*spelled, strict=True)
            self.keep(np.array(numbers), np.array(at, dtype=np.int64), np.array(values))
        return Pushed(blocks=tuple(self.blocks), samples=self.samples, refused=self.refused)

    def spell(self, one: bytes, size: int, what: str) -> None:
        """Read a series in full, whose last bytes may be its sample: so many, or none."""
        found = decoded(one, _KINDS["TimeSeries"], what)
        if found.histograms:
            self.refused["native histograms are not taken: send classic ones"] += 1
        if not found.samples:
            return
        try:
            labels = {label.name.decode(): label.value.decode() for label in found.labels}
        except UnicodeDecodeError:
            self.samples += len(found.samples)
            self.refused["a label that is no UTF-8"] += len(found.samples)
            return
        metric = labels.pop("__name__", "")
        if not metric or len(labels) > MOST_LABELS:
            self.samples += len(found.samples)
            self.refused[f"no __name__, or over {MOST_LABELS} labels"] += len(found.samples)
            return
        raw = RawSeries(key=self.catalog.signals.key(metric, labels))
        end = past_fields(one, _LABEL_TAG)
        name = one[:end] if len(one) - end == size else b""
        self._spelled.append((name, raw, found.samples))

    def keep(self, numbers: Any, at: Any, values: Any) -> None:
        """Take samples of series that have numbers."""
        self.samples += len(numbers)
        passed = numbers < 0
        if passed.any():
            self.catalog.count_passed(numbers[passed])
            asked = ~passed
            numbers, at, values = numbers[asked], at[asked], values[asked]
        if len(numbers):
            block = timely(numbers, at, values[:, None], self.received_at, self.refused)
            self.blocks.append(block)
