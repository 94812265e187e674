"""Which services keep systems apart."""

from itertools import pairwise

import pytest

from topology.graph import Edge, ServiceGraph

TWO_SYSTEMS = ("edge > books > books-queue > books-worker", "edge > music > music-db > disk")


def parting(*chains: str, name: str = "edge") -> bool:
    edges = [
        Edge(caller=caller, callee=callee)
        for chain in chains
        for caller, callee in pairwise(chain.split(" > "))
    ]
    return ServiceGraph.from_edges((), edges).is_gateway(name)


def test_a_gateway_calls_systems_that_are_unconnected_without_it() -> None:
    assert parting(*TWO_SYSTEMS)


@pytest.mark.parametrize("bridge", ["books-worker > disk", "audit > books, audit > music"])
def test_what_connects_them_further_down_makes_them_one_system(bridge: str) -> None:
    assert not parting(*TWO_SYSTEMS, *bridge.split(", "))


def test_the_front_of_one_system_has_leaves_beside_it() -> None:
    assert not parting("edge > shop > db", "shop > queue", "edge > images", "edge > mail > relay")


def test_a_service_with_one_callee_parts_nothing() -> None:
    assert not parting(*TWO_SYSTEMS, name="books")
    assert not parting(*TWO_SYSTEMS, name="unheard-of")


def test_what_everybody_shares_says_nothing() -> None:
    assert parting(*(f"app{number} > edge" for number in range(60)))


def test_what_everybody_shares_connects_no_systems() -> None:
    apps = [f"app{number} > auth" for number in range(60)]
    assert parting(*TWO_SYSTEMS, *apps, "books > auth", "music > auth")
