import pickle
from datetime import UTC, datetime, timedelta

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topology.attributes import Service, ServiceKind
from topology.graph import Direction, Edge, ServiceGraph

NOON = datetime(2026, 4, 18, 12, tzinfo=UTC)
names = st.sampled_from([f"s{number}" for number in range(12)])
pairs = st.lists(st.tuples(names, names), max_size=40)
directions = st.sampled_from(["callees", "callers"])


def graph_of(*pairs: tuple[str, str]) -> ServiceGraph:
    return ServiceGraph.from_edges((), [Edge(caller=a, callee=b) for a, b in pairs])


def oracle_of(pairs: list[tuple[str, str]], direction: Direction) -> "nx.DiGraph[str]":
    oracle: nx.DiGraph[str] = nx.DiGraph()
    oracle.add_nodes_from(f"s{number}" for number in range(12))
    oracle.add_edges_from(pairs if direction == "callees" else [(b, a) for a, b in pairs])
    return oracle


@given(pairs, names, st.integers(0, 5), directions)
def test_reach_agrees_with_networkx(
    pairs: list[tuple[str, str]], start: str, limit: int, direction: Direction
) -> None:
    expected = nx.single_source_shortest_path_length(
        oracle_of(pairs, direction), start, cutoff=limit
    )

    assert graph_of(*pairs).reach(start, limit, direction) == dict(expected)


@given(pairs, names, names, st.integers(0, 5), directions)
def test_hops_agree_with_networkx(
    pairs: list[tuple[str, str]], a: str, b: str, limit: int, direction: Direction
) -> None:
    expected = dict(
        nx.single_source_shortest_path_length(oracle_of(pairs, direction), a, cutoff=limit)
    )

    assert graph_of(*pairs).hops(a, b, limit, direction) == expected.get(b)


@given(pairs, st.lists(names, min_size=1, max_size=3), st.integers(0, 3))
def test_the_neighbourhood_is_what_undirected_ego_graphs_of_networkx_cover(
    pairs: list[tuple[str, str]], centres: list[str], hops: int
) -> None:
    oracle = oracle_of([(a, b) for a, b in pairs if a != b], "callees")
    inside = set[str]().union(
        *(nx.ego_graph(oracle, centre, radius=hops, undirected=True) for centre in centres)
    )

    subgraph = graph_of(*pairs).neighbourhood(centres, hops)

    assert set(subgraph.nodes) == inside
    assert set(subgraph.edges) == set(oracle.subgraph(inside).edges)


