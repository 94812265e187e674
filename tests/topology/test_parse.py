import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topology.attributes import Service, ServiceKind
from topology.draft import Parsed
from topology.graph import Edge
from topology.parse import parse_topology
from topology.problems import ProblemLevel, TopologyError

SHOP = """\
# the shop
services:
  gateway:
    calls: [checkout]
  checkout:
    kind: app
    owner: payments
    tier: 1
    regions: [EU, NO]
    segments: retail
    display: the checkout
    calls:
      - orders-db
      - card-provider
  orders-db:
  card-provider: {kind: external}
"""


def problems_of(parsed: Parsed) -> list[str]:
    return [str(problem) for problem in parsed.problems]


def pairs_of(parsed: Parsed) -> list[tuple[str, str]]:
    return [(edge.caller, edge.callee) for edge in parsed.graph.edges]


def test_the_products_own_yaml_gives_services_with_attributes_and_edges() -> None:
    parsed = parse_topology(SHOP, "topology.yaml")

    assert parsed.problems == ()
    assert parsed.graph.service("checkout") == Service(
        name="checkout",
        kind=ServiceKind.APP,
        owner="payments",
        tier=1,
        regions=("EU", "NO"),
        segments=("retail",),
        display="the checkout",
    )
    assert pairs_of(parsed) == [
        ("checkout", "card-provider"),
        ("checkout", "orders-db"),
        ("gateway", "checkout"),
    ]


def test_a_kind_is_guessed_only_where_none_is_declared() -> None:
    graph = parse_topology("services: {a-db: {kind: app}, b-db: {}, c-db: }", "t.yaml").graph

    assert [service.kind.value for service in graph.services.values()] == ["app", "db", "db"]


def test_a_recordings_json_gives_nodes_and_edges_and_its_notes_are_no_problem() -> None:
    text = json.dumps(
        {
            "nodes": ["web", {"name": "shop", "owner": "shop-team"}, {"id": "db"}],
            "edges": [["web", "shop"], {"source": "shop", "target": "db"}],
            "direction": "caller -> callee",
            "note": "made by hand",
        }
    )

    parsed = parse_topology(text, "topology.json")

    assert parsed.problems == ()
    assert pairs_of(parsed) == [("shop", "db"), ("web", "shop")]
    assert parsed.graph.service("shop").owner == "shop-team"


def test_services_nodes_and_edges_may_stand_in_one_file() -> None:
    parsed = parse_topology(
        "services: {a: {calls: [b]}}\nnodes: [b, c]\nedges: [[b, c]]\n", "t.yaml"
    )

    assert parsed.problems == ()
    assert pairs_of(parsed) == [("a", "b"), ("b", "c")]


def test_an_edge_may_carry_confidence_and_last_seen() -> None:
    edge = "{caller: a, callee: b, confidence: 0.5, last_seen: 2026-04-18T12:00:00+02:00}"
    parsed = parse_topology(f"edges: [{edge}]", "t.yaml")

    assert parsed.problems == ()
    assert parsed.graph.edges == (
        Edge(
            caller="a", callee="b", confidence=0.5, last_seen=datetime(2026, 4, 18, 10, tzinfo=UTC)
        ),
    )


def test_edges_alone_declare_their_services() -> None:
    parsed = parse_topology("edges: [[a, b], [b, c]]", "t.yaml")

    assert parsed.problems == ()
    assert list(parsed.graph.services) == ["a", "b", "c"]


def test_an_unknown_callee_is_added_with_a_warning_that_guesses_the_slip() -> None:
    parsed = parse_topology(
        "services:\n  checkout:\n    calls:\n      - payment-servce\n  payment-service:\n", "t.yaml"
    )

    assert "payment-servce" in parsed.graph
    assert problems_of(parsed) == [
        "t.yaml:4: warning: service 'payment-servce' is not declared; it is added without an owner "
        "(declare it, or did you mean 'payment-service'?)"
    ]


def test_a_service_calling_itself_is_dropped_with_a_warning() -> None:
    parsed = parse_topology("services:\n  a:\n    calls: [a]\n", "t.yaml")

    assert parsed.graph.edges == ()
    assert problems_of(parsed) == [
        "t.yaml:3: warning: service 'a' calls itself; the edge is dropped"
    ]


def test_a_circle_is_kept_and_named_once() -> None:
    parsed = parse_topology("edges:\n- [c, a]\n- [a, b]\n- [b, c]\n- [c, d]\n", "t.yaml")

    assert len(parsed.graph.edges) == 4
    [problem] = parsed.problems
    assert problem.level is ProblemLevel.WARNING
    assert problem.line == 2
    assert problem.message == "services call each other in a circle: a -> b -> c -> a"


def test_a_long_circle_is_shown_in_short() -> None:
    edges = [[f"s{n:03}", f"s{(n + 1) % 500:03}"] for n in range(500)]

    [problem] = parse_topology(json.dumps({"edges": edges}), "t.json").problems

    assert problem.message.endswith(
        ": s000 -> s001 -> s002 -> s003 -> … -> s497 -> s498 -> s499 -> s000"
    )


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "---\n", "services:\n", "nodes: []\nedges: []", "{}", "[]"]
)
def test_an_empty_topology_is_an_empty_graph_and_a_warning(text: str) -> None:
    parsed = parse_topology(text, "t.yaml")

    assert len(parsed.graph) == 0
    assert any("the topology is empty" in problem.message for problem in parsed.problems)


