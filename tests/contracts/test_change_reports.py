"""Every tool that reports changes keeps the same promises, whatever its body is made of."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.domain.change_reports import FACTS, ChangeReport, MapRule
from aiops.domain.changes import Change
from aiops.domain.errors import InputError
from aiops.domain.words import Passed
from aiops.ingest.change_reports import Mapped, Parse, mapped
from aiops.settings import CHANGE_KINDS
from aiops.store.changes import merge
from tests.fuzzing import FUZZED, altered

FOLDER = Path(__file__).parent.parent / "golden" / "ingest"
TOOLS = CHANGE_KINDS
BODIES = [
    (tool, path.stem.partition(".")[2], path.read_bytes())
    for tool in TOOLS
    for path in sorted(FOLDER.glob(f"{tool}.*.json"))
]
RULES = [
    MapRule(where={"repository": "acme/shop", "workflow": one}, services=("checkout",))
    for one in ("Deploy", "release")
]
NOW = datetime(2026, 4, 18, 10, 5, tzinfo=UTC)
"""Bodies tried of each golden one; ten thousand were tried by hand."""


def parse_of(tool: str) -> Parse:
    return cast("Parse", import_module(f"aiops.ingest.{tool}").parse)


def headers_of(tool: str, event: str) -> Mapping[str, str]:
    return {"x-github-event": event} if tool == "github" else {}


def read(tool: str, event: str, body: bytes) -> tuple[ChangeReport, ...]:
    found = parse_of(tool)(body, headers_of(tool, event), NOW)
    assert not isinstance(found, Passed), found.why
    return found


def changes(tool: str, event: str, body: bytes) -> Mapped:
    return mapped(
        read(tool, event, body),
        RULES,
        services=["payment-service", "checkout"],
        environments=["prod", "staging"],
        default_env="prod",
        source=tool,
    )


def test_every_tool_has_a_golden_body() -> None:
    assert {tool for tool, _, _ in BODIES} == set(TOOLS)


@pytest.mark.parametrize(("tool", "event", "body"), BODIES)
def test_a_body_tells_of_one_change_in_prod_at_its_own_time(
    tool: str, event: str, body: bytes
) -> None:
    (change,) = changes(tool, event, body).changes
    assert change.env == "prod"
    assert change.started_at.tzinfo is UTC
    assert change.started_at < NOW
    assert change.ended_at is None or change.ended_at >= change.started_at
    assert change.ref


@pytest.mark.parametrize(("tool", "event", "body"), BODIES)
def test_the_same_body_later_is_the_same_change(tool: str, event: str, body: bytes) -> None:
    again = parse_of(tool)(body, headers_of(tool, event), datetime(2026, 5, 1, tzinfo=UTC))
    assert again == read(tool, event, body)


@pytest.mark.parametrize(("tool", "event", "body"), BODIES)
def test_a_report_says_only_facts_that_rules_can_ask_for(
    tool: str, event: str, body: bytes
) -> None:
    assert {name for one in read(tool, event, body) for name in one.facts} <= set(FACTS)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'"x"', b"\xff\xfe", b"[" * 100_000])
@pytest.mark.parametrize("tool", TOOLS)
def test_what_is_no_object_is_refused_by_name(tool: str, body: bytes) -> None:
    with pytest.raises(InputError, match="object"):
        parse_of(tool)(body, headers_of(tool, "deployment"), NOW)


@pytest.mark.parametrize(("tool", "event", "body"), BODIES)
@given(data=st.data())
@settings(max_examples=FUZZED, deadline=None)
def test_whatever_stands_in_a_body_it_is_read_or_refused(
    tool: str, event: str, body: bytes, data: st.DataObject
) -> None:
    document = altered(json.loads(body), data)
    try:
        found = parse_of(tool)(json.dumps(document).encode(), headers_of(tool, event), NOW)
    except InputError:
        return
    reports = () if isinstance(found, Passed) else found
    assert all(one.started_at.tzinfo is not None for one in reports)


def test_the_bodies_of_a_deploy_are_one_change_in_any_order() -> None:
    told = [
        changes("github", event, body).changes[0]
        for tool, event, body in BODIES
        if tool == "github" and event != "workflow_run"
    ]
    start, end = told
    whole = {merged(start, end, start), merged(end, start, end), merged(end, end, start)}
    assert len(whole) == 1
    (one,) = whole
    assert (one.service, one.ref, one.status) == ("payment-service", "2026.04.18-3", "finished")
    assert (one.ended_at, one.description) == (
        datetime(2026, 4, 18, 10, 3, 30, tzinfo=UTC),
        "pool size",
    )


def merged(*reports: Change) -> Change:
    known, *rest = reports
    for one in rest:
        known = merge(known, one)
    return known
