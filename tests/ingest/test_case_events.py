"""Event logs row by row: what is an event, and what is refused with its column."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.domain.cases import CaseEvent
from aiops.domain.errors import InputError
from aiops.ingest.case_events import MAX_ROW_CHARACTERS, RefusedRow, rows
from aiops.settings import CaseSourceSettings
from tests.fuzzing import FUZZED, damaged

FOLDER = Path(__file__).parents[1] / "golden" / "ingest"
CSV = (FOLDER / "case_events.orders.csv").read_text()
JSON = (FOLDER / "case_events.orders.jsonl").read_text()
ORDERS = CaseSourceSettings(name="orders")


def read(text: str, *, is_json: bool = False) -> list[tuple[int, CaseEvent | RefusedRow]]:
    return list(rows(text.splitlines(keepends=True), ORDERS, is_json=is_json))


def test_good_rows_are_taken_and_bad_ones_named_with_line_and_column() -> None:
    found = read(CSV)
    events = [(line, one.case_id, one.name) for line, one in found if isinstance(one, CaseEvent)]
    assert events == [
        (2, "4711", "ordered"),
        (3, "4711", "packed"),
        (7, "4712", "ordered"),
        (8, "4711", "shipped"),
    ]
    refused = [(line, one.column) for line, one in found if isinstance(one, RefusedRow)]
    assert refused == [(4, "case_id"), (5, "timestamp"), (6, "amount")]


def test_lines_of_json_may_use_the_names_of_xes() -> None:
    (_, first), (_, second) = read(JSON, is_json=True)
    assert isinstance(first, CaseEvent)
    assert isinstance(second, CaseEvent)
    assert (first.case_id, first.amount) == ("4711", Decimal("19.99"))
    assert (second.case_id, second.name, second.actor) == ("4712", "ordered", "customer")


def test_an_event_told_in_either_form_is_the_same_event() -> None:
    one = read('{"case_id":"1","event_name":"a","timestamp":0,"amount":"1.50"}', is_json=True)
    other = read("timestamp,amount,event_name,case_id\n1970-01-01T01:00+01:00,1.5,a,1\n")
    keys = {event.key for _, event in (*one, *other) if isinstance(event, CaseEvent)}
    assert len(keys) == 1


@pytest.mark.parametrize("change", ["case_id", "event_name", "actor", "channel", "reason_code"])
def test_another_value_is_another_event(change: str) -> None:
    row = {"case_id": "1", "event_name": "a", "timestamp": 0}
    text = f"{json.dumps(row)}\n{json.dumps(row | {change: 'x'})}\n"
    keys = {event.key for _, event in read(text, is_json=True) if isinstance(event, CaseEvent)}
    assert len(keys) == 2


@pytest.mark.parametrize("text", ["", "\n", "a,b,c\n1,2,3\n", "case_id,event_name\n1,a\n"])
def test_a_table_without_its_columns_is_refused_whole(text: str) -> None:
    with pytest.raises(InputError, match="line 1: found the columns"):
        read(text)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("[]", "found no object"),
        ("{", "found no JSON"),
        ('{"case_id": "1", "event_name": "a"}', "timestamp: found nothing"),
        ('{"case_id": ["1"], "event_name": "a", "timestamp": 0}', "case_id: found no text"),
        ('{"case_id": "a\\u0000b", "event_name": "a", "timestamp": 0}', "control characters"),
        ('{"case_id": "1", "event_name": "a", "timestamp": "2026-04-18 10:00"}', "a local time"),
        ('{"case_id": "1", "event_name": "' + "a" * 301 + '", "timestamp": 0}', "301 characters"),
        (" " * MAX_ROW_CHARACTERS + "{}", "more than"),
    ],
)
def test_what_no_event_may_be_is_refused(line: str, why: str) -> None:
    ((number, one), *_) = read(line, is_json=True)
    assert isinstance(one, RefusedRow)
    assert number == 1
    assert why in one.why


def test_a_row_with_other_columns_than_the_header_costs_itself_only() -> None:
    found = read("case_id,event_name,timestamp\n1,a\n1,a,0\n1,a,0,9\n")
    assert [type(one) for _, one in found] == [RefusedRow, CaseEvent, RefusedRow]


@pytest.mark.parametrize("is_json", [True, False], ids=["json", "csv"])
@given(data=st.data())
@settings(max_examples=FUZZED, deadline=None)
def test_a_damaged_log_is_read_or_refused_and_nothing_else(
    is_json: bool,
    data: st.DataObject,
) -> None:
    sent = damaged((JSON if is_json else CSV).encode(), data)
    try:
        found = read(sent.decode(errors="replace"), is_json=is_json)
    except InputError:
        return
    assert all(one.at.tzinfo for _, one in found if isinstance(one, CaseEvent))
