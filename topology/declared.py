"""The product's own topology form, and the plain nodes-and-edges form of recordings.

    services:                                     nodes: [shop, {name: shop-db, kind: db}]
      shop:                                       edges: [[shop, shop-db]]
        {kind: app, owner: web, tier: 1, regions: [EU], segments: [retail],
         display: the shop, calls: [shop-db]}

Both may stand in one file. An edge is `[caller, callee]` or a mapping with `caller`, `callee`
(also `from`/`to`, `source`/`target`), `confidence` and `last_seen`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, Self

from topology.attributes import Service, ServiceKind, guess_kind
from topology.nodes import Fields, Items, Node, Scalar

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from topology.draft import Draft

SECTIONS: Final = ("services", "nodes", "edges")
_SERVICE_KEYS: Final = ("kind", "owner", "tier", "regions", "segments", "display", "calls")
_NAME_KEYS: Final = ("name", "id")
_CALLER_KEYS: Final = ("caller", "from", "source")
_CALLEE_KEYS: Final = ("callee", "to", "target")
_EDGE_KEYS: Final = (*_CALLER_KEYS, *_CALLEE_KEYS, "confidence", "last_seen")


def read_declared(document: Fields, draft: Draft) -> None:
    """Read one document of the product's own form into the draft."""
    for key, (line, _) in document.entries.items():
        # Recordings carry notes beside the graph, so only what looks like a slip is reported.
        if key not in SECTIONS and (close := get_close_matches(key, SECTIONS, n=1, cutoff=0.75)):
            draft.warn(line, f"key {key!r} is not read", f"did you mean {close[0]!r}?")
    for section in ("services", "nodes"):
        _read_services(document.get(section), section, draft)
    _read_edges(document.get("edges"), draft)


def _read_services(node: Node | None, section: str, draft: Draft) -> None:
    if isinstance(node, Fields):
        for name, (line, attributes) in node.entries.items():
            if name:
                _read_service(_Attributes.of(f"{section}.{name}", line, attributes, draft), name)
            else:
                draft.error(line, f"{section}: a service has an empty name; it is left out")
    elif isinstance(node, Items):
        _read_nodes(node, section, draft)
    elif node is not None:
        draft.error(node.line, f"{section} must be a mapping or a list; it is left out")


def _read_nodes(nodes: Items, section: str, draft: Draft) -> None:
    for index, item in enumerate(nodes.nodes):
        place = f"{section}[{index}]"
        if isinstance(item, Scalar) and item.text:
            draft.declare(Service(name=item.text, kind=guess_kind(item.text)), item.line)
            continue
        name = _first_text(item, _NAME_KEYS) if isinstance(item, Fields) else None
        if name:
            attributes = _Attributes.of(f"{section}.{name}", item.line, item, draft)
            _read_service(attributes, name, extra_keys=_NAME_KEYS)
        else:
            draft.error(
                item.line,
                f"{place} has no name; it is left out",
                "write a text, or a mapping with `name`",
            )


def _read_service(reader: _Attributes, name: str, extra_keys: tuple[str, ...] = ()) -> None:
    reader.report_unknown_keys((*_SERVICE_KEYS, *extra_keys))
    service = Service(
        name=name,
        kind=reader.kind() or guess_kind(name),
        owner=reader.text("owner"),
        tier=reader.tier(),
        regions=reader.texts("regions"),
        segments=reader.texts("segments"),
        display=reader.text("display"),
    )
    reader.draft.declare(service, reader.line)
    for callee, line in reader.located_texts("calls"):
        reader.draft.connect(name, callee, line)


def _read_edges(node: Node | None, draft: Draft) -> None:
    if isinstance(node, Items):
        for index, item in enumerate(node.nodes):
            _read_edge(f"edges[{index}]", item, draft)
    elif node is not None:
        draft.error(node.line, "edges must be a list; it is left out", "write [[caller, callee]]")


