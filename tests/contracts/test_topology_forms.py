"""What every form of topology that others write promises, whatever stands in it."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzzing import FUZZED, altered, damaged
from topology.attributes import ServiceKind
from topology.parse import parse_topology
from topology.problems import TopologyError

FOLDER = Path(__file__).parents[1] / "golden" / "topology"
BODIES = [pytest.param(path.read_bytes(), id=path.name) for path in sorted(FOLDER.iterdir())]


def test_a_graph_of_kiali_becomes_services_and_calls_that_were_seen() -> None:
    text = (FOLDER / "kiali.versioned_app.json").read_text()
    parsed = parse_topology(text, "kiali.json")
    assert {name: one.kind for name, one in parsed.graph.services.items()} == {
        "api.cards.example": ServiceKind.EXTERNAL,
        "cart": ServiceKind.APP,
        "gateway": ServiceKind.EDGE,
        "orders-db": ServiceKind.DB,
        "web": ServiceKind.EDGE,
    }
    seen = {(one.caller, one.callee): round(one.confidence, 3) for one in parsed.graph.edges}
    assert seen == {
        ("cart", "api.cards.example"): 0.545,  # 6 requests
        ("cart", "orders-db"): 1.0,
        ("gateway", "web"): 1.0,
        ("web", "cart"): 0.999,
    }
    at = datetime(2026, 4, 18, 10, tzinfo=UTC)
    assert {one.last_seen for one in parsed.graph.edges} == {at}
    (problem,) = parsed.problems
    assert "1 edge has an end that Kiali could not name" in problem.message


@pytest.mark.parametrize("body", BODIES)
@settings(max_examples=FUZZED, deadline=None)
@given(data=st.data())
def test_an_altered_document_is_read_or_refused_and_nothing_else(
    body: bytes, data: st.DataObject
) -> None:
    with suppress(TopologyError):
        parse_topology(json.dumps(altered(json.loads(body), data)), "kiali.json")


@pytest.mark.parametrize("body", BODIES)
@settings(max_examples=FUZZED, deadline=None)
@given(data=st.data())
def test_a_damaged_text_is_read_or_refused_and_nothing_else(
    body: bytes, data: st.DataObject
) -> None:
    with suppress(TopologyError):
        parse_topology(damaged(body, data).decode(errors="replace"), "kiali.json")
