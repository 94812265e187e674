"""Bodies of samples as Prometheus and OpenTelemetry send them, and a source that takes them."""

import struct
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from aiops.ingest.catalog import Catalog
from aiops.ingest.pushed_signals import Signals
from aiops.settings import (
    PushedSignalSettings,
    PushedSourceSettings,
    Reading,
    Selected,
)
from aiops.settings.pushed_sources import LABELS_OF

STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
Told = tuple[Mapping[str, str], int, float]
"""Labels, epoch milliseconds, value."""

REQUESTS = PushedSignalSettings(
    name="requests_rate", of=Selected(metric="requests_total"), reading=Reading.RATE
)
ERRORS = PushedSignalSettings(
    name="error_ratio",
    of=Selected(metric="requests_total", where=(("code", "5.."),)),
    per=Selected(metric="requests_total"),
    reading=Reading.RATIO,
)
POOL = PushedSignalSettings(name="pool_used", of=Selected(metric="pool_used"))


def source(*signals: PushedSignalSettings, **further: object) -> PushedSourceSettings:
    chosen: dict[str, Any] = {"kind": "remote_write", "name": "prom", **further}
    chosen.setdefault("labels", LABELS_OF[chosen["kind"]])
    return PushedSourceSettings(signals=signals, **chosen)


class Numbers:
    """Gives raw series their numbers as the store does, in memory."""

    def __init__(self) -> None:
        self.given: dict[str, int] = {}
        self.asked: list[list[str]] = []
        self._next = 0

    def __call__(self, series: object) -> dict[str, int]:
        names = []
        for one in series:  # type: ignore[attr-defined]
            names.append(one.fingerprint)
            if one.fingerprint not in self.given:
                self.given[one.fingerprint] = self._next
                self._next += one.width
        self.asked.append(names)
        return {name: self.given[name] for name in names}


def catalog(of: PushedSourceSettings, numbers: Numbers | None = None) -> Catalog:
    return Catalog(Signals(source=of), numbers or Numbers())


def varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def part(field: int, body: bytes) -> bytes:
    """Return a field of protobuf that has a length."""
    return varint(field << 3 | 2) + varint(len(body)) + body


def sample(at: int, value: float) -> bytes:
    told = b"" if value == 0 else b"\x09" + struct.pack("<d", value)
    return part(2, told + b"\x10" + varint(at))


def labels_of(labels: Mapping[str, str]) -> bytes:
    return b"".join(
        part(1, part(1, name.encode()) + part(2, value.encode()))
        for name, value in sorted(labels.items())
    )


def remote_write(told: Iterable[Told]) -> bytes:
    """Return a body of one series with one sample each, as Prometheus sends it."""
    series = (part(1, labels_of(labels) + sample(at, value)) for labels, at, value in told)
    return packed(b"".join(series))


def remote_write_2(told: Iterable[Told], unit: str = "") -> bytes:
    """Return a body of remote write 2.0, one series with one sample each."""
    symbols = {"": 0}
    told = list(told)
    for text in (
        unit,
        *(text for labels, _, _ in told for pair in labels.items() for text in pair),
    ):
        symbols.setdefault(text, len(symbols))
    series = []
    for labels, at, value in told:
        places = [symbols[text] for pair in sorted(labels.items()) for text in pair]
        about = part(5, varint(1 << 3) + varint(1) + varint(4 << 3) + varint(symbols[unit]))
        series.append(part(1, b"".join(map(varint, places))) + sample(at, value) + about)
    return packed(symbols_of(symbols) + b"".join(part(5, one) for one in series))


def symbols_of(texts: Iterable[str]) -> bytes:
    return b"".join(part(4, one.encode()) for one in texts)


def packed(body: bytes) -> bytes:
    found: bytes = pa.compress(body, codec="snappy", asbytes=True)
    return found