@given(pairs, st.randoms(use_true_random=False))
def test_the_order_of_the_input_changes_nothing(
    pairs: list[tuple[str, str]], random: st.DataObject
) -> None:
    shuffled = list(pairs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    first, second = graph_of(*pairs), graph_of(*shuffled)

    assert first == second
    assert list(first.services) == list(second.services) == sorted(first.services)
    for name in first.services:
        assert list(first.reach(name).items()) == list(second.reach(name).items())
        assert list(first.neighbourhood([name]).edges) == list(second.neighbourhood([name]).edges)


def test_reach_comes_nearest_first_then_by_name() -> None:
    graph = graph_of(("web", "c"), ("web", "b"), ("b", "a"), ("c", "d"), ("a", "far"))

    assert list(graph.reach("web", 2).items()) == [
        ("web", 0),
        ("b", 1),
        ("c", 1),
        ("a", 2),
        ("d", 2),
    ]


def test_callers_and_callees_are_sorted() -> None:
    graph = graph_of(("z", "db"), ("a", "db"), ("a", "cache"))

    assert graph.callers("db") == ("a", "z")
    assert graph.callees("a") == ("cache", "db")


def test_a_service_missing_from_the_topology_stands_alone() -> None:
    graph = graph_of(("shop", "db"))

    assert "ghost-db" not in graph
    assert graph.service("ghost-db") == Service(name="ghost-db", kind=ServiceKind.DB)
    assert graph.callers("ghost-db") == graph.callees("ghost-db") == ()
    assert graph.reach("ghost-db", 2, "callers") == {"ghost-db": 0}
    assert graph.hops("ghost-db", "ghost-db") == 0
    assert graph.hops("ghost-db", "shop") is None
    assert set(graph.neighbourhood(["ghost-db", "shop"], 1).nodes) == {"ghost-db", "shop", "db"}


def test_declared_attributes_are_kept_and_missing_ends_are_added() -> None:
    shop = Service(name="shop", owner="web", tier=1, regions=("EU",))
    graph = ServiceGraph.from_edges([shop], [Edge(caller="shop", callee="shop-db")])

    assert graph.service("shop") is shop
    assert graph.services["shop-db"].kind is ServiceKind.DB
    assert len(graph) == 2


def test_of_two_declarations_of_one_service_the_later_counts() -> None:
    graph = ServiceGraph.from_edges(
        [Service(name="shop", owner="old"), Service(name="shop", owner="new")], ()
    )

    assert graph.service("shop").owner == "new"


def test_repeated_edges_become_one_with_the_best_confidence_and_the_latest_sight() -> None:
    declared = Edge(caller="a", callee="b")
    seen = Edge(caller="a", callee="b", confidence=0.4, last_seen=NOON)
    older = Edge(caller="a", callee="b", confidence=0.9, last_seen=NOON - timedelta(days=1))

    graph = ServiceGraph.from_edges((), [older, declared, seen])

    assert graph.edges == (Edge(caller="a", callee="b", confidence=1.0, last_seen=NOON),)


def test_an_edge_is_found_in_its_direction_only() -> None:
    graph = graph_of(("a", "b"), ("a", "d"), ("c", "b"))

    assert graph.edge("a", "d") == Edge(caller="a", callee="d")
    assert graph.edge("b", "a") is None
    assert graph.edge("z", "z") is None


def test_the_neighbourhood_carries_the_confidence_of_each_edge() -> None:
    graph = ServiceGraph.from_edges((), [Edge(caller="a", callee="b", confidence=0.25)])

    assert graph.neighbourhood(["b"], 1).edges["a", "b"]["confidence"] == 0.25


def test_a_service_calling_itself_gives_no_edge() -> None:
    graph = graph_of(("a", "a"))

    assert "a" in graph
    assert graph.edges == ()


def test_the_services_cannot_be_changed() -> None:
    graph = graph_of(("a", "b"))

    with pytest.raises(TypeError):
        graph.services["a"] = Service(name="a")  # type: ignore[index]


def test_a_graph_survives_pickling_and_can_be_hashed() -> None:
    graph = graph_of(("a", "b"), ("b", "c"))
    copy = pickle.loads(pickle.dumps(graph))  # noqa: S301  (our own bytes)

    assert copy == graph
    assert hash(copy) == hash(graph)
    assert copy.reach("a") == {"a": 0, "b": 1, "c": 2}


def test_the_representation_stays_short() -> None:
    assert repr(graph_of(("a", "b"))) == "ServiceGraph(services=2, edges=1)"


def test_a_negative_limit_is_refused() -> None:
    graph = graph_of(("a", "b"))

    with pytest.raises(ValueError, match="limit of -1"):
        graph.reach("a", -1)
    with pytest.raises(ValueError, match="limit of -1"):
        graph.hops("a", "b", -1)


def test_an_edge_with_an_impossible_confidence_or_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="not a ratio"):
        Edge(caller="a", callee="b", confidence=1.5)
    with pytest.raises(ValueError, match="time zone"):
        Edge(caller="a", callee="b", last_seen=NOON.replace(tzinfo=None))


def test_a_graph_of_100_000_services_answers_two_hops() -> None:
    count = 100_000
    edges = [Edge(caller=f"s{n}", callee=f"s{2 * n + side}") for n in range(count // 2)
             for side in (1, 2)]  # fmt: skip
    graph = ServiceGraph.from_edges((), edges)

    assert len(graph) == count + 1
    assert graph.reach("s10", 2) == {
        "s10": 0, "s21": 1, "s22": 1, "s43": 2, "s44": 2, "s45": 2, "s46": 2,
    }  # fmt: skip
    assert graph.reach("s43", 2, "callers") == {"s43": 0, "s21": 1, "s10": 2}
    assert graph.hops("s0", "s99999", limit=20) == 16
    assert len(graph.neighbourhood(["s10"], 2)) == 10
