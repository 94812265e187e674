from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from topology.attributes import Service, ServiceKind
from topology.graph import Edge, ServiceGraph
from topology.parse import parse_topology
from topology.write import to_yaml

WORDS = st.sampled_from(["web", "NO", "null", "~", "1.5", "a: b", "#x", "üñï", "- y", "'q\""])
NOON = datetime(2026, 4, 18, 12, tzinfo=UTC)
SERVICES = st.builds(
    Service,
    name=WORDS,
    kind=st.sampled_from(ServiceKind),
    owner=st.none() | WORDS,
    tier=st.none() | st.integers(0, 9),
    regions=st.lists(WORDS, unique=True, max_size=2).map(tuple),
    segments=st.lists(WORDS, unique=True, max_size=2).map(tuple),
    display=st.none() | WORDS,
)
EDGES = st.builds(
    Edge,
    caller=WORDS,
    callee=WORDS,
    confidence=st.sampled_from([0.25, 1.0]),
    last_seen=st.none() | st.just(NOON),
)


@given(st.lists(SERVICES), st.lists(EDGES))
def test_what_is_written_is_read_as_the_same_graph(
    services: list[Service], edges: list[Edge]
) -> None:
    graph = ServiceGraph.from_edges(services, edges)

    read = parse_topology(to_yaml(graph), "t.yaml").graph

    assert dict(read.services) == dict(graph.services)
    assert read.edges == graph.edges
