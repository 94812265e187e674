from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topology.discover import Call, edges_from_calls
from topology.graph import Edge, ServiceGraph

NOON = datetime(2026, 4, 18, 12, tzinfo=UTC)
calls = st.builds(
    Call,
    caller=st.sampled_from("abcd"),
    callee=st.sampled_from("abcd"),
    count=st.integers(1, 1000),
    seen_at=st.integers(0, 10_000).map(lambda seconds: NOON + timedelta(seconds=seconds)),
)


def call(caller: str, callee: str, count: int = 1, minutes: int = 0) -> Call:
    return Call(
        caller=caller, callee=callee, count=count, seen_at=NOON + timedelta(minutes=minutes)
    )


def test_calls_of_one_pair_become_one_edge_last_seen_at_the_latest() -> None:
    edges = edges_from_calls([call("shop", "db", 3, minutes=5), call("shop", "db", 2)])

    assert edges == (
        Edge(caller="shop", callee="db", confidence=0.5, last_seen=NOON + timedelta(minutes=5)),
    )


def test_confidence_grows_with_calls_and_stays_below_that_of_a_declared_edge() -> None:
    confidences = [edges_from_calls([call("a", "b", n)])[0].confidence for n in (1, 20, 10_000)]

    assert confidences == sorted(confidences)
    assert confidences[0] < 0.2
    assert 0.99 < confidences[-1] < 1.0


def test_spans_inside_one_service_give_no_edge() -> None:
    assert edges_from_calls([call("a", "a")]) == ()


@given(st.lists(calls), st.integers(0, 100))
def test_neither_order_nor_batching_changes_the_edges(calls: list[Call], seed: int) -> None:
    split = [
        part
        for call in calls
        for part in (
            [
                Call(caller=call.caller, callee=call.callee, count=share, seen_at=call.seen_at)
                for share in (1, call.count - 1)
                if share
            ]
        )
    ]
    Random(seed).shuffle(split)  # noqa: S311  (no secret)

    edges = edges_from_calls(calls)

    assert edges == edges_from_calls(split)
    assert list(edges) == sorted(edges, key=lambda edge: (edge.caller, edge.callee))


def test_discovered_edges_join_a_declared_graph() -> None:
    declared = [Edge(caller="shop", callee="db")]
    found = edges_from_calls([call("shop", "db"), call("shop", "cache")])

    graph = ServiceGraph.from_edges((), [*declared, *found])

    assert graph.callees("shop") == ("cache", "db")
    assert graph.edges[1] == Edge(caller="shop", callee="db", confidence=1.0, last_seen=NOON)


def test_impossible_observations_are_refused() -> None:
    with pytest.raises(ValueError, match="not a call"):
        call("a", "b", 0)
    with pytest.raises(ValueError, match="time zone"):
        Call(caller="a", callee="b", count=1, seen_at=NOON.replace(tzinfo=None))
    with pytest.raises(ValueError, match="above 0"):
        edges_from_calls([], half_trust_calls=0)
