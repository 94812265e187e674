import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from topology.layers import layers

NAMES = st.sampled_from("abcdefgh")
CALLS = st.lists(st.tuples(NAMES, NAMES).filter(lambda pair: pair[0] != pair[1]), max_size=20)


def depths(pairs: list[tuple[str, str]]) -> dict[str, int]:
    return {
        slot: depth
        for depth, layer in enumerate(layers(nx.DiGraph(pairs)))
        for slot in layer
        if isinstance(slot, str)
    }


@given(CALLS)
def test_every_service_has_one_place(pairs: list[tuple[str, str]]) -> None:
    found = [slot for layer in layers(nx.DiGraph(pairs)) for slot in layer if isinstance(slot, str)]

    assert sorted(found) == sorted(nx.DiGraph(pairs))


@given(CALLS)
def test_without_circles_everyone_is_deeper_than_all_callers(pairs: list[tuple[str, str]]) -> None:
    straight = [(min(pair), max(pair)) for pair in pairs]
    at = depths(straight)

    assert all(at[caller] < at[callee] for caller, callee in straight)


@given(CALLS)
def test_a_call_over_several_layers_has_a_slot_in_each_between(
    pairs: list[tuple[str, str]],
) -> None:
    found = layers(nx.DiGraph(pairs))
    at = depths(pairs)
    for caller, callee in set(pairs):
        passed = [depth for depth, layer in enumerate(found) if (caller, callee) in layer]
        assert passed == list(range(at[caller] + 1, at[callee]))


@given(CALLS)
def test_the_order_of_the_calls_changes_nothing(pairs: list[tuple[str, str]]) -> None:
    assert layers(nx.DiGraph(pairs)) == layers(nx.DiGraph(pairs[::-1]))


def test_services_stand_near_those_they_call() -> None:
    names = [["a1", "b1", "c1"], ["c2", "b2", "a2"]]
    pairs = [("a1", "a2"), ("b1", "b2"), ("c1", "c2")]

    assert layers(nx.DiGraph(pairs)) == [["a1", "b1", "c1"], ["a2", "b2", "c2"]], names
