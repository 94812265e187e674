import json
from datetime import UTC, datetime, timedelta
from typing import Any

from topology.draft import Parsed
from topology.parse import parse_topologies, parse_topology
from topology.spans import Span, calls_from_spans

NOON = datetime(2026, 4, 18, 12, tzinfo=UTC)


def span(service: str, id_: str, parent: str = "", *, asks: str | None = None) -> Span:
    return Span(
        service=service,
        trace_id="t",
        span_id=id_,
        parent_id=parent,
        is_asking=asks is not None,
        peer=asks or "",
        ended_at=NOON,
    )


def pairs(*spans: Span) -> list[tuple[str, str]]:
    return [(call.caller, call.callee) for call in calls_from_spans(spans)]


def export(service: str, *spans: dict[str, Any]) -> dict[str, Any]:
    about = {"attributes": [attribute("service.name", service)]} if service else {}
    return {"resourceSpans": [{"resource": about, "scopeSpans": [{"spans": list(spans)}]}]}


def attribute(key: str, text: str) -> dict[str, Any]:
    return {"key": key, "value": {"stringValue": text}}


def sent(id_: str, parent: str = "", kind: object = 2, **told: str) -> dict[str, Any]:
    nanoseconds = str(int(NOON.timestamp()) * 10**9)
    return {
        "traceId": "aa",
        "spanId": id_,
        "parentSpanId": parent,
        "kind": kind,
        "endTimeUnixNano": nanoseconds,
        "attributes": [attribute(key.replace("_", "."), text) for key, text in told.items()],
    }


def edges_of(parsed: Parsed) -> list[tuple[str, str]]:
    return [(one.caller, one.callee) for one in parsed.graph.edges]


def test_a_span_whose_parent_is_anothers_is_a_call() -> None:
    assert pairs(span("web", "1"), span("web", "2", "1"), span("cart", "3", "2")) == [
        ("web", "cart")
    ]


def test_a_peer_that_sends_no_spans_is_called_by_the_name_the_client_gives_it() -> None:
    assert pairs(span("cart", "1", asks="cart-db")) == [("cart", "cart-db")]


def test_a_client_span_that_was_answered_is_not_counted_twice() -> None:
    asked = span("web", "1", asks="cart.shop.svc")

    assert pairs(asked, span("cart", "2", "1")) == [("web", "cart")]


def test_a_span_without_its_parent_tells_nothing_of_its_caller() -> None:
    assert pairs(span("cart", "2", "gone")) == []


def test_exports_of_several_services_and_files_make_one_trace() -> None:
    web = json.dumps(export("web", sent("01", kind="SPAN_KIND_CLIENT")))
    cart = json.dumps(export("cart", sent("02", "01")))
    parsed = parse_topologies([(web, "web.json"), (cart, "cart.json")])

    (edge,) = parsed.graph.edges
    assert (edge.caller, edge.callee, edge.last_seen) == ("web", "cart", NOON)
    assert 0 < edge.confidence < 0.5
    assert parsed.problems == ()


def test_a_database_is_called_by_its_hosts_name_but_never_by_an_address() -> None:
    asked = [
        sent("01", kind=3, db_system_name="postgresql", server_address="cart-db.shop.svc"),
        sent("02", kind=3, db_system_name="postgresql", server_address="10.0.0.7"),
        sent("03", kind=3, server_address="example.com"),
        sent("04", kind=3, service_peer_name="card-provider", server_address="10.0.0.8"),
    ]
    parsed = parse_topology(json.dumps(export("cart", *asked)), "t.json")

    assert edges_of(parsed) == [("cart", "card-provider"), ("cart", "cart-db")]


def test_json_lines_as_the_file_exporter_writes_them_are_read() -> None:
    lines = [json.dumps(export("web", sent("01"))), json.dumps(export("cart", sent("02", "01")))]
    parsed = parse_topology("\n".join(lines) + "\n", "traces.jsonl")

    assert edges_of(parsed) == [("web", "cart")]
    assert parsed.places["cart"].line == 2


def test_spans_without_a_service_or_a_time_are_named_and_the_rest_goes_on() -> None:
    late = sent("05") | {"endTimeUnixNano": "soon"}
    texts = [json.dumps(export("", sent("01"))), json.dumps(export("web", late, sent("02")))]
    parsed = parse_topology("\n".join(texts), "traces.jsonl")

    assert [str(one).partition(" (")[0] for one in parsed.problems] == [
        "traces.jsonl:1: error: spans without service.name; they are left out",
        "traces.jsonl:2: error: a span of 'web' without a time; left out",
    ]
    assert list(parsed.graph.services) == ["web"]


def test_what_was_seen_joins_what_is_declared_and_never_replaces_it() -> None:
    declared = "services: {web: {owner: shop, calls: [cart]}, cart: {kind: db}}"
    seen = "\n".join(
        json.dumps(one) for one in (export("web", sent("01")), export("cart", sent("02", "01")))
    )
    for order in ([0, 1], [1, 0]):
        sources = [(declared, "own.yaml"), (seen, "traces.jsonl")]
        graph = parse_topologies([sources[place] for place in order]).graph
        (edge,) = graph.edges
        assert (edge.confidence, edge.last_seen) == (1.0, NOON)
        assert graph.service("web").owner == "shop"
        assert graph.service("cart").kind.value == "db"


def test_a_call_seen_once_and_not_any_more_ages_out_and_is_named() -> None:
    old = NOON - timedelta(days=36)
    text = (
        "edges:\n"
        f"- {{caller: a, callee: b, confidence: 0.9, last_seen: {NOON.isoformat()}}}\n"
        f"- {{caller: a, callee: gone, confidence: 0.9, last_seen: {old.isoformat()}}}\n"
        f"- {{caller: a, callee: declared, last_seen: {old.isoformat()}}}\n"
    )
    parsed = parse_topology(text, "t.yaml")

    assert edges_of(parsed) == [("a", "b"), ("a", "declared")]
    (problem,) = parsed.problems
    assert (problem.line, "a -> gone was last seen 2026-03-13" in problem.message) == (3, True)


def test_a_source_that_fell_silent_as_a_whole_makes_nothing_stale() -> None:
    text = "edges: [{caller: a, callee: b, confidence: 0.9, last_seen: 2020-01-01T00:00:00Z}]"

    assert edges_of(parse_topology(text, "t.yaml")) == [("a", "b")]
