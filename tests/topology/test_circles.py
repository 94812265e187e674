import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from topology.circles import circles

NAMES = st.sampled_from("abcdefgh")
PAIRS = st.lists(st.tuples(NAMES, NAMES), max_size=20)


@given(PAIRS)
def test_there_is_one_circle_for_each_group_networkx_finds(pairs: list[tuple[str, str]]) -> None:
    groups = [one for one in nx.strongly_connected_components(nx.DiGraph(pairs)) if len(one) > 1]

    found = list(circles(pairs))

    assert [min(group) for group in sorted(groups, key=min)] == [circle[0][0] for circle in found]
    for circle in found:
        assert set(circle) <= set(pairs)
        assert [callee for _, callee in circle] == [
            *(caller for caller, _ in circle[1:]),
            circle[0][0],
        ]


@given(PAIRS)
def test_a_circle_is_a_shortest_one_through_its_beginning(pairs: list[tuple[str, str]]) -> None:
    graph = nx.DiGraph(pairs)
    for circle in circles(pairs):
        start = circle[0][0]
        back = [
            nx.shortest_path_length(graph, callee, start)
            for callee in graph[start]
            if callee != start and nx.has_path(graph, callee, start)
        ]
        assert len(circle) == 1 + min(back)


@given(PAIRS)
def test_the_order_of_the_calls_changes_nothing(pairs: list[tuple[str, str]]) -> None:
    assert list(circles(pairs)) == list(circles(reversed(pairs)))