def _read_edge(place: str, item: Node, draft: Draft) -> None:
    ends = _ends(item)
    if len(ends) > 2:
        message = f"{place} has {len(ends)} ends; it is left out"
        draft.error(item.line, message, "an edge has two: write [caller, callee]")
        return
    caller, callee = (*ends, None, None)[:2]
    if not caller or not callee:
        given = caller or callee
        missing = "callee" if caller else "caller" if callee else "caller and callee"
        draft.error(
            item.line,
            f"{place}: {missing} missing; the edge is left out",
            f"the other end is {given!r}" if given else "write [caller, callee]",
        )
        return
    fields = item if isinstance(item, Fields) else Fields(item.line, {})
    reader = _Attributes(place, item.line, fields, draft)
    reader.report_unknown_keys(_EDGE_KEYS)
    confidence, last_seen = reader.confidence(), reader.moment("last_seen")
    draft.connect(caller, callee, item.line, confidence=confidence, last_seen=last_seen)


def _ends(item: Node) -> tuple[str | None, ...]:
    """Return what an edge connects, as far as it is written."""
    if isinstance(item, Items):
        return tuple(end.text if isinstance(end, Scalar) else None for end in item.nodes)
    if isinstance(item, Fields):
        return (_first_text(item, _CALLER_KEYS), _first_text(item, _CALLEE_KEYS))
    return ()


def _first_text(fields: Fields, keys: tuple[str, ...]) -> str | None:
    for key in keys:
        node = fields.get(key)
        if isinstance(node, Scalar) and node.text:
            return node.text
    return None


@dataclass(frozen=True, slots=True)
class _Attributes:
    """Reads typed attributes of one mapping and reports those that do not fit."""

    place: str
    line: int
    fields: Fields
    draft: Draft

    @classmethod
    def of(cls, place: str, line: int, node: Node, draft: Draft) -> Self:
        """Take the attributes of a service; an empty value means it has none."""
        if isinstance(node, Fields):
            return cls(place, line, node, draft)
        if not (isinstance(node, Scalar) and node.text is None):
            draft.error(
                line,
                f"{place} must be a mapping; its attributes are left out",
                f"write any of {', '.join(_SERVICE_KEYS)}",
            )
        return cls(place, line, Fields(line, {}), draft)

    def report_unknown_keys(self, known: Collection[str]) -> None:
        for key, (line, _) in self.fields.entries.items():
            if key not in known:
                close = get_close_matches(key, known, n=1)
                hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"
                self.draft.warn(line, f"{self.place}: key {key!r} is not read", hint)

    def kind(self) -> ServiceKind | None:
        text = self.text("kind")
        if text is None:
            return None
        try:
            return ServiceKind(text.lower())
        except ValueError:
            self._reject("kind", f"{text!r} is no kind", f"one of {', '.join(ServiceKind)}")
            return None

    def tier(self) -> int | None:
        text = self.text("tier")
        if text is None or text.isdecimal():
            return int(text) if text else None
        self._reject("tier", f"{text!r} is no whole number from 0", "1 is the most important")
        return None

    def confidence(self) -> float:
        text = self.text("confidence")
        if text is None:
            return 1.0
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if 0.0 <= value <= 1.0:
            return value
        self._reject("confidence", f"{text!r} is no ratio from 0 to 1", "1 is assumed")
        return 1.0

    def moment(self, key: str) -> datetime | None:
        text = self.text(key)
        if text is None:
            return None
        try:
            value = datetime.fromisoformat(text)
        except ValueError:
            self._reject(key, f"{text!r} is no time", "write ISO 8601, as 2026-04-18T10:01:00Z")
            return None
        if value.tzinfo is None:
            self._reject(key, f"{text!r} has no time zone", "end it with Z for UTC")
            return None
        return value.astimezone(UTC)

    def text(self, key: str) -> str | None:
        node = self.fields.get(key)
        if node is None or isinstance(node, Scalar):
            return (node.text or None) if node else None
        self._reject(key, "a list or mapping stands where one text is expected")
        return None

    def texts(self, key: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(text for text, _ in self.located_texts(key)))

    def located_texts(self, key: str) -> Iterator[tuple[str, int]]:
        """Yield the texts of a list (a single text is a list of one) with their lines."""
        node = self.fields.get(key)
        for index, item in enumerate(node.nodes if isinstance(node, Items) else (node,)):
            if isinstance(item, Scalar) and item.text:
                yield item.text, item.line
            elif item is not None:
                self.draft.error(
                    item.line, f"{self.place}.{key}[{index}] is no name; it is left out"
                )

    def _reject(self, key: str, message: str, hint: str = "") -> None:
        line = self.fields.line_of(key)
        self.draft.error(line, f"{self.place}.{key}: {message}; it is left out", hint)
