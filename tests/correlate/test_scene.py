"""Which sick services lie above which, on ways that lead through calm ones."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from aiops.correlate.bundles import make_bundles
from aiops.correlate.calls import Calls
from aiops.correlate.links import Links
from aiops.correlate.scene import Scene, index_by_service
from aiops.domain.policies import CorrelatePolicy
from tests.builders import minute
from tests.correlate.worlds import errors
from topology.graph import Edge, ServiceGraph

NAMES = tuple("abcdefgh")


def scene(edges: set[tuple[str, str]], sick: set[str], hops: int) -> Scene:
    graph = ServiceGraph.from_edges((), [Edge(caller=a, callee=b) for a, b in sorted(edges)])
    bundles = make_bundles([errors(name) for name in sorted(sick)], (), minute(5), 900)
    return Scene(
        bundles=bundles,
        sick=index_by_service(bundles),
        calls=Calls(graph, ()),
        changes=(),
        policy=CorrelatePolicy(hops=hops),
        links=Links(len(bundles)),
    )


def walked(edges: set[tuple[str, str]], sick: set[str], hops: int) -> list[tuple[str, str]]:
    """Walk down from every sick service, call by call, until sick ones are met."""
    found = []
    for caller in sorted(sick):
        seen, ring = {caller}, {caller}
        for _ in range(hops):
            beyond = {b for a, b in edges if a in ring} - seen
            seen |= beyond
            found += [(caller, name) for name in sorted(beyond & sick)]
            ring = beyond - sick
    return found


@given(
    edges=st.sets(st.sampled_from([pair for pair in product(NAMES, NAMES) if len({*pair}) == 2])),
    sick=st.sets(st.sampled_from(NAMES)),
    hops=st.integers(0, 5),
)
def test_the_first_sick_services_on_every_way_down_are_found_in_order(
    edges: set[tuple[str, str]], sick: set[str], hops: int
) -> None:
    found = scene(edges, sick, hops)
    names = [(found.bundles[a].service, found.bundles[b].service) for a, b in found.sick_calls]
    assert names == walked(edges, sick, hops)
