"""OTLP logs and traces are read in both encodings, and what is wrong in a body is named."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.domain.errors import InputError
from aiops.domain.labels import LabelRule
from aiops.ingest import otlp_logs, otlp_traces
from aiops.ingest.otlp import JSON, MOST_RECORDS, PROTOBUF, Parsed
from tests.builders import minute
from tests.clues.made import TRACE
from tests.fuzzing import FUZZED
from tests.ingest.exports import as_protobuf, attribute, log, logs, span, spans

NOW = minute(5)
Parse = Callable[..., Parsed]


def read_logs(body: bytes, content_type: str = JSON) -> Parsed:
    return otlp_logs.parse(body, content_type, NOW, "prod")


def read_traces(body: bytes, content_type: str = JSON) -> Parsed:
    return otlp_traces.parse(body, content_type, NOW, "prod")


def test_logs_say_the_same_in_both_encodings() -> None:
    body = logs(log(), log("card 8 declined"), log("all is well", severityNumber=9), env="staging")
    parsed = read_logs(body)
    assert parsed == read_logs(as_protobuf(body), PROTOBUF)
    (one,) = parsed.batch.lines
    assert (one.env, one.service, one.severity, one.minute) == ("staging", "pay", 17, minute(3))
    assert (one.text, one.count, one.trace_id) == ("card <*> declined", 2, TRACE)
    assert parsed.batch.heard == (("staging", minute(3)),)
    assert (parsed.rejected, parsed.why) == (0, "")


@pytest.mark.parametrize("name", ["region", "cloud.region"])
def test_where_and_for_whom_a_resource_runs_is_kept(name: str) -> None:
    cohort = [attribute(name, "EU"), attribute("segment", "business")]
    for made, read, kind in (
        (logs(log()), read_logs, "lines"),
        (spans(span()), read_traces, "traces"),
    ):
        document = orjson.loads(made)
        for (resource,) in document.values():
            resource["resource"]["attributes"] += cohort
        body = orjson.dumps(document)
        for parsed in (read(body), read(as_protobuf(body), PROTOBUF)):
            (one,) = getattr(parsed.batch, kind)
            assert (one.region, one.segment) == ("EU", "business")


def test_traces_say_the_same_in_both_encodings() -> None:
    client = span(
        spanId="a" * 16,
        parentSpanId="c" * 16,
        kind=3,
        attributes=[attribute("db.system.name", "pg"), attribute("server.address", "pay-db")],
    )
    body = spans(span(), client)
    parsed = read_traces(body)
    assert parsed == read_traces(as_protobuf(body), PROTOBUF)
    assert [(one.caller, one.service) for one in parsed.batch.traces] == [
        ("", "pay"),
        ("pay", "pay-db"),
    ]
    first = parsed.batch.traces[0]
    assert (first.duration_seconds, first.failed, first.status) == (1.5, True, "no connection")
    (call,) = parsed.batch.calls
    assert (call.caller, call.callee) == ("pay", "pay-db")


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"body": {"kvlistValue": {"values": [attribute("event", "no card")]}}}, "event=no card"),
        ({"body": {}, "attributes": [attribute("message", "no card")]}, "no card"),
        ({"attributes": [attribute("exception.type", "NoCard")]}, "card <*> declined (NoCard)"),
        (
            {"body": {"arrayValue": {"values": [{"stringValue": "a"}, {"boolValue": True}]}}},
            "a true",
        ),
    ],
)
def test_a_body_of_any_shape_becomes_one_line(more: dict[str, Any], text: str) -> None:
    (one,) = read_logs(logs(log(**more))).batch.lines
    assert one.text == text
    assert read_logs(as_protobuf(logs(log(**more))), PROTOBUF).batch.lines == (one,)


def test_a_severity_may_be_a_name_only() -> None:
    named = log(severityNumber="SEVERITY_NUMBER_FATAL")
    bare = log(severityNumber=0, severityText="warning")
    lines = read_logs(logs(named, bare)).batch.lines
    assert sorted(one.severity for one in lines) == [13, 21]


def test_snake_case_names_are_read_too() -> None:
    body = (
        logs(log())
        .replace(b"resourceLogs", b"resource_logs")
        .replace(b"timeUnixNano", b"time_unix_nano")
        .replace(b"logRecords", b"log_records")
        .replace(b"traceId", b"trace_id")
    )
    assert read_logs(body) == read_logs(logs(log()))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (logs(log(), service=None), "no service.name in the resource: set OTEL_SERVICE_NAME"),
        (logs(log(at=-2000)), "a time over a day ago or ahead of ours: compare the clocks"),
        (logs(log(at=60)), "a time over a day ago or ahead of ours: compare the clocks"),
    ],
)
def test_what_cannot_be_placed_is_refused_and_the_rest_is_taken(body: bytes, why: str) -> None:
    good = orjson.loads(logs(log()))["resourceLogs"]
    both = orjson.dumps({"resourceLogs": [*good, *orjson.loads(body)["resourceLogs"]]})
    parsed = read_logs(both)
    assert (parsed.rejected, parsed.why) == (1, f"1: {why}")
    assert len(parsed.batch.lines) == 1


def test_attributes_are_brought_into_one_form_before_they_are_read() -> None:
    rules = (
        LabelRule(name="n0", rename={"k8s.deployment.name": "service"}),
        LabelRule(name="n1", where={"service": "noise-*"}, ignore=True),
        LabelRule(name="n2", values={"env": {"live": "prod"}}),
    )
    body = orjson.loads(logs(log(), service=None))
    attributes = body["resourceLogs"][0]["resource"]["attributes"]
    attributes += [attribute("k8s.deployment.name", "pay"), attribute("env", "live")]
    parsed = otlp_logs.parse(orjson.dumps(body), JSON, NOW, "staging", rules=rules)
    (one,) = parsed.batch.lines
    assert (one.service, one.env) == ("pay", "prod")
    attributes[0] = attribute("k8s.deployment.name", "noise-7")
    ignored = otlp_logs.parse(orjson.dumps(body), JSON, NOW, "prod", rules=rules)
    assert (ignored.batch.lines, ignored.rejected) == ((), 0)


def test_a_record_without_a_time_is_of_now() -> None:
    (one,) = read_logs(logs(log(timeUnixNano="0"))).batch.lines
    assert one.minute == minute(5)


def test_a_number_no_clock_has_is_none() -> None:
    parsed = read_traces(spans(span(startTimeUnixNano="9" * 400, kind="9" * 4000)))
    (one,) = parsed.batch.traces
    assert one.duration_seconds == 0.0


def test_who_is_asked_has_a_name_that_every_database_takes() -> None:
    bank = attribute("peer.service", "bank\0" + "x" * 4_000)
    body = spans(span(kind=3, attributes=[bank]))
    for parsed in (read_traces(body), read_traces(as_protobuf(body), PROTOBUF)):
        assert [one.callee for one in parsed.batch.calls] == ["bank " + "x" * 115]
        assert [one.service for one in parsed.batch.counts] == ["bank " + "x" * 115]


def test_a_span_without_ids_is_refused() -> None:
    parsed = read_traces(spans(span(traceId="bcxyz==")))
    assert (parsed.rejected, parsed.batch.traces) == (1, ())


def test_more_records_than_a_body_may_have_are_refused() -> None:
    parsed = read_logs(as_protobuf(logs(*[log()] * (MOST_RECORDS + 2))), PROTOBUF)
    assert parsed.rejected == 2
    assert parsed.batch.lines[0].count == MOST_RECORDS


@pytest.mark.parametrize(
    ("parse", "body", "place"),
    [
        (read_logs, b"[]", "found a list, expected an object"),
        (read_logs, b"{", "the body is no JSON"),
        (read_logs, b'{"resourceLogs": 1}', "resourceLogs: found a number, expected a list"),
        (
            read_logs,
            b'{"resourceLogs": [{"scopeLogs": [7]}]}',
            r"resourceLogs\[0\].scopeLogs\[0\]: found a number, expected an object",
        ),
        (read_traces, b'{"resourceSpans": ["x"]}', r"resourceSpans\[0\]: found a text"),
    ],
)
def test_a_malformed_body_is_named_with_its_place(parse: Parse, body: bytes, place: str) -> None:
    with pytest.raises(InputError, match=place):
        parse(body)


@pytest.mark.parametrize("parse", [read_logs, read_traces])
def test_no_protobuf_is_named(parse: Parse) -> None:
    with pytest.raises(InputError, match="no protobuf of this kind"):
        parse(b"\xff\xff\xff", PROTOBUF)


def test_nesting_without_end_is_cut_or_refused() -> None:
    deep: dict[str, Any] = {"stringValue": "x"}
    for _ in range(40):
        deep = {"arrayValue": {"values": [deep]}}
    (one,) = read_logs(logs(log(body=deep))).batch.lines
    assert one.text == "…"
    with pytest.raises(InputError):
        read_logs(b'{"resourceLogs":' + b"[" * 100_000)


INTEGERS = st.integers(-(2**63), 2**63 - 1)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | INTEGERS | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["resourceLogs", "scopeLogs", "logRecords", "resourceSpans", "scopeSpans", "spans",
             "resource", "attributes", "key", "value", "stringValue", "values", "kvlistValue",
             "body", "timeUnixNano", "endTimeUnixNano", "severityNumber", "traceId", "spanId",
             "kind", "status", "code", "events", "name"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=5 * FUZZED)
@given(JSON_VALUES, st.sampled_from([read_logs, read_traces]))
def test_any_json_is_read_or_refused_with_a_reason(value: Any, parse: Parse) -> None:
    try:
        parse(orjson.dumps(value))
    except InputError as error:
        assert str(error)  # noqa: PT017 - one kind only may come out


@settings(max_examples=5 * FUZZED)
@given(st.randoms(use_true_random=False), st.sampled_from([True, False]), st.booleans())
def test_a_broken_body_is_read_or_refused_with_a_reason(
    chance: random.Random, is_log: bool, is_json: bool
) -> None:
    body = bytearray(logs(log(), log("x")) if is_log else spans(span(), span(spanId="b" * 16)))
    if not is_json:
        body = bytearray(as_protobuf(bytes(body)))
    for _ in range(chance.randint(1, 6)):
        place = chance.randrange(len(body))
        body[place : place + chance.randint(0, 2)] = chance.randbytes(chance.randint(0, 3))
    parse = read_logs if is_log else read_traces
    try:
        parse(bytes(body), JSON if is_json else PROTOBUF)
    except InputError as error:
        assert str(error)  # noqa: PT017


def test_a_sender_that_was_away_for_hours_is_taken() -> None:
    late = NOW + timedelta(hours=20)
    assert otlp_logs.parse(logs(log()), JSON, late, "prod").rejected == 0


@pytest.mark.parametrize(
    ("named", "env"),
    [("production", "prod"), ("PROD", "prod"), ("prod-eu", "prod-eu"), ("qa", "qa")],
)
def test_an_environment_spelled_out_is_the_declared_one(named: str, env: str) -> None:
    parsed = otlp_logs.parse(logs(log(), env=named), JSON, NOW, "prod", {"prod", "staging"})
    assert parsed.batch.lines[0].env == env
