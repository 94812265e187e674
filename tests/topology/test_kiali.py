import json
from datetime import UTC, datetime
from typing import Any

import pytest

from topology.attributes import ServiceKind
from topology.draft import Parsed
from topology.parse import parse_topology

AT = datetime(2026, 4, 18, 12, tzinfo=UTC)


def node(name: str, *, of: str = "app", space: str = "shop", **more: object) -> dict[str, Any]:
    asked = [{"namespace": space, "name": name}]
    return {
        "id": f"{of}-{space}-{name}{more.get('version', '')}",
        "nodeType": of,
        "namespace": space,
        of: name,
        "destServices": asked,
        **more,
    }


def edge(source: dict[str, Any], target: dict[str, Any], **rates: str) -> dict[str, Any]:
    protocol = next(iter(rates), "http")
    traffic = {"protocol": protocol, "rates": rates}
    return {"id": "e", "source": source["id"], "target": target["id"], "traffic": traffic}


def graph(nodes: list[dict[str, Any]], edges: list[dict[str, Any]], **more: object) -> Parsed:
    body = {
        "timestamp": int(AT.timestamp()),
        "duration": 60,
        "graphType": "app",
        "elements": {
            "nodes": [{"data": one} for one in nodes],
            "edges": [{"data": one} for one in edges],
        },
    }
    return parse_topology(json.dumps(body | more, indent=1), "kiali.json")


def pairs_of(parsed: Parsed) -> list[tuple[str, str]]:
    return [(one.caller, one.callee) for one in parsed.graph.edges]


def test_what_was_seen_becomes_edges_with_confidence_and_last_seen() -> None:
    web, cart = node("web"), node("cart")
    parsed = graph([web, cart], [edge(web, cart, http="2.00")])

    (found,) = parsed.graph.edges
    assert (found.caller, found.callee, found.last_seen) == ("web", "cart", AT)
    assert found.confidence == pytest.approx(120 / 125)
    assert parsed.problems == ()


def test_bytes_of_a_connection_count_less_than_requests() -> None:
    web, cart, store = node("web"), node("cart"), node("store")
    parsed = graph(
        [web, cart, store], [edge(web, cart, http="100"), edge(cart, store, tcp="100.00")]
    )

    requests, connection = (
        parsed.graph.edge(*pair) for pair in (("web", "cart"), ("cart", "store"))
    )
    assert requests is not None
    assert connection is not None
    assert 0 < connection.confidence < requests.confidence < 1


def test_versions_of_an_app_are_one_service_and_their_calls_add_up() -> None:
    web, first, second = node("web"), node("cart", version="v1"), node("cart", version="v2")
    parsed = graph([web, first, second], [edge(web, first, http="1"), edge(web, second, http="1")])

    assert pairs_of(parsed) == [("web", "cart")]
    assert parsed.graph.edges[0].confidence == pytest.approx(120 / 125)


def test_a_service_node_stands_for_the_app_behind_it() -> None:
    web, cart = node("web"), node("cart", destServices=[{"namespace": "shop", "name": "cart-svc"}])
    service = node("cart-svc", of="service")
    parsed = graph(
        [web, service, cart], [edge(web, service, http="1"), edge(service, cart, http="1")]
    )

    assert pairs_of(parsed) == [("web", "cart")]
    assert parsed.problems == ()


def test_a_service_entry_is_external_and_a_gateway_an_edge() -> None:
    far = node("api.example.com", of="service", isServiceEntry={"location": "MESH_EXTERNAL"})
    door = node("door", isGateway={"ingressInfo": {}})
    services = graph([far, door], [edge(door, far, http="1")]).graph

    assert services.service("api.example.com").kind is ServiceKind.EXTERNAL
    assert services.service("door").kind is ServiceKind.EDGE


def test_apps_of_one_name_in_two_namespaces_stay_two_services() -> None:
    here, there = node("cart"), node("cart", space="other")
    parsed = graph([here, there], [edge(here, there, http="1")])

    assert pairs_of(parsed) == [("cart.shop", "cart.other")]
    assert "several services, in the namespaces other, shop" in parsed.problems[0].message


def test_what_kiali_could_not_name_is_left_out_and_counted() -> None:
    web, unknown = node("web"), node("unknown", of="unknown", space="unknown", app="unknown")
    parsed = graph([web, unknown], [edge(unknown, web, http="1"), edge(unknown, web, tcp="1")])

    assert list(parsed.graph.services) == ["web"]
    assert "2 edges have an end that Kiali could not name" in parsed.problems[0].message


def test_an_edge_with_a_missing_end_is_named_and_the_rest_goes_on() -> None:
    web, cart = node("web"), node("cart")
    lost, gone = edge(web, cart) | {"target": "nowhere"}, edge(web, cart)
    del gone["source"]
    parsed = graph([web, cart], [lost, gone, edge(web, cart, http="1")])

    assert pairs_of(parsed) == [("web", "cart")]
    assert [one.message for one in parsed.problems] == [
        "an edge: target 'nowhere' is no node of this graph; it is left out",
        "an edge: source missing; it is left out",
    ]
    assert all(one.line > 1 for one in parsed.problems)


def test_a_time_that_is_none_and_boxes_do_no_harm() -> None:
    web, cart, box = node("web"), node("cart"), node("shop", of="box")
    parsed = graph([box, web, cart], [edge(web, cart, http="x")], timestamp=1e300, duration="nan")

    assert list(parsed.graph.services) == ["cart", "web"]
    assert parsed.graph.edges[0].last_seen is None
    assert parsed.graph.edges[0].confidence > 0
    assert "is no time" in parsed.problems[0].message