def test_an_edge_with_a_missing_end_is_named_and_the_rest_goes_on() -> None:
    text = "edges:\n- [a, b]\n- [a]\n- [null, b]\n- {callee: b}\n- []\n- [a, b, c]\n- x\n- [b, c]\n"
    parsed = parse_topology(text, "t.yaml")

    assert pairs_of(parsed) == [("a", "b"), ("b", "c")]
    assert problems_of(parsed) == [
        "t.yaml:3: error: edges[1]: callee missing; the edge is left out (the other end is 'a')",
        "t.yaml:4: error: edges[2]: caller missing; the edge is left out (the other end is 'b')",
        "t.yaml:5: error: edges[3]: caller missing; the edge is left out (the other end is 'b')",
        "t.yaml:6: error: edges[4]: caller and callee missing; the edge is left out "
        "(write [caller, callee])",
        "t.yaml:7: error: edges[5] has 3 ends; it is left out "
        "(an edge has two: write [caller, callee])",
        "t.yaml:8: error: edges[6]: caller and callee missing; the edge is left out "
        "(write [caller, callee])",
    ]


def test_every_wrong_attribute_is_reported_with_its_path_and_line_and_the_service_kept() -> None:
    text = """\
services:
  shop:
    kind: databse
    owner: [a, b]
    tier: top
    onwer: web
    calls: [{name: db}]
  flat: text
edges:
- {caller: shop, callee: flat, confidence: 2, last_seen: noon}
- {caller: flat, callee: shop, confidence: much, last_seen: 2026-04-18T12:00:00}
"""
    parsed = parse_topology(text, "t.yaml")

    assert parsed.graph.service("shop") == Service(name="shop")
    places = [(problem.line, problem.message.split(":")[0]) for problem in parsed.problems]
    assert places == [
        (3, "services.shop.kind"),
        (4, "services.shop.owner"),
        (5, "services.shop.tier"),
        (6, "services.shop"),
        (7, "services.shop.calls[0] is no name; it is left out"),
        (8, "services.flat must be a mapping; its attributes are left out"),
        (10, "edges[0].confidence"),
        (10, "edges[0].last_seen"),
        (10, "services call each other in a circle"),
        (11, "edges[1].confidence"),
        (11, "edges[1].last_seen"),
    ]
    assert parsed.problems[0].hint == "one of edge, app, worker, queue, db, cache, external"
    assert parsed.problems[3].hint == "did you mean 'owner'?"


def test_sections_and_nodes_of_the_wrong_shape_are_reported() -> None:
    parsed = parse_topology(
        "services: x\nnodes: [[a], {kind: db}, '', ok]\nedges: {a: b}\nedge: 1\n", "t.yaml"
    )

    assert list(parsed.graph.services) == ["ok"]
    assert [(problem.line, problem.message.split(" ")[0]) for problem in parsed.problems] == [
        (1, "services"),
        (2, "nodes[0]"),
        (2, "nodes[1]"),
        (2, "nodes[2]"),
        (3, "edges"),
        (4, "key"),
    ]


def test_a_service_declared_twice_keeps_its_first_declaration() -> None:
    parsed = parse_topology("services: {a: {owner: first}}\nnodes: [a]\n", "t.yaml")

    assert parsed.graph.service("a").owner == "first"
    assert "first on line 1" in parsed.problems[0].message


def test_an_empty_service_name_is_reported() -> None:
    parsed = parse_topology("services: {'': {kind: db}, a: }", "t.yaml")

    assert list(parsed.graph.services) == ["a"]
    assert "empty name" in parsed.problems[0].message


@pytest.mark.parametrize("text", ["hello world", "- a\n- b\n", "scrape_configs: []\n"])
def test_a_text_that_is_no_topology_is_reported_with_the_forms_expected(text: str) -> None:
    parsed = parse_topology(text, "t.yaml")

    assert len(parsed.graph) == 0
    error = next(problem for problem in parsed.problems if problem.level is ProblemLevel.ERROR)
    assert "expected `services:`" in error.hint


def test_a_text_that_is_no_yaml_at_all_raises() -> None:
    with pytest.raises(
        TopologyError, match=r"broken\.yaml:2: error: this is neither YAML nor JSON"
    ):
        parse_topology("services: [a\n", "broken.yaml")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text("ab:-~<", max_size=4),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    ["services", "nodes", "edges", "calls", "name", "kind", "metadata", "spec"]
                )
                | st.text("ab", max_size=2),
                inner,
                max_size=4,
            )
        ),
        max_leaves=20,
    )
)
def test_any_json_gives_a_graph_and_problems_never_a_crash(value: object) -> None:
    parsed = parse_topology(json.dumps(value), "t.json")

    assert all(problem.line >= 1 for problem in parsed.problems)
    assert all(edge.caller in parsed.graph for edge in parsed.graph.edges)


def test_a_topology_of_20_000_services_is_read() -> None:
    nodes = [f"service-{n}" for n in range(20_000)]
    edges = [[nodes[n], nodes[2 * n + 1]] for n in range(9_999)]

    parsed = parse_topology(json.dumps({"nodes": nodes, "edges": edges}), "t.json")

    assert parsed.problems == ()
    assert len(parsed.graph.edges) == 9_999
