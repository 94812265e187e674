"""A topology as a picture: SVG, alone or in a page with a table. Every name in it is escaped."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, TypeAlias

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from aiops.domain.errors import InputError
from topology.attributes import Service, ServiceKind
from topology.compare import describe, sight
from topology.graph import Edge, ServiceGraph
from topology.layers import Slot, layers

Bends: TypeAlias = dict[tuple[str, str], list[tuple[float, float]]]
"""Where a call over several columns passes each: the left end of a level stretch."""

MOST_SERVICES: Final = 200
"""More in one picture nobody reads."""

_BOX_WIDTH, _BOX_HEIGHT = 214, 46
_COLUMN, _ROW, _PASSING = 310, 64, 26
_MARGIN, _HEADER, _HEAD = 24, 84, 7
_MOST_NAME, _MOST_OWNER = 22, 24

COLOURS: Final = {
    ServiceKind.EDGE: "#1f6feb",
    ServiceKind.APP: "#2d7d46",
    ServiceKind.WORKER: "#6f7d1f",
    ServiceKind.QUEUE: "#b0600a",
    ServiceKind.DB: "#7a3fb0",
    ServiceKind.CACHE: "#b03060",
    ServiceKind.EXTERNAL: "#5b6570",
}
"""Dark enough for white letters; the kind is also written, so that nobody depends on colours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One service where it is drawn; x and y are those of its upper left corner."""

    service: Service
    x: float
    y: float

    @property
    def name(self) -> str:
        """Its name, as much of it as fits."""
        return _cut(self.service.name, _MOST_NAME)

    @property
    def owner(self) -> str:
        """Who answers for it, as much as fits."""
        return _cut(self.service.owner or "no owner", _MOST_OWNER)

    @property
    def colour(self) -> str:
        """The colour of its kind."""
        return COLOURS[self.service.kind]

    @property
    def told(self) -> str:
        """All that is known of it."""
        more = [f"known as {self.service.display}"] if self.service.display else []
        more += [f"regions {', '.join(self.service.regions)}"] if self.service.regions else []
        more += [f"segments {', '.join(self.service.segments)}"] if self.service.segments else []
        return "; ".join([describe(self.service), *more])


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One call where it is drawn."""

    edge: Edge
    path: str

    @property
    def is_seen(self) -> bool:
        """Whether nobody declared it."""
        return self.edge.confidence < 1.0

    @property
    def opacity(self) -> str:
        """Fainter, the less sure it is."""
        return f"{0.35 + 0.65 * self.edge.confidence:.2f}"

    @property
    def told(self) -> str:
        """Who calls whom, and how sure that is."""
        return f"{self.edge.caller} calls {self.edge.callee}{sight(self.edge)}"


def picture(graph: ServiceGraph, title: str, focus: str | None = None) -> str:
    """Return the SVG of a topology: callers on the left, each column one call deeper.

    Args:
        graph: at most `MOST_SERVICES` services.
        title: what stands above.
        focus: the service to set off, if any.

    Raises:
        InputError: there are too many services for one picture.
    """
    return _rendered("topology.svg", _scene(graph, title, focus))


def page(graph: ServiceGraph, title: str, focus: str | None = None) -> str:
    """Return a page with the picture and a table of the services; see `picture`.

    Raises:
        InputError: there are too many services for one picture.
    """
    scene = _scene(graph, title, focus)
    # Our own drawing; every text in it was escaped when it was drawn.
    svg = Markup(_rendered("topology.svg", scene))  # noqa: S704
    return _rendered("topology.html", scene | {"svg": svg, "graph": graph})


def _rendered(name: str, values: dict[str, object]) -> str:
    return _environment().from_string(_text(name)).render(values)


@cache
def _environment() -> Environment:
    return Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


@cache
def _text(name: str) -> str:
    return files("aiops.drawing").joinpath(name).read_text(encoding="utf-8")


def _scene(graph: ServiceGraph, title: str, focus: str | None) -> dict[str, object]:
    if len(graph) > MOST_SERVICES:
        raise InputError(
            f"{len(graph):,} services are too many for one picture, which holds {MOST_SERVICES}; "
            "choose a part with --service and --hops"
        )
    boxes, bends, height = _placed(graph)
    lines = [
        Line(edge=one, path=_path(boxes[one.caller], boxes[one.callee], bends))
        for one in graph.edges
    ]
    kinds = {box.service.kind for box in boxes.values()}
    return {
        "title": title,
        "focus": focus,
        "boxes": list(boxes.values()),
        "lines": lines,
        "legend": [(kind.value, COLOURS[kind]) for kind in ServiceKind if kind in kinds],
        "has_seen": any(line.is_seen for line in lines),
        "width": max(max((box.x for box in boxes.values()), default=0) + _BOX_WIDTH, 640) + _MARGIN,
        "height": height,
        "box": (_BOX_WIDTH, _BOX_HEIGHT),
    }


def _placed(graph: ServiceGraph) -> tuple[dict[str, Box], Bends, int]:
    """Return where each service stands, where calls pass between others, and how high it gets."""
    columns = layers(graph.neighbourhood(graph.services, hops=0))
    heights = [sum(map(_room, column)) for column in columns]
    boxes: dict[str, Box] = {}
    bends: Bends = {}
    for depth, column in enumerate(columns):
        x, y = _MARGIN + depth * _COLUMN, _HEADER + (max(heights) - heights[depth]) / 2
        for slot in column:
            if isinstance(slot, str):
                boxes[slot] = Box(service=graph.service(slot), x=x, y=y)
            else:
                bends.setdefault(slot, []).append((x, y + _PASSING / 2))
            y += _room(slot)
    return boxes, bends, _HEADER + max(heights, default=0) + _MARGIN


def _room(slot: Slot) -> int:
    return _ROW if isinstance(slot, str) else _PASSING


def _path(caller: Box, callee: Box, bends: Bends) -> str:
    """Return the curve of a call: out on the right of the caller, in on the left of the callee."""
    x, y = caller.x + _BOX_WIDTH, caller.y + _BOX_HEIGHT / 2
    if callee.x > caller.x:
        path = f"M{x:g},{y:g}"
        for x_bend, y_bend in bends.get((caller.service.name, callee.service.name), ()):
            path += f"{_curve(x, y, x_bend, y_bend)} H{x_bend + _BOX_WIDTH:g}"
            x, y = x_bend + _BOX_WIDTH, y_bend
        return path + _curve(x, y, callee.x - _HEAD, callee.y + _BOX_HEIGHT / 2)
    # A call back to where one came from leaves below and comes in below.
    x1, y1, x2 = caller.x + _BOX_WIDTH / 2, caller.y + _BOX_HEIGHT, callee.x + _BOX_WIDTH / 2
    y2, low = callee.y + _BOX_HEIGHT, max(caller.y, callee.y) + _BOX_HEIGHT + _ROW / 2
    return f"M{x1:g},{y1:g} C{x1:g},{low:g} {x2:g},{low:g} {x2:g},{y2 + _HEAD:g}"


def _curve(x1: float, y1: float, x2: float, y2: float) -> str:
    bend = (_COLUMN - _BOX_WIDTH) * 0.6
    return f" C{x1 + bend:g},{y1:g} {x2 - bend:g},{y2:g} {x2:g},{y2:g}"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
