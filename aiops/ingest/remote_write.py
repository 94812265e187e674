"""Prometheus remote write 1.0 -> samples of the series that signals ask for. Pure.

Bodies of 2.0 are told by their content type and read by `remote_write_2`.

A body is a list of series with their labels and, as a rule, one sample each. Labels are not read:
their bytes, all that stands before the sample, are looked up. The sample is a tail of 18 bytes, or
of 9 where its value is 0, which protobuf leaves out. Everything else, and each first sight, is
read in full.

Source: https://prometheus.io/docs/specs/prw/remote_write_spec/ (1.0).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import numpy as np

from aiops.domain.errors import InputError
from aiops.domain.pushed import Block, RawSeries
from aiops.ingest import remote_write_2
from aiops.ingest.catalog import MOST_LABELS, Catalog, Pushed, timely
from aiops.ingest.protobuf import decoded, messages, past_fields

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
_TAIL: Final = 18
_ZERO_TAIL: Final = 9
_ZERO: Final = np.frombuffer(b"\x12\x07\x10", np.uint8)
_LAYOUT: Final = np.dtype(
    [("head", "V3"), ("value", "<f8"), ("tag", "u1"), ("at", "u1", 6)]  # a number of 6 bytes
)
_HEAD: Final = np.frombuffer(b"\x12\x10\x09", "V3")[0]
_AT_TAG: Final = 0x10
_MORE: Final = np.array([128, 128, 128, 128, 128, 0], dtype=np.uint8)
_SHIFTS: Final = np.array([0, 7, 14, 21, 28, 35], dtype=np.int64)
_MOST_DIGITS: Final = 5


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
    if content_type == VERSION_2:
        return remote_write_2.parse(body, catalog, received_at)
    series: Sequence[bytes] = list(decoded(body, _KINDS["WriteRequest"], "the body").timeseries)
    get = catalog.keys.get
    numbers = [get(one[:-_TAIL]) for one in series]
    reader = _Reader(catalog, received_at)
    if None in numbers:
        numbers, series = reader.others(numbers, series)
    if series:
        reader.tails(numbers, b"".join([one[-_TAIL:] for one in series]), series)
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

    def others(
        self, numbers: list[int | None], series: Sequence[bytes]
    ) -> tuple[list[int | None], list[bytes]]:
        """Take the series that are not found by what stands before 18 bytes; return the rest."""
        get = self.catalog.keys.get
        pairs = list(zip(numbers, series, strict=True))
        unfound = [one for number, one in pairs if number is None]
        zeros = [get(one[:-_ZERO_TAIL]) for one in unfound]
        if None in zeros:
            for place, (number, one) in enumerate(zip(zeros, unfound, strict=True)):
                if number is None:
                    self._spell(one, f"the {place + 1}. of the new timeseries")
            unfound = [
                one for number, one in zip(zeros, unfound, strict=True) if number is not None
            ]
        self._zeros([one for one in zeros if one is not None], unfound)
        return (
            [one for one in numbers if one is not None],
            [one for number, one in pairs if number is not None],
        )

    def tails(self, numbers: Sequence[int | None], tails: bytes, series: Sequence[bytes]) -> None:
        """Take the samples of known series from their last bytes."""
        found = np.frombuffer(tails, _LAYOUT)
        fits = (found["head"] == _HEAD) & (found["tag"] == _AT_TAG)
        fits &= ((found["at"] & 0x80) == _MORE).all(axis=1)
        named = np.array(numbers, dtype=np.int64)
        if not fits.all():
            for place in np.flatnonzero(~fits):
                self._spell(series[int(place)], "a timeseries")
            found, named = found[fits], named[fits]
        self._keep(named, _moments(found["at"]), found["value"])

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
            self._keep(np.array(numbers), np.array(at, dtype=np.int64), np.array(values))
        return Pushed(blocks=tuple(self.blocks), samples=self.samples, refused=self.refused)

    def _zeros(self, numbers: list[int], series: Sequence[bytes]) -> None:
        """Take the samples of known series whose value is 0."""
        ends = b"".join([one[-_ZERO_TAIL:] for one in series])
        found = np.frombuffer(ends, np.uint8).reshape(-1, _ZERO_TAIL)
        fits = (found[:, :3] == _ZERO).all(axis=1) & ((found[:, 3:] & 0x80) == _MORE).all(axis=1)
        for place in np.flatnonzero(~fits):
            self._spell(series[int(place)], "a timeseries of value 0")
        named = np.array(numbers, dtype=np.int64)[fits]
        self._keep(named, _moments(found[fits, 3:]), np.zeros(len(named)))

    def _spell(self, one: bytes, what: str) -> None:
        """Read a series in full."""
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
        usual = len(one) - end == _TAIL or one[end : end + 3] == _ZERO.tobytes()
        name = one[:end] if usual and len(found.samples) == 1 else b""
        self._spelled.append((name, raw, found.samples))

    def _keep(self, numbers: Any, at: Any, values: Any) -> None:
        self.samples += len(numbers)
        passed = numbers < 0
        if passed.any():
            self.catalog.count_passed(numbers[passed])
            asked = ~passed
            numbers, at, values = numbers[asked], at[asked], values[asked]
        if len(numbers):
            block = timely(numbers, at, values[:, None], self.received_at, self.refused)
            self.blocks.append(block)


def _moments(digits: Any) -> Any:
    """Return the times that 6 bytes each spell, shape (samples, 6) -> (samples,)."""
    return ((digits & 0x7F).astype(np.int64) << _SHIFTS).sum(axis=1)
