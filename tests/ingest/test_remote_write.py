"""Remote write: whatever a body is made of, series that are known are read as new ones are."""

import math
import struct
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from aiops.ingest import remote_write
from aiops.ingest.catalog import Catalog, Pushed
from aiops.ingest.remote_write_tails import read_tails
from tests.builders import minute
from tests.pushed import (
    REQUESTS,
    STALE,
    Numbers,
    catalog,
    labels_of,
    packed,
    part,
    sample,
    source,
    varint,
)

PROTOBUF = "application/x-protobuf"
NOW = round(minute(0).timestamp() * 1000)
NAME = {"__name__": "requests_total"}


def read(body: bytes, known: Catalog) -> Pushed:
    return remote_write.parse(body, PROTOBUF, known, minute(1))


def samples(found: Pushed) -> Counter[tuple[int, int, bytes]]:
    """Return every sample with its bits: a stale marker is no other NaN, and 0 is not -0."""
    return Counter(
        (int(number), int(moment), struct.pack("<d", value))
        for numbers, at, values in found.blocks
        for number, moment, (value,) in zip(numbers, at, values, strict=True)
    )


values = st.sampled_from([0.0, -0.0, 1.0, STALE, math.inf]) | st.floats(allow_nan=False)
times = st.integers(NOW - 10**7, NOW) | st.sampled_from([0, 1, -1, NOW - 10**9, 1 << 35, 1 << 42])
texts = st.sampled_from(["", "", "\x12\x10\t", "\x12\x07\x10", "\x12\x10\t" * 9])


@st.composite
def series(draw: st.DrawFn) -> bytes:
    """Draw a series: mostly as Prometheus writes one, else in a form that is allowed as well."""
    labels = labels_of({**NAME, "job": draw(st.sampled_from("ab")), "tail": draw(texts)})
    at, value = draw(times), draw(values)
    usual = sample(at, value)
    spelled = b"\x09" + struct.pack("<d", value)
    moment = b"\x10" + varint(at)
    no_time = b"\x18" + varint(at)
    forms = {
        "usual": labels + usual,
        "spelled out": labels + part(2, spelled + moment),
        "time first": labels + part(2, moment + spelled),
        "no time": labels + part(2, spelled + no_time),
        "no time and 0": labels + part(2, no_time),
        "two samples": labels + sample(at - 1000, draw(values)) + usual,
        "labels last": usual + labels,
        "a label after it": labels + usual + part(1, part(1, b"more") + part(2, b"x")),
        "exemplar": labels + usual + part(3, b"\x09" + bytes(8)),
        "exemplar first": labels + part(3, bytes.fromhex("12100a") + bytes(15)) + usual,
        "histogram": labels + part(4, b""),
        "no sample": labels,
    }
    return forms[draw(st.sampled_from(["usual"] * 3 + sorted(forms)))]


bodies = st.lists(st.lists(series(), max_size=12), min_size=1, max_size=3)


@given(bodies)
def test_known_series_are_read_as_new_ones_are(made: list[list[bytes]]) -> None:
    written = [packed(b"".join(part(1, one) for one in some)) for some in made]
    numbers = Numbers()
    seasoned = catalog(source(REQUESTS), numbers)
    for body in written:
        read(body, seasoned)
    for body in written:
        fresh, again = read(body, catalog(source(REQUESTS), numbers)), read(body, seasoned)
        assert samples(again) == samples(fresh)
        assert (again.samples, again.refused) == (fresh.samples, fresh.refused)


@given(st.lists(st.tuples(times.filter(lambda one: NOW - 10**7 <= one <= NOW), values)))
def test_every_sample_comes_out_as_it_went_in(told: list[tuple[int, float]]) -> None:
    numbers = Numbers()
    known = catalog(source(REQUESTS), numbers)
    named = [labels_of({**NAME, "job": str(place)}) for place in range(len(told))]
    for _ in range(2):
        body = packed(
            b"".join(part(1, name + sample(*one)) for name, one in zip(named, told, strict=True))
        )
        found = samples(read(body, known))
        assert found == Counter(
            (place, at, struct.pack("<d", value + 0.0 if value == 0 else value))
            for place, (at, value) in enumerate(told)
        )


def test_a_series_that_is_shorter_than_a_sample_has_none() -> None:
    for tail in (sample(NOW, 1.0), sample(NOW, 0.0)):
        for cut in range(len(tail)):
            assert not read_tails([b"labels" + tail[:cut], tail[cut:]]).sizes.any()
        assert read_tails([b"", b"labels" + tail]).sizes.tolist() == [0, len(tail)]
    assert not read_tails([]).sizes.any()


def test_labels_that_look_like_a_sample_are_none() -> None:
    told = labels_of({**NAME, "tail": ""})
    looks = part(1, part(1, b"x") + part(2, b"\x12\x10\x09" + b"a" * 6))
    known = catalog(source(REQUESTS))
    body = packed(part(1, told + looks + sample(NOW, 0.0)))
    for _ in range(2):
        ((_, moments, values_),) = read(body, known).blocks
        assert (moments.tolist(), values_.tolist()) == ([NOW], [[0.0]])
