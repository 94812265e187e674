"""Remote write 2.0: read as 1.0 is, with its table of symbols."""

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.domain.errors import InputError
from aiops.domain.pushed import RawSeries
from aiops.ingest import remote_write
from aiops.ingest.catalog import Catalog, Pushed
from aiops.ingest.pushed_signals import Signals
from aiops.settings import PushedSignalSettings, Selected
from tests.builders import minute
from tests.pushed import (
    ERRORS,
    POOL,
    REQUESTS,
    STALE,
    Numbers,
    Told,
    catalog,
    packed,
    part,
    remote_write_2,
    sample,
    source,
    symbols_of,
    varint,
)
from tests.pushed import (
    remote_write as written,
)

AT = round(minute(0).timestamp() * 1000)
UP = {"__name__": "requests_total", "job": "shop"}


def read(body: bytes, known: Catalog | None = None) -> Pushed:
    known = known or catalog(source(REQUESTS))
    return remote_write.parse(body, remote_write.VERSION_2, known, minute(1))


def body_of(symbols: list[str], *series: bytes) -> bytes:
    return packed(symbols_of(symbols) + b"".join(part(5, one) for one in series))


def series(*places: int) -> bytes:
    return part(1, b"".join(map(varint, places))) + sample(AT, 1.0)


def rows(found: Pushed) -> Counter[tuple[int, int, str]]:
    return Counter(
        (int(number), int(at), repr(row.tolist()))
        for block in found.blocks
        for number, at, row in zip(*block, strict=True)
    )


TEXTS = st.sampled_from(["a", "b", "shop", "500", "200", "⊕"])
SAMPLES = st.lists(
    st.tuples(
        st.fixed_dictionaries(
            {"__name__": st.sampled_from(["requests_total", "pool_used", "other"])},
            optional={"job": TEXTS, "code": TEXTS, "instance": TEXTS},
        ),
        st.integers(AT, AT + 60_000),
        st.floats(allow_nan=False) | st.just(STALE),
    ),
    min_size=1,
    max_size=12,
)


@given(told=SAMPLES, again=SAMPLES)
def test_both_versions_tell_the_same(told: list[Told], again: list[Told]) -> None:
    rules = source(REQUESTS, ERRORS, POOL)
    first, second = catalog(rules), catalog(rules)
    for some in (told, again, told):
        one = remote_write.parse(written(some), remote_write.PROTOBUF, first, minute(1))
        other = read(remote_write_2(some), second)
        assert rows(one) == rows(other)
        assert (one.samples, one.refused) == (other.samples, other.refused)


def test_a_series_is_known_by_its_texts_and_not_by_their_numbers() -> None:
    numbers = Numbers()
    known = catalog(source(REQUESTS), numbers)
    read(body_of(["", "__name__", "requests_total", "job", "shop"], series(1, 2, 3, 4)), known)
    found = read(
        body_of(["", "shop", "x", "job", "requests_total", "__name__"], series(5, 4, 3, 1)), known
    )
    assert found.kept == 1
    assert len(numbers.given) == 1


@pytest.mark.parametrize(
    "places",
    [(), (1, 2, 3), (1, 2, 3, 9), (1, 2, -1, -2), (3, 4), (1, 2, 3, 4, 3, 4), (1, 2, 0, 4), (1, 0)],
)
def test_a_series_whose_labels_are_none_costs_no_other(places: tuple[int, ...]) -> None:
    symbols = ["", "__name__", "requests_total", "job", "shop"]
    body = body_of(symbols, series(*places), series(1, 2, 3, 4))
    found = read(body)
    assert (found.kept, found.samples, sum(found.refused.values())) == (1, 2, 1)


def test_a_label_without_a_value_is_no_label() -> None:
    numbers = Numbers()
    read(
        body_of(["", "__name__", "requests_total", "job"], series(1, 2, 3, 0)),
        catalog(source(REQUESTS), numbers),
    )
    assert list(numbers.given) == [":requests_total{env=prod}"]


def test_native_histograms_are_counted_as_not_taken() -> None:
    symbols = ["", "__name__", "requests_total"]
    found = read(body_of(symbols, part(1, b"\x01\x02") + part(3, b"\x08\x01") * 3, series(1, 2)))
    assert (found.kept, found.samples) == (1, 4)
    assert found.refused == {"native histograms are not taken: send classic ones": 3}


def test_a_symbol_that_is_no_text_is_named() -> None:
    with pytest.raises(InputError, match=r"symbols\[1\]: it is no UTF-8"):
        read(packed(part(4, b"") + part(4, b"\xff\xfe")))


def test_a_symbol_that_is_named_without_end_costs_its_series_only() -> None:
    symbols = ["", "__name__", "requests_total", "job", "x" * 60_000]
    found = read(body_of(symbols, series(1, 2, *(3, 4) * 200_000), series(1, 2)))
    assert (found.kept, found.samples) == (1, 2)
    assert found.refused == {"no __name__, or over 128 labels": 1}


def test_symbols_that_come_to_more_than_we_hold_are_refused() -> None:
    long = ["", "__name__", "requests_total", "job", "x" * 60_000]
    with pytest.raises(InputError, match="its labels come to over 67,108,864 bytes: send fewer"):
        read(body_of(long, *[series(1, 2, 3, 4)] * 1_200))
    with pytest.raises(InputError, match=r"symbols\[1\]: found 70,000 bytes, expected 65,536"):
        read(body_of(["", "x" * 70_000]))


@pytest.mark.parametrize("body", [b"", b"\xff" * 9, packed(b"\x2a\xff"), packed(b"\x2a\x01\xff")])
def test_what_is_no_body_is_refused(body: bytes) -> None:
    with pytest.raises(InputError):
        read(body)


@pytest.mark.parametrize(
    ("empty", "version"),
    [(b"\x0a\x00", remote_write.PROTOBUF), (b"\x2a\x00", remote_write.VERSION_2)],
)
def test_a_body_of_a_million_empty_series_is_refused(empty: bytes, version: str) -> None:
    with pytest.raises(InputError, match="holds 1,000,000 timeseries"):
        remote_write.parse(packed(empty * 1_000_000), version, catalog(source(REQUESTS)), minute(1))


def test_a_body_of_the_other_version_holds_nothing() -> None:
    found = read(written([(UP, AT, 1.0)]))
    assert (found.kept, found.samples) == (0, 0)


@pytest.mark.parametrize(
    ("metric", "unit", "expected"),
    [
        ("took_seconds_bucket", "seconds", "s"),
        ("took_seconds_count", "seconds", ""),
        ("heap_bytes", "bytes", "By"),
        ("orders_total", "orders", ""),
    ],
)
def test_a_unit_that_is_told_is_taken_over(metric: str, unit: str, expected: str) -> None:
    met: list[RawSeries] = []

    def keep(series: Sequence[RawSeries]) -> dict[str, int]:
        met.extend(series)
        return Numbers()(series)

    wanted = PushedSignalSettings(name="x", of=Selected(metric=metric))
    known = Catalog(Signals(source=source(wanted)), keep)
    read(remote_write_2([({"__name__": metric}, AT, 1.0)], unit), known)
    assert [one.unit for one in met] == [expected]
