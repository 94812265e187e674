"""Prometheus remote write 2.0 -> samples of the series that signals ask for. Pure.

A body brings each text once, as a symbol; labels are numbers of symbols, which are others in each
body. So a series is looked up by the texts of its labels, and what they say is read at first sight
only. Start times, exemplars and help texts are not looked at.

Source: https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/ (2.0-rc.4).
"""

from collections import Counter
from collections.abc import Sequence, Sized
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from aiops.domain.errors import InputError
from aiops.domain.pushed import Block, RawSeries
from aiops.ingest.catalog import MOST_LABELS, Catalog, Pushed, timely
from aiops.ingest.protobuf import decoded, messages

_KINDS: Final = messages(
    "aiops.remote_write_2",
    {
        "Request": [("symbols", 4, "bytes*"), ("timeseries", 5, "TimeSeries*")],
        "TimeSeries": [
            ("labels", 1, "int64*"),
            ("samples", 2, "Sample*"),
            ("histograms", 3, "bytes*"),
            ("metadata", 5, "Metadata"),
        ],
        "Sample": [("value", 1, "double"), ("timestamp", 2, "int64")],
        "Metadata": [("unit", 4, "int64")],
    },
)
MOST_SERIES: Final = 500_000
"""Of one body; Prometheus sends 2,000 unless told otherwise, and a body holds 32 MB."""

MOST_NAME_BYTES: Final = 64 * 1024 * 1024
"""What the labels of all series of a body may come to, written out: symbols are told once and may
be named a million times."""

_MOST_REFERENCES: Final = 2 * (MOST_LABELS + 1)
_MOST_SYMBOL_BYTES: Final = 64 * 1024
_TOO_MANY: Final = f"no __name__, or over {MOST_LABELS} labels"
_BETWEEN: Final = b"\xff"
"""Stands in no text, so that texts in a row are told apart; no name of 1.0 begins with it."""

_UNITS: Final = MappingProxyType(
    {"seconds": "s", "bytes": "By", "ratio": "1", "celsius": "Cel", "joules": "J", "volts": "V"}
    | {"amperes": "A", "meters": "m", "grams": "g"}
)
"""OpenMetrics' units as we write them."""


def parse(body: bytes, catalog: Catalog, received_at: datetime) -> Pushed:
    """Return the samples of a body that a source's signals ask for.

    Args:
        body: unpacked.
        catalog: of the source.
        received_at: when it came, aware UTC.

    Raises:
        InputError: it cannot be read, or its symbols come to more than we hold; names the place.
    """
    found = decoded(body, _KINDS["Request"], "the body")
    require_series(found.timeseries)
    reader = _Reader(catalog, received_at, list(found.symbols))
    reader.read(found.timeseries)
    return reader.pushed()


def require_series(timeseries: Sized) -> None:
    """Refuse a body of so many series that it can only be made of empty ones.

    Raises:
        InputError: there are more than `MOST_SERIES`.
    """
    if len(timeseries) > MOST_SERIES:
        raise InputError(
            f"the body holds {len(timeseries):,} timeseries, expected {MOST_SERIES:,} at most"
        )


@dataclass(slots=True)
class _Reader:
    """Collects the samples of one body."""

    catalog: Catalog
    received_at: datetime
    symbols: list[bytes]
    samples: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    _known: list[tuple[int, Any]] = field(default_factory=list)
    _new: list[tuple[bytes, RawSeries, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for place, one in enumerate(self.symbols):
            if len(one) > _MOST_SYMBOL_BYTES:
                raise InputError(
                    f"symbols[{place}]: found {len(one):,} bytes, expected"
                    f" {_MOST_SYMBOL_BYTES:,} at most"
                )
            try:
                one.decode()
            except UnicodeDecodeError as error:
                raise InputError(f"symbols[{place}]: it is no UTF-8 ({error.reason})") from error

    def read(self, timeseries: Sequence[Any]) -> None:
        """Take all series."""
        symbol, last, keys = self.symbols.__getitem__, len(self.symbols) - 1, self.catalog.keys
        left = MOST_NAME_BYTES
        for one in timeseries:
            if one.histograms:
                count = len(one.histograms)
                self._refuse("native histograms are not taken: send classic ones", count)
            references = one.labels
            if len(references) > _MOST_REFERENCES:
                self._refuse(_TOO_MANY, len(one.samples))
                continue
            if not references or min(references) < 0 or max(references) > last:
                self._refuse("labels that are no symbols of the body", len(one.samples))
                continue
            key = _BETWEEN + _BETWEEN.join(map(symbol, references))
            left -= len(key)
            if left < 0:
                raise InputError(
                    f"its labels come to over {MOST_NAME_BYTES:,} bytes: send fewer series a body"
                )
            number = keys.get(key)
            if number is None:
                self._meet(key, one)
            else:
                self._known.append((number, one.samples))

    def pushed(self) -> Pushed:
        """Return what the body came down to."""
        found = self.catalog.meet([series for _, series, _ in self._new])
        for number, (key, _, samples) in zip(found, self._new, strict=True):
            self.catalog.remember(self.catalog.keys, key, number)
            self._known.append((number, samples))
        told = [
            (number, sample.timestamp, sample.value)
            for number, samples in self._known
            for sample in samples
        ]
        self.samples += len(told)
        block = self._block(told) if told else None
        blocks = () if block is None else (block,)
        return Pushed(blocks=blocks, samples=self.samples, refused=self.refused)

    def _meet(self, key: bytes, one: Any) -> None:
        """Read the labels of a series."""
        texts = [self.symbols[place].decode() for place in one.labels]
        labels = dict(zip(texts[::2], texts[1::2], strict=False))
        if len(texts) % 2 or 2 * len(labels) != len(texts) or "" in labels:
            self._refuse("labels without a value, without a name or named twice", len(one.samples))
            return
        labels = {name: text for name, text in labels.items() if text}
        metric = labels.pop("__name__", "")
        if not metric or len(labels) > MOST_LABELS:
            self._refuse(_TOO_MANY, len(one.samples))
            return
        raw = RawSeries(
            key=self.catalog.signals.key(metric, labels), unit=self._unit(metric, one.metadata.unit)
        )
        self._new.append((key, raw, one.samples))

    def _unit(self, metric: str, place: int) -> str:
        """Return the unit of a series; how many values a histogram has counted has none."""
        told = self.symbols[place].decode() if 0 < place < len(self.symbols) else ""
        return "" if metric.endswith("_count") else _UNITS.get(told, "")

    def _refuse(self, why: str, count: int) -> None:
        if count:
            self.samples += count
            self.refused[why] += count

    def _block(self, told: Sequence[tuple[int, int, float]]) -> Block | None:
        numbers, at, values = (np.array(column) for column in zip(*told, strict=True))
        passed = numbers < 0
        if passed.any():
            self.catalog.count_passed(numbers[passed])
        asked = ~passed
        if not asked.any():
            return None
        values = values[asked, None].astype(np.float64)
        return timely(numbers[asked], at[asked], values, self.received_at, self.refused)
