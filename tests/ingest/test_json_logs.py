"""Logs as JSON lines: whoever wrote them, they come down to the same as OpenTelemetry's."""

import json
from pathlib import Path
from typing import Any

import pytest

from aiops.domain.errors import InputError
from aiops.domain.labels import LabelRule
from aiops.ingest.json_logs import MOST_TOLD, ReadLogs, parse
from aiops.ingest.otlp import MOST_RECORDS
from aiops.settings import LabelSettings, LogSourceSettings
from tests.builders import minute
from tests.clues.made import TRACE

GOLDEN = Path(__file__).parents[1] / "golden" / "ingest" / "json_logs.loggers.jsonl"
NOW = minute(5)
LINE = {"time": minute(3).timestamp(), "level": "error", "msg": "card 7 declined", "service": "pay"}


def read(*lines: Any, **more: Any) -> ReadLogs:
    body = b"\n".join(one if isinstance(one, bytes) else json.dumps(one).encode() for one in lines)
    return parse(body, LogSourceSettings(name="apps", **more), NOW, "prod", {"prod"})


def test_what_common_loggers_write_is_read_as_it_was_meant() -> None:
    found = parse(GOLDEN.read_bytes(), LogSourceSettings(name="apps"), NOW, "staging", {"prod"})
    told = {
        (one.env, one.service, one.severity.name, one.example) for one in found.parsed.batch.lines
    }
    assert told == {
        ("staging", "cart", "ERROR", "card 17 declined (PaymentError)"),
        ("staging", "payment", "ERROR", "charge failed: connection refused"),
        ("staging", "payment", "WARN", "retrying charge 3 of 5"),
        ("staging", "payment", "ERROR", "no route to gateway"),
        ("staging", "stock", "ERROR", "stock lookup failed (TimeoutError)"),
        ("staging", "stock", "FATAL", "database is gone"),
        ("staging", "orders", "ERROR", "order 8841 could not be stored"),
        ("prod", "orders", "WARN", "slow query (SlowQuery)"),
        ("staging", "billing", "ERROR", "Invoice {Id} was not sent"),
        ("staging", "edge", "ERROR", "upstream timed out"),
        ("staging", "media", "ERROR", "quota exceeded"),
        ("staging", "media", "ERROR", "ERROR: disk 93% full"),
    }
    assert {one.minute for one in found.parsed.batch.lines} == {minute(1)}
    assert found.parsed.taken == {"staging": 13, "prod": 1}
    assert sum(bool(one.trace_id) for one in found.parsed.batch.lines) == 3


def test_lines_and_a_list_say_the_same() -> None:
    lines = [LINE, {**LINE, "msg": "card 9 declined"}]
    assert read(json.dumps(lines).encode()) == read(*lines) == read(LINE, b"", b" ", lines[1])
    (one,) = read(*lines).parsed.batch.lines
    assert (one.text, one.count) == ("card <*> declined", 2)


@pytest.mark.parametrize(
    "told",
    [
        minute(3).timestamp(),
        round(minute(3).timestamp()) * 1000,
        round(minute(3).timestamp()) * 10**6,
        round(minute(3).timestamp()) * 10**9,
        str(round(minute(3).timestamp())),
        "2026-04-18T10:03:00Z",
        "2026-04-18 12:03:00,250+0200",
        "2026-04-18T10:03:00.123456789Z",
    ],
)
def test_times_are_known_by_their_form_and_size(told: object) -> None:
    (one,) = read({**LINE, "time": told}).parsed.batch.lines
    assert one.minute == minute(3)


def test_a_line_without_a_time_is_of_when_it_came() -> None:
    (one,) = read({"level": "error", "msg": "a", "service": "pay"}).parsed.batch.lines
    assert one.minute == minute(5)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"{", "it is no JSON"),
        (b"\xff\xfe", "it is no JSON"),
        (7, "found a number, expected an object"),
        ({**LINE, "time": "yesterday"}, "time: found 'yesterday'"),
        ({**LINE, "time": "2026-04-18 10:03:00"}, "a local time; write its offset"),
        ({**LINE, "time": -5}, "time: found -5"),
        ({**LINE, "time": "0001-01-01T00:00:00+14:00"}, "expected a time from 1970"),
        ({**LINE, "service": ""}, "no service: name the field in `labels.service`"),
    ],
)
def test_a_line_that_is_wrong_costs_itself_only(line: object, why: str) -> None:
    found = read(LINE, line)
    assert (found.parsed.taken, found.parsed.rejected) == ({"prod": 1}, 1)
    ((place, told),) = found.told
    assert place == "line 2"
    assert why in told
    with pytest.raises(InputError, match="line 1: "):
        read(line)


