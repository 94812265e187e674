"""What changed between two versions of a topology."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final, TypeAlias

from topology.attributes import Service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from topology.graph import Edge, ServiceGraph

Value: TypeAlias = str | int | float | tuple[str, ...] | None

_ATTRIBUTES: Final = tuple(one.name for one in fields(Service) if one.name != "name")
_CONFIDENCE_DIGITS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One attribute of a service or a call that is not what it was.

    Attributes:
        what: the service's name, or `caller -> callee`.
        attribute: its name.
        old: before; None where it was not declared.
        new: now; None where it is no longer declared.
    """

    what: str
    attribute: str
    old: Value
    new: Value

    def __str__(self) -> str:
        return f"{self.what}: {self.attribute} {_told(self.old)}, now {_told(self.new)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """All that changed, each part in the order of names; false where nothing did.

    Attributes:
        services_added: services only the new version has.
        services_removed: services only the old version has.
        services_changed: attributes of services both have.
        calls_added: calls only the new version has.
        calls_removed: calls only the old version has.
        calls_changed: confidence of calls both have, from a hundredth on. When a call was last
            seen is no change: it is another in every version.
    """

    services_added: tuple[Service, ...]
    services_removed: tuple[Service, ...]
    services_changed: tuple[Changed, ...]
    calls_added: tuple[Edge, ...]
    calls_removed: tuple[Edge, ...]
    calls_changed: tuple[Changed, ...]

    def __bool__(self) -> bool:
        return any(getattr(self, part.name) for part in fields(self))

    def lines(self) -> Iterator[str]:
        """Yield one line per change, begun as in a patch: `+`, `-` or `~`."""
        yield from (f"+ {describe(one)}" for one in self.services_added)
        yield from (f"- {describe(one)}" for one in self.services_removed)
        yield from (f"~ {one}" for one in self.services_changed)
        yield from (f"+ {one.caller} -> {one.callee}{sight(one)}" for one in self.calls_added)
        yield from (f"- {one.caller} -> {one.callee}{sight(one)}" for one in self.calls_removed)
        yield from (f"~ {one}" for one in self.calls_changed)


def compare(old: ServiceGraph, new: ServiceGraph) -> Difference:
    """Return what changed from one version to the next.

    Examples:
        >>> from topology.parse import parse_topology
        >>> old, new = (parse_topology(text, "t.yaml").graph for text in
        ...             ("services: {web: {owner: a, calls: [db]}, db: }", "services: {web: }"))
        >>> print(*compare(old, new).lines(), sep="; ")
        - db (db); ~ web: owner 'a', now not declared; - web -> db
    """
    before, after = old.services, new.services
    was = {(edge.caller, edge.callee): edge for edge in old.edges}
    is_now = {(edge.caller, edge.callee): edge for edge in new.edges}
    return Difference(
        services_added=tuple(one for name, one in after.items() if name not in before),
        services_removed=tuple(one for name, one in before.items() if name not in after),
        services_changed=tuple(
            changed
            for name, one in after.items()
            if name in before
            for changed in _service_changes(before[name], one)
        ),
        calls_added=tuple(edge for pair, edge in is_now.items() if pair not in was),
        calls_removed=tuple(edge for pair, edge in was.items() if pair not in is_now),
        calls_changed=tuple(
            changed
            for pair, edge in is_now.items()
            if pair in was
            for changed in _call_changes(was[pair], edge)
        ),
    )


def describe(service: Service) -> str:
    """Return a service in a few words.

    Examples:
        >>> describe(Service(name="web", owner="shop", tier=1))
        'web (app, owner shop, tier 1)'
    """
    words = [service.kind.value]
    words += [f"owner {service.owner}"] if service.owner else []
    words += [f"tier {service.tier}"] if service.tier is not None else []
    return f"{service.name} ({', '.join(words)})"


def sight(edge: Edge) -> str:
    """Return how sure a call is and when it was last seen; nothing of one only declared.

    Examples:
        >>> from topology.graph import Edge
        >>> sight(Edge(caller="a", callee="b", confidence=0.5))
        ' (seen, 50% sure)'
    """
    words = [f"seen, {min(edge.confidence, 0.99):.0%} sure"] if edge.confidence < 1.0 else []
    words += [f"last on {edge.last_seen:%Y-%m-%d}"] if edge.last_seen else []
    return f" ({', '.join(words)})" if words else ""


def _service_changes(old: Service, new: Service) -> Iterator[Changed]:
    for attribute in _ATTRIBUTES:
        before, after = getattr(old, attribute) or None, getattr(new, attribute) or None
        if before != after:
            yield Changed(what=new.name, attribute=attribute, old=before, new=after)


def _call_changes(old: Edge, new: Edge) -> Iterator[Changed]:
    before, after = (round(edge.confidence, _CONFIDENCE_DIGITS) for edge in (old, new))
    if before != after or (old.confidence < 1.0) is not (new.confidence < 1.0):
        what = f"{new.caller} -> {new.callee}"
        yield Changed(what=what, attribute="confidence", old=before, new=after)


def _told(value: Value) -> str:
    if value is None:
        return "not declared"
    return ", ".join(value) if isinstance(value, tuple) else repr(value)
