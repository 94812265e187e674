"""The workers know the calls that traces have shown."""

from datetime import timedelta

from aiops.clues.digest import digest
from aiops.domain.clues import ServiceCall, TelemetryBatch
from aiops.store.accepted import AcceptedBody
from aiops.store.codec import encode
from tests.builders import minute, shop
from tests.workers.installation import Installation
from topology.graph import Edge
from workers.learned import LEAST_CALLS, LearnedTopology


def seen(parts: Installation, count: int, callee: str = "card-provider") -> None:
    """Let traces tell of so many calls of the payment service."""
    call = ServiceCall(
        env="prod", caller="payment-service", callee=callee, count=count, seen_at=minute(count)
    )
    body = AcceptedBody(
        idempotency_key=f"{callee}.{count}",
        source="otlp_traces",
        content_type="application/json",
        received_at=minute(count),
        body=encode(TelemetryBatch, TelemetryBatch(calls=(call,))).encode(),
    )
    parts.bodies.accept([body])
    waiting = parts.clues.waiting(9)
    parts.clues.commit(waiting, digest(waiting.kept, waiting.batches))


def test_a_call_that_was_seen_often_is_an_edge(parts: Installation) -> None:
    seen(parts, LEAST_CALLS - 1)
    assert parts.clues.edges(LEAST_CALLS) == ()
    seen(parts, 1)
    (edge,) = parts.clues.edges(LEAST_CALLS)
    assert (edge.caller, edge.callee, edge.confidence) == ("payment-service", "card-provider", 0.8)
    assert edge.last_seen == minute(LEAST_CALLS - 1)
    parts._known = None  # what the settings say, and what was learned
    assert "card-provider" in parts.knowledge().graph.callees("payment-service")


def test_what_was_declared_stays_beside_what_was_seen() -> None:
    known = shop()
    edge = Edge(caller="search", callee="search-db", confidence=0.9, last_seen=minute(3))
    graph = LearnedTopology(lambda: (edge,)).added_to(known).graph
    assert graph.callees("search") == ("search-db",)
    assert graph.callees("checkout") == known.graph.callees("checkout")
    assert graph.service("checkout") == known.graph.service("checkout")


def test_knowledge_is_the_same_object_while_no_edge_comes_or_goes() -> None:
    known = shop()
    edges = [Edge(caller="search", callee="search-db", confidence=0.9, last_seen=minute(3))]
    learned = LearnedTopology(lambda: edges)
    first = learned.added_to(known)
    edges[0] = Edge(
        caller="search",
        callee="search-db",
        confidence=0.95,
        last_seen=minute(3) + timedelta(hours=1),
    )
    assert learned.added_to(known) is first
    edges.clear()
    assert learned.added_to(known) is known
