import re
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from aiops.domain.errors import InputError
from aiops.drawing.topology import MOST_SERVICES, page, picture
from topology.attributes import Service, ServiceKind
from topology.graph import Edge, ServiceGraph

SVG = "{http://www.w3.org/2000/svg}"
EVIL = "<script>alert(1)</script>\"'&amp;"


def graph(*calls: tuple[str, str], **owners: str) -> ServiceGraph:
    services = [Service(name=name, owner=owner) for name, owner in owners.items()]
    return ServiceGraph.from_edges(services, (Edge(caller=a, callee=b) for a, b in calls))


def places(svg: str) -> dict[str, tuple[float, float]]:
    """Return where each service stands, by what its box tells."""
    found = {}
    for box in ElementTree.fromstring(svg).iter(f"{SVG}g"):  # noqa: S314 - we drew it
        moved = re.fullmatch(r"translate\(([\d.]+),([\d.]+)\)", box.get("transform", ""))
        title = box.find(f"{SVG}title")
        if moved and title is not None and title.text:
            found[title.text.split(" (")[0]] = (float(moved[1]), float(moved[2]))
    return found


def test_everyone_stands_to_the_right_of_all_who_call_them() -> None:
    calls = [("web", "cart"), ("web", "db"), ("cart", "db"), ("job", "db")]

    at = places(picture(graph(*calls), "shop"))

    assert set(at) == {"web", "cart", "db", "job"}
    assert all(at[caller][0] < at[callee][0] for caller, callee in calls)


def test_no_two_services_stand_in_one_place() -> None:
    calls = [(f"s{n}", f"s{2 * n + k}") for n in range(1, 40) for k in (0, 1)]

    at = places(picture(graph(*calls), "many"))

    for name, (x, y) in at.items():
        near = [one for one, (u, v) in at.items() if abs(u - x) < 214 and abs(v - y) < 46]
        assert near == [name]


def test_a_circle_is_drawn_with_all_its_calls() -> None:
    svg = picture(graph(("a", "b"), ("b", "c"), ("c", "a")), "circle")

    assert set(places(svg)) == {"a", "b", "c"}
    assert svg.count("marker-end") == 3


def test_owners_kinds_tiers_and_sights_are_told() -> None:
    seen = Edge(
        caller="web", callee="db", confidence=0.5, last_seen=datetime(2026, 4, 18, tzinfo=UTC)
    )
    services = [Service(name="web", kind=ServiceKind.EDGE, owner="shop", tier=1)]

    svg = picture(ServiceGraph.from_edges(services, [seen]), "shop")

    assert "web (edge, owner shop, tier 1)" in svg
    assert "no owner" in svg
    assert "web calls db (seen, 50% sure, last on 2026-04-18)" in svg
    assert "seen, not declared" in svg


@pytest.mark.parametrize("draw", [picture, page])
def test_no_name_becomes_markup(draw: object) -> None:
    assert callable(draw)
    evil = ServiceGraph.from_edges(
        [Service(name=EVIL, owner=EVIL, regions=(EVIL,), display=EVIL)],
        [Edge(caller=EVIL, callee="db")],
    )

    drawn = draw(evil, EVIL, EVIL)

    assert "<script" not in drawn
    assert 'alert(1)</script>"' not in drawn
    svg = drawn[drawn.index("<svg") : drawn.index("</svg>") + len("</svg>")]
    assert EVIL in places(svg)  # it is still a well-formed picture that says the name


def test_a_page_needs_no_script_and_nothing_from_elsewhere() -> None:
    html = page(graph(("web", "db"), web="shop"), "shop")

    assert "<script" not in html
    assert re.findall(r"(?:src|href)=", html) == []
    assert "<td>web</td>" in html


def test_an_empty_topology_is_an_empty_picture() -> None:
    assert places(picture(graph(), "nothing")) == {}


def test_the_same_topology_is_the_same_picture_whatever_the_order() -> None:
    calls = [("a", "b"), ("c", "b"), ("b", "d"), ("d", "a")]

    assert picture(graph(*calls), "x") == picture(graph(*reversed(calls)), "x")


def test_more_services_than_a_picture_holds_are_refused_with_what_to_do() -> None:
    calls = [("hub", f"s{n}") for n in range(MOST_SERVICES)]

    with pytest.raises(InputError, match="--service and --hops"):
        picture(graph(*calls), "too many")
