"""What is known before a tick: topology, journeys, people and runbooks, read from their files."""

from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files

from aiops.advise.parse import parse_runbook
from aiops.domain.environment import Knowledge
from aiops.domain.errors import ConfigurationError
from aiops.domain.journeys import Runbook
from aiops.settings import Settings
from aiops.store.memory import MemoryStore
from topology.graph import ServiceGraph
from topology.parse import parse_topology
from topology.problems import TopologyError


def standing(settings: Settings) -> Knowledge:
    """Return everything that is known from configuration and files.

    Raises:
        ConfigurationError: the topology or a runbook cannot be read; names file and line.
    """
    return Knowledge(
        graph=topology(settings),
        journeys=settings.journeys,
        kpis=settings.kpis,
        teams=settings.teams,
        runbooks=runbooks(settings),
        policies=settings.policies,
        currency=settings.currency,
        origin=settings.origin,
    )


def with_memory(known: Knowledge, memory: MemoryStore) -> Knowledge:
    """Return the knowledge with what ended incidents taught since."""
    return replace(known, memory=memory.recall())


def topology(settings: Settings) -> ServiceGraph:
    """Return the declared topology, with what settings add to its services."""
    text, name = settings.topology_text()
    try:
        graph = parse_topology(text, name).graph
    except TopologyError as error:
        raise ConfigurationError(str(error)) from error
    return settings.with_services(graph)


def runbooks(settings: Settings) -> tuple[Runbook, ...]:
    """Return the runbooks of `AIOPS_RUNBOOKS_DIR`, else the ones shipped with the product."""
    return tuple(parse_runbook(text, name) for name, text in sorted(_texts(settings)))


def _texts(settings: Settings) -> Iterator[tuple[str, str]]:
    folder = settings.runbooks_dir or files("runbooks")
    for entry in folder.iterdir():
        if entry.name.endswith(".md"):
            yield entry.name, entry.read_text(encoding="utf-8")
