from hypothesis import given
from hypothesis import strategies as st

from topology.graph import Edge, ServiceGraph
from topology.tree import shortened, tree

NAMES = st.sampled_from("abcdef")
PAIRS = st.lists(st.tuples(NAMES, NAMES), max_size=15)


def graph(pairs: list[tuple[str, str]]) -> ServiceGraph:
    return ServiceGraph.from_edges((), (Edge(caller=a, callee=b) for a, b in pairs))


@given(PAIRS)
def test_every_service_and_every_call_is_shown_once(pairs: list[tuple[str, str]]) -> None:
    whole = graph(pairs)
    lines = list(tree(whole))
    roots = [line for line in lines if line[0].isalpha()]

    assert {line.split(" (")[0][-1] for line in lines} == set(whole.services)
    assert len(lines) == len(roots) + len(whole.edges)


def test_a_circle_ends_where_it_began() -> None:
    assert list(tree(graph([("a", "b"), ("b", "a")]))) == [
        "a (app)",
        "└── b (app)",
        "    └── a (app) …",
    ]


def test_callers_stand_below_those_they_call() -> None:
    whole = graph([("web", "cart"), ("job", "cart"), ("cart", "db")])

    assert list(tree(whole, ["cart"], direction="callers")) == [
        "cart (app)",
        "├── job (worker)",
        "└── web (edge)",
    ]


def test_a_chain_of_100_000_calls_has_a_tree() -> None:
    whole = graph([(f"{n:06}", f"{n + 1:06}") for n in range(100_000)])
    lines = list(tree(whole))

    assert lines[0] == "000000 (app)"
    assert {line.split(" (")[0][-6:] for line in lines} == set(whole.services)
    assert max(map(len, lines)) < 120


def test_a_long_tree_is_cut_and_says_by_how_much() -> None:
    assert list(shortened(iter(["a", "b", "c"]), 1)) == [
        "a",
        "… and 2 more lines; choose a part with --service and --hops",
    ]
    assert list(shortened(iter(["a"]), 1)) == ["a"]
