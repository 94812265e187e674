"""What is known before a tick: topology, journeys, people and runbooks, read from their files."""

from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from aiops.advise.parse import parse_runbook
from aiops.domain.environment import Knowledge
from aiops.domain.errors import ConfigurationError, InputError, StateFormatError
from aiops.domain.journeys import Runbook
from aiops.domain.outcomes import Archive
from aiops.settings import Settings
from aiops.store.archives import ArchiveStore, Standing
from aiops.store.memory import MemoryStore
from topology.draft import Parsed
from topology.graph import ServiceGraph
from topology.parse import parse_topologies


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
        cohorts=settings.cohorts,
        trace_url=settings.trace_url,
        origin=settings.origin,
    )


class Remembering:
    """Gives what is known, with what ended incidents have taught until now.

    Memory and archive are read anew where they have changed; otherwise a few numbers are compared.

    Args:
        known: what stands.
        memory: ended incidents and their judgements.
        archives: what is indexed of them.
        fault: is told of an archive that cannot be read; memory does without.
    """

    def __init__(
        self,
        known: Knowledge,
        memory: MemoryStore,
        archives: ArchiveStore,
        fault: Callable[[str], None],
    ) -> None:
        self._known = known
        self._memory = memory
        self._archives = archives
        self._fault = fault
        self._archived: Standing | None = None
        self._judged = (0, 0)

    def now(self) -> Knowledge:
        """Return what is known now."""
        standing, judged = self._archives.standing(), self._memory.judged()
        if standing != self._archived:
            archive = self._read(standing)
            self._known = replace(self._known, archive=archive)
            self._archived = standing
        elif judged == self._judged:
            return self._known
        since = standing.judged if standing and self._known.archive else 0
        self._known = replace(self._known, memory=self._memory.recall(since=since))
        self._judged = judged
        return self._known

    def _read(self, standing: Standing | None) -> Archive | None:
        try:
            return self._archives.load(standing.number) if standing else None
        except StateFormatError as error:
            self._fault(str(error))
            return None


def topology(settings: Settings) -> ServiceGraph:
    """Return the declared topology, with what settings add to its services."""
    return settings.with_services(read_topology(settings).graph)


def read_topology(settings: Settings) -> Parsed:
    """Return the topology files as they are, read as one, with what is wrong in them.

    Raises:
        ConfigurationError: nothing of a file can be read.
    """
    parsed = parse_topologies(settings.topology_texts())
    if parsed.unreadable:
        raise ConfigurationError("\n".join(map(str, parsed.unreadable)))
    return parsed


def runbooks(settings: Settings) -> tuple[Runbook, ...]:
    """Return the runbooks of `AIOPS_RUNBOOKS_DIR` or `runbooks:`, else the ones we ship.

    Raises:
        InputError: one of them cannot be read; names the file and what was expected.
    """
    return tuple(read_runbook(one) for one in runbook_files(settings))


def runbook_files(settings: Settings) -> tuple[Traversable, ...]:
    """Return the files that hold runbooks, by name."""
    folder: Traversable = settings.runbooks_dir or files("runbooks")
    found = (entry for entry in folder.iterdir() if entry.name.endswith(".md"))
    return tuple(sorted(found, key=lambda entry: entry.name))


def read_runbook(file: Traversable) -> Runbook:
    """Return the runbook in a file.

    Raises:
        InputError: it cannot be read, or is none; names the file and what was expected.
    """
    name = str(file) if isinstance(file, Path) else file.name
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{name} cannot be read ({error}); expected UTF-8 text") from error
    return parse_runbook(text, name)
