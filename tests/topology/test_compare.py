from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from topology.attributes import Service, ServiceKind
from topology.compare import compare
from topology.graph import Edge, ServiceGraph

NAMES = st.sampled_from("abcdef")
GRAPHS = st.builds(
    ServiceGraph.from_edges,
    st.lists(st.builds(Service, name=NAMES, owner=st.none() | NAMES, tier=st.none() | st.just(1))),
    st.lists(
        st.builds(Edge, caller=NAMES, callee=NAMES, confidence=st.sampled_from([0.2, 0.5, 1.0]))
    ),
)


@given(GRAPHS)
def test_a_topology_does_not_differ_from_itself(graph: ServiceGraph) -> None:
    assert not compare(graph, graph)
    assert list(compare(graph, graph).lines()) == []


@given(GRAPHS, GRAPHS)
def test_what_came_one_way_went_the_other(old: ServiceGraph, new: ServiceGraph) -> None:
    there, back = compare(old, new), compare(new, old)

    assert there.services_added == back.services_removed
    assert there.calls_added == back.calls_removed
    assert [(one.what, one.old, one.new) for one in there.services_changed] == [
        (one.what, one.new, one.old) for one in back.services_changed
    ]


@given(GRAPHS, GRAPHS)
def test_two_topologies_without_a_difference_are_equal(
    old: ServiceGraph, new: ServiceGraph
) -> None:
    assert bool(compare(old, new)) is (old != new)


def test_each_change_is_a_line() -> None:
    web = Service(name="web", kind=ServiceKind.EDGE, owner="shop", regions=("EU",))
    old = ServiceGraph.from_edges(
        [web], [Edge(caller="web", callee="db"), Edge(caller="web", callee="x", confidence=0.5)]
    )
    new = ServiceGraph.from_edges(
        [replace(web, owner=None, regions=("EU", "US"))],
        [Edge(caller="web", callee="cart"), Edge(caller="web", callee="x")],
    )

    assert list(compare(old, new).lines()) == [
        "+ cart (app)",
        "- db (db)",
        "~ web: owner 'shop', now not declared",
        "~ web: regions EU, now EU, US",
        "+ web -> cart",
        "- web -> db",
        "~ web -> x: confidence 0.5, now 1.0",
    ]


def test_when_a_call_was_last_seen_is_no_change_but_that_nobody_declares_it_is() -> None:
    days = [datetime(2026, 4, day, tzinfo=UTC) for day in (1, 2)]
    old, new = (
        ServiceGraph.from_edges((), [Edge(caller="a", callee="b", confidence=0.9, last_seen=day)])
        for day in days
    )
    nearly = ServiceGraph.from_edges((), [Edge(caller="a", callee="b", confidence=0.9999)])
    declared = ServiceGraph.from_edges((), [Edge(caller="a", callee="b")])

    assert not compare(old, new)
    assert compare(nearly, declared).calls_changed
