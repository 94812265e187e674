"""Backstage catalog files: Component and Resource entities -> services, relations -> edges.

Read: `dependsOn`, `dependencyOf`, and `consumesApis` through the components that list the API in
`providesApis`. Owners become bare roles; a Group or User says that its role exists. Other kinds
(System, Domain …) are skipped.

Source: the descriptor format in Backstage's documentation,
https://backstage.io/docs/features/software-catalog/descriptor-format
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from topology.attributes import Service, ServiceKind, guess_kind
from topology.nodes import Fields, Items, Node, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from topology.draft import Draft

_DEFAULT_NAMESPACE: Final = "default"
_CALLABLE_KINDS: Final = ("component", "resource")
_OWNING_KINDS: Final = ("group", "user")
_NOT_RUNNING_TYPES: Final = frozenset({"library", "documentation"})


class EntityRef(NamedTuple):
    """A reference to a catalog entity, `[kind:][namespace/]name`, lower case as Backstage compares.

    An empty kind means it was not written.
    """

    kind: str
    namespace: str
    name: str

    @classmethod
    def parse(cls, text: str, *, kind: str = "", namespace: str = _DEFAULT_NAMESPACE) -> EntityRef:
        """Parse a reference, with defaults for what it leaves out.

        Examples:
            >>> EntityRef.parse("group:shop/payments").name
            'payments'
            >>> EntityRef.parse("orders-db", kind="resource")
            EntityRef(kind='resource', namespace='default', name='orders-db')
        """
        before, colon, rest = text.strip().rpartition(":")
        space, slash, name = rest.rpartition("/")
        return cls(
            before.lower() if colon else kind, space.lower() if slash else namespace, name.lower()
        )

    def __str__(self) -> str:
        return f"{self.kind or 'component'}:{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class _Entity:
    """One document of a catalog."""

    ref: EntityRef
    name: str
    file: str
    line: int
    metadata: Fields
    spec: Fields

    @property
    def type(self) -> str:
        return self.spec.text("type").lower()

    def refs(self, key: str, kind: str = "") -> Iterator[tuple[EntityRef, str, int]]:
        """Yield the references of a relation: parsed, as written, line."""
        node = self.spec.get(key)
        for item in node.nodes if isinstance(node, Items) else (node,):
            if isinstance(item, Scalar) and item.text:
                ref = EntityRef.parse(item.text, kind=kind, namespace=self.ref.namespace)
                yield ref, item.text, item.line


def is_entity(document: Node) -> bool:
    """Say whether a document is a catalog entity."""
    return isinstance(document, Fields) and {"kind", "metadata"} <= document.entries.keys()


def read_catalog(documents: Iterable[tuple[str, Fields]], draft: Draft) -> None:
    """Read catalog entities, each with its file, into the draft.

    Neither their order nor which file they stand in matters.
    """
    entities = [
        entity for file, document in documents if (entity := _entity(file, document, draft))
    ]
    running = [
        entity
        for entity in entities
        if entity.ref.kind in _CALLABLE_KINDS and entity.type not in _NOT_RUNNING_TYPES
    ]
    for entity in entities:
        if entity.ref.kind in _OWNING_KINDS:
            draft.know_owner(entity.ref.name)
    not_services = {entity.ref for entity in entities} - {entity.ref for entity in running}
    names = _declare(running, draft)
    relations = _Relations(names, not_services, _providers(running), draft)
    for entity in running:
        draft.begin(entity.file)
        relations.connect(entity)


def _entity(file: str, document: Fields, draft: Draft) -> _Entity | None:
    draft.begin(file)
    metadata, spec = document.get("metadata"), document.get("spec")
    kind = document.text("kind")
    name = metadata.text("name") if isinstance(metadata, Fields) else ""
    if not isinstance(metadata, Fields) or not name:
        draft.error(
            document.line, f"{kind or 'entity'} without metadata.name; it is left out", "name it"
        )
        return None
    namespace = metadata.text("namespace").lower() or _DEFAULT_NAMESPACE
    return _Entity(
        ref=EntityRef(kind.lower(), namespace, name.lower()),
        name=name,
        file=file,
        line=metadata.line_of("name"),
        metadata=metadata,
        spec=spec if isinstance(spec, Fields) else Fields(document.line, {}),
    )


def _declare(entities: Iterable[_Entity], draft: Draft) -> dict[EntityRef, str]:
    """Declare a service per entity and return how each entity is called in the graph."""
    names: dict[EntityRef, str] = {}
    taken: set[str] = set()
    for entity in entities:
        draft.begin(entity.file)
        name = entity.name
        if name in taken and entity.ref not in names:
            name = str(entity.ref)
            draft.warn(
                entity.line,
                f"another entity is called {entity.name!r} too; this one becomes {name!r}",
                "give it the name its telemetry uses",
            )
        taken.add(name)
        names.setdefault(entity.ref, name)
        owner = entity.spec.text("owner")
        draft.declare(
            Service(
                name=names[entity.ref],
                kind=_kind(entity),
                owner=EntityRef.parse(owner).name or None,
                display=entity.metadata.text("title") or None,
            ),
            entity.line,
        )
    return names


def _kind(entity: _Entity) -> ServiceKind:
    by_type = guess_kind(entity.type)
    return guess_kind(entity.name) if by_type is ServiceKind.APP else by_type


def _providers(entities: Iterable[_Entity]) -> dict[EntityRef, list[EntityRef]]:
    """Map each API to the components that provide it."""
    providers: dict[EntityRef, list[EntityRef]] = {}
    for entity in entities:
        for api, _, _ in entity.refs("providesApis", kind="api"):
            providers.setdefault(api, []).append(entity.ref)
    return providers


@dataclass(frozen=True, slots=True)
class _Relations:
    """Turns the relations of entities into edges."""

    names: dict[EntityRef, str]
    not_services: set[EntityRef]
    providers: dict[EntityRef, list[EntityRef]]
    draft: Draft

    def connect(self, entity: _Entity) -> None:
        own = self.names[entity.ref]
        for ref, written, line in entity.refs("dependsOn"):
            if (callee := self._name(ref, written)) is not None:
                self.draft.connect(own, callee, line)
        for ref, written, line in entity.refs("dependencyOf"):
            if (caller := self._name(ref, written)) is not None:
                self.draft.connect(caller, own, line)
        for ref, written, line in entity.refs("consumesApis", kind="api"):
            self._consume(own, ref, written, line)

    def _consume(self, caller: str, ref: EntityRef, written: str, line: int) -> None:
        if ref.kind != "api":  # seen in real catalogs: a component where an API belongs
            if (callee := self._name(ref, written)) is not None:
                self.draft.connect(caller, callee, line)
            return
        if ref not in self.providers:
            self.draft.warn(
                line,
                f"{caller!r} consumes API {written!r}, which no component here provides; no edge",
                "list it under `providesApis` of the component behind it",
            )
        for provider in self.providers.get(ref, ()):
            self.draft.connect(caller, self.names[provider], line)

    def _name(self, ref: EntityRef, written: str) -> str | None:
        """Return the service a reference means; None for entities that do not run."""
        kinds = (ref.kind,) if ref.kind else _CALLABLE_KINDS
        candidates = [ref._replace(kind=kind) for kind in kinds]
        for candidate in candidates:
            if candidate in self.names:
                return self.names[candidate]
        if ref.kind not in ("", *_CALLABLE_KINDS) or not self.not_services.isdisjoint(candidates):
            return None
        return written.rpartition(":")[2].rpartition("/")[2] or None