def test_a_local_time_is_of_the_zone_that_is_declared() -> None:
    told = {**LINE, "time": "2026-04-18 12:03:00"}
    (one,) = read(told, time_zone="Europe/Berlin").parsed.batch.lines
    assert one.minute == minute(3)


def test_times_that_would_mislead_are_counted() -> None:
    found = read(LINE, {**LINE, "time": minute(-3000).timestamp()}, {**LINE, "time": 60})
    assert (found.parsed.rejected, found.told) == (2, ())
    assert "compare the clocks" in found.parsed.why


def test_only_the_first_bad_lines_are_told_one_by_one() -> None:
    found = read(LINE, *[b"{"] * 50)
    assert (len(found.told), found.parsed.rejected) == (MOST_TOLD, 50)
    assert len(found.parsed.why) < 200


def test_too_many_lines_are_cut_off_and_counted() -> None:
    found = read(*[{**LINE, "level": "info"}] * (MOST_RECORDS + 3))
    assert found.parsed.taken == {"prod": MOST_RECORDS}
    assert found.parsed.rejected == 3


def test_what_is_named_is_looked_for_where_it_is() -> None:
    line = {
        "when": minute(3).timestamp(),
        "sev": {"name": "E"},
        "text": "down",
        "ctx": {"trace": TRACE},
        "k8s": {"app": "pay"},
        "level": "info",
    }
    fields = {"time": "when", "level": "sev.name", "message": "text", "trace_id": "ctx.trace"}
    found = read(line, fields=fields, labels=LabelSettings(service=("k8s.app",)))
    (one,) = found.parsed.batch.lines
    assert (one.service, one.severity.name, one.text, one.trace_id) == (
        "pay",
        "ERROR",
        "down",
        TRACE,
    )


def test_lines_that_name_no_service_are_the_sources_own() -> None:
    line = {"level": "error", "msg": "down"}
    other = {**line, "service": "cart"}
    found = read(line, other, service="pay").parsed
    assert [one.service for one in found.batch.lines] == ["cart", "pay"]


def test_rules_for_all_sources_hold_for_lines() -> None:
    rules = (
        LabelRule(name="normalize[0]", rename={"team": "service"}),
        LabelRule(name="normalize[1]", where={"stage": "sandbox"}, ignore=True),
    )
    line = {"level": "error", "msg": "down", "team": "pay"}
    found = read(line, {**line, "stage": "sandbox"}, normalize=rules).parsed
    assert (found.taken, found.rejected) == ({"prod": 1}, 0)
    assert [one.service for one in found.batch.lines] == ["pay"]


@pytest.mark.parametrize(
    ("level", "name"),
    [
        *[(one, "WARN") for one in ("warn", " WARN", 40)],
        *[(one, "ERROR") for one in ("Error", "ERROR:", 50, "50", 3)],
        *[(one, "FATAL") for one in ("dpanic", 60, 0)],
    ],
)
def test_levels_are_known_by_name_and_number(level: object, name: str) -> None:
    (one,) = read({**LINE, "level": level}).parsed.batch.lines
    assert one.severity.name == name


@pytest.mark.parametrize("level", ["info", "INFORMATION", "Verbose", 30, 10, 7, "debug", "trace"])
def test_mild_lines_only_tell_that_a_service_is_heard(level: object) -> None:
    found = read({**LINE, "level": level}).parsed
    assert (found.batch.lines, found.batch.heard) == ((), (("prod", minute(3)),))


def test_secrets_are_masked_before_anything_is_kept() -> None:
    (one,) = read({**LINE, "msg": "login failed", "error": "password=hunter2"}).parsed.batch.lines
    assert "hunter2" not in repr(one)
