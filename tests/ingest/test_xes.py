"""XES event logs: what is an event, and what is refused before it does harm."""

import gzip
import tracemalloc
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.domain.cases import CaseEvent
from aiops.domain.errors import InputError
from aiops.ingest.case_events import RefusedRow
from aiops.ingest.gzipped import unpacked
from aiops.ingest.xes import MAX_TAG_BYTES, rows
from aiops.settings import CaseSourceSettings
from tests.fuzzing import FUZZED, damaged

LOG = (Path(__file__).parents[1] / "golden" / "ingest" / "xes.orders.xes").read_bytes()
ORDERS = CaseSourceSettings(name="orders")
EVENT = (
    b'<event><string key="concept:name" value="paid"/>'
    b'<date key="time:timestamp" value="2026-04-18T10:00:00Z"/></event>'
)


def read(log: bytes, size: int = 0) -> list[tuple[int, CaseEvent | RefusedRow]]:
    size = size or len(log) or 1
    return list(rows((log[at : at + size] for at in range(0, len(log), size)), ORDERS))


def trace(inner: bytes, before: bytes = b"") -> bytes:
    name = b'<string key="concept:name" value="7"/>'
    return b"<log>" + before + b"<trace>" + name + inner + b"</trace></log>"


def test_events_are_taken_and_wrong_ones_named_with_their_line() -> None:
    found = read(LOG)
    events = [(line, one.name, one.actor) for line, one in found if isinstance(one, CaseEvent)]
    assert events == [
        (20, "ordered", "customer"),
        (29, "packed+start", "warehouse"),
        (37, "packed", "warehouse"),
    ]
    refused = [(line, one.column) for line, one in found if isinstance(one, RefusedRow)]
    assert refused == [(45, "timestamp"), (51, "case_id")]
    first, _, last = (one for _, one in found if isinstance(one, CaseEvent))
    assert (first.case_id, first.channel, first.amount) == ("4711", "web", Decimal("19.99"))
    assert (last.channel, last.location, last.reason_code) == ("store", "EU", "")


@pytest.mark.parametrize("size", [1, 7, 64])
def test_a_log_is_read_alike_however_it_comes(size: int) -> None:
    assert read(LOG, size) == read(LOG)


def test_prefixes_and_namespaces_are_the_logs_own() -> None:
    log = (
        b'<x:log xmlns:x="http://www.xes-standard.org/"><x:extension name="Concept" prefix="c"/>'
        b'<x:trace><x:string key="c:name" value="7"/><x:event><x:string key="c:name" value="paid"/>'
        b'<x:date key="time:timestamp" value="2026-04-18T10:00:00Z"/></x:event></x:trace></x:log>'
    )
    ((_, one),) = read(log)
    assert isinstance(one, CaseEvent)
    assert (one.case_id, one.name) == ("7", "paid")


def test_another_encoding_is_read() -> None:
    log = trace(EVENT.replace(b"paid", "für Überfällige".encode()))
    latin = b'<?xml version="1.0" encoding="ISO-8859-1"?>' + log.decode().encode("latin-1")
    wide = ('<?xml version="1.0" encoding="UTF-16"?>' + log.decode()).encode("utf-16")
    for sent in (log, latin, wide):
        ((_, one),) = read(sent)
        assert isinstance(one, CaseEvent)
        assert one.name == "für Überfällige"


LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE log [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    b'<log><trace><string key="concept:name" value="&b;"/></trace></log>'
)
OUTSIDE = (
    b'<!DOCTYPE log [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
    b'<log><string key="concept:name" value="a"/>&x;</log>'
)


@pytest.mark.parametrize(
    ("log", "why"),
    [
        (LAUGHS, "line 1: found a document type"),
        (OUTSIDE, "found a document type"),
        (b'<!DOCTYPE log SYSTEM "http://example.org/log.dtd"><log/>', "found a document type"),
        (b"<log>&x;</log>", "it is no XML .undefined entity"),
        (b"", "it is no XML .no element found"),
        (b"case_id,event_name\n", "it is no XML"),
        (b"<pnml/>", "found <pnml>, expected <log>"),
        (b'<?xml version="1.0" encoding="nobody"?><log/>', "it is no XML"),
        (b"<log>" + b"<list>" * 100, "60 deep"),
        (b"<log a='" + b"x" * 3 * MAX_TAG_BYTES, "a tag of over"),
        (b"<log>" + b"\xff\xfe", "it is no XML"),
    ],
    ids=range(11),
)
def test_what_is_no_log_is_refused_whole(log: bytes, why: str) -> None:
    with pytest.raises(InputError, match=why):
        read(log, 64 * 1024)


def test_a_torn_log_is_taken_up_to_there() -> None:
    found = read(trace(EVENT * 3)[:-10])
    assert [type(one) for _, one in found] == [CaseEvent] * 3 + [RefusedRow]
    last = found[-1][1]
    assert isinstance(last, RefusedRow)
    assert "it is no XML" in last.why


def test_a_torn_packed_log_is_taken_up_to_there() -> None:
    packed = gzip.compress(trace(EVENT * 3))[:-9]
    found = list(rows(unpacked([packed], 10_000), ORDERS))
    assert [type(one) for _, one in found] == [CaseEvent] * 3 + [RefusedRow]


def test_a_large_log_is_not_held() -> None:
    def chunks() -> Iterator[bytes]:
        yield trace(b"")[:-14]
        for _ in range(400):
            yield EVENT * 50 + b" " * 100_000
        yield b"</trace></log>"

    tracemalloc.start()
    assert sum(1 for _ in rows(chunks(), ORDERS)) == 20_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8_000_000


def test_packed_logs_are_bounded() -> None:
    assert b"".join(unpacked([gzip.compress(LOG)], len(LOG))) == LOG
    assert b"".join(unpacked([gzip.compress(LOG) + b"\0" * 512], len(LOG))) == LOG
    bomb = gzip.compress(b"\0" * 30_000_000)
    with pytest.raises(InputError, match="over 1,000,000 bytes"):
        list(unpacked([bomb], 1_000_000))
    for torn in (gzip.compress(LOG)[:-9], gzip.compress(LOG) + b"x", b"<log/>"):
        with pytest.raises(InputError, match="gzip"):
            list(unpacked([torn], len(LOG)))


@settings(max_examples=FUZZED, deadline=None)
@given(data=st.data())
def test_a_damaged_log_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    sent = damaged(LOG, data)
    try:
        found = read(sent, data.draw(st.integers(16, 4096)))
    except InputError:
        return
    assert all(one.at.tzinfo for _, one in found if isinstance(one, CaseEvent))


@settings(max_examples=FUZZED, deadline=None)
@given(data=st.data())
def test_a_damaged_packed_log_is_unpacked_or_refused_and_nothing_else(data: st.DataObject) -> None:
    try:
        read(b"".join(unpacked([damaged(gzip.compress(LOG), data)], 10 * len(LOG))))
    except InputError:
        return
