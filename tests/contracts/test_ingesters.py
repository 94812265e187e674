"""What every ingester that is sent bodies promises, whatever it reads."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.domain.errors import InputError
from aiops.ingest.registry import INGESTERS, ingester_named, page
from aiops.settings import (
    ALERT_KINDS,
    CASE_EVENTS,
    CHANGE_KINDS,
    JSON_LOGS,
    MAINTENANCE,
    PUSHED_KINDS,
    ROW_KINDS,
    AlertLabelSettings,
    AlertSourceSettings,
    LogSourceSettings,
)
from tests.builders import minute
from tests.fuzzing import FUZZED, damaged

GOLDEN = Path(__file__).parents[1] / "golden" / "ingest"
Parse = Callable[[bytes], Any]

OWN_SAMPLES: Mapping[str, tuple[bytes, ...]] = {
    "changes": (b'{"kind": "deploy", "service": "shop", "ref": "v2", "timestamp": 0}',),
    "otlp_logs": (b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [{}]}]}]}',),
    "otlp_traces": (b'{"resourceSpans": [{"scopeSpans": [{"spans": []}]}]}',),
}
ZABBIX = AlertSourceSettings(
    name="zabbix",
    kind="alerts",
    labels=AlertLabelSettings(service=("host.service",), severity=("event.severity",)),
    values={"status": {"1": "firing", "0": "resolved"}, "severity": {"Disaster": "critical"}},
    fields={
        "alerts": "data.items",
        "key": "event.id",
        "name": "event.name",
        "status": "event.value",
        "started_at": "event.since",
        "ended_at": "event.until",
        "url": "event.link",
    },
)

"""Rules that fit the golden sample of a mapped body."""
SENT = sorted({*OWN_SAMPLES, *ALERT_KINDS, MAINTENANCE, JSON_LOGS})


def parser(name: str) -> Parse:
    read = ingester_named(name)
    if name in ALERT_KINDS:
        rules = ZABBIX if name == "alerts" else AlertSourceSettings(name="one", kind=name)
        return lambda body: read(body, minute(4), rules, "prod")
    if name == JSON_LOGS:
        return lambda body: read(body, LogSourceSettings(name="one"), minute(4), "prod")
    if name == "maintenance":
        return lambda body: read(body, minute(4), "one", "prod")
    if name == "changes":
        return lambda body: read(body, minute(4), "prod")
    return lambda body: read(body, "application/json", minute(4), "prod", frozenset({"prod"}))


def samples(name: str) -> list[bytes]:
    golden = [one.read_bytes() for one in sorted(GOLDEN.glob(f"{name}.*.json*"))]
    return [*golden, *OWN_SAMPLES.get(name, ())]


CASES = [
    pytest.param(name, body, id=f"{name}-{n}")
    for name in SENT
    for n, body in enumerate(samples(name))
]


def test_every_ingester_is_looked_at() -> None:
    # What reports changes, pushes samples or gives rows has contracts of its own.
    elsewhere = {"prometheus", *CHANGE_KINDS, *PUSHED_KINDS, *ROW_KINDS, CASE_EVENTS, "xes"}
    assert {*SENT, *elsewhere} == {*INGESTERS}
    assert {case.values[0] for case in CASES} == {*SENT}


@pytest.mark.parametrize(("name", "body"), CASES)
def test_a_sample_is_read_and_read_again_the_same(name: str, body: bytes) -> None:
    read = parser(name)
    assert repr(read(body)) == repr(read(body))


@pytest.mark.parametrize("name", [*SENT, *PUSHED_KINDS, "xes"])
def test_its_page_says_what_to_paste_and_how_it_answers(name: str) -> None:
    text = page(name)
    assert text.startswith("# Source: ")
    assert "http" in text


@pytest.mark.parametrize(("name", "body"), CASES)
@settings(max_examples=FUZZED, deadline=None)
@given(data=st.data())
def test_a_damaged_body_is_read_or_refused_and_nothing_else(
    name: str, body: bytes, data: st.DataObject
) -> None:
    with suppress(InputError):
        parser(name)(damaged(body, data))


@pytest.mark.parametrize("name", SENT)
@settings(max_examples=FUZZED, deadline=None)
@given(
    value=st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=8) | st.integers(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "alerts",
                        "labels",
                        "status",
                        "payload",
                        "event_action",
                        "startsAt",
                        "summary",
                        "severity",
                        "source",
                        "dedup_key",
                        "alertname",
                        "kind",
                        "starts_at",
                        "ends_at",
                        "services",
                        "zone",
                        "id",
                        "custom_details",
                        "timestamp",
                        "resourceLogs",
                        "resourceSpans",
                        "@timestamp",
                        "level",
                        "msg",
                        "service",
                        "error",
                    ]
                ),
                inner,
                max_size=5,
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_is_read_or_refused_and_nothing_else(name: str, value: Any) -> None:
    with suppress(InputError):
        parser(name)(json.dumps(value).encode())
