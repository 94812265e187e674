"""What lies in the folder of a recording, besides its signals (DESIGN §8)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from aiops.domain.errors import ConfigurationError, InputError
from aiops.settings import Settings, load
from aiops.settings.topology_files import topology_texts
from topology.graph import ServiceGraph
from topology.parse import parse_topologies
from topology.problems import ProblemLevel

METRICS: Final = ("metrics.parquet", "metrics.csv")
TOPOLOGIES: Final = ("topology.yaml", "topology.json")


def is_recording(folder: Path) -> bool:
    """Return whether a folder holds metrics, and so is a recording."""
    return any((folder / name).is_file() for name in METRICS)


def metrics_in(folder: Path) -> Path:
    """Return the metrics file of a recording.

    Raises:
        InputError: there is none, or there are two.
    """
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}; expected a recording")
    found = [folder / name for name in METRICS if (folder / name).is_file()]
    if not found:
        raise InputError(f"{folder} is no recording; expected {' or '.join(METRICS)} in it")
    if len(found) > 1:
        raise InputError(f"{folder} has both {' and '.join(METRICS)}; expected one of them")
    return found[0]


def settings_in(folder: Path, environ: Mapping[str, str]) -> Settings:
    """Return the `aiops.yaml` of a recording, or defaults.

    Raises:
        ConfigurationError: it is wrong.
    """
    path = folder / "aiops.yaml"
    return load(path, environ) if path.is_file() else Settings()


def graph_in(folder: Path, settings: Settings) -> tuple[ServiceGraph, tuple[str, ...]]:
    """Return the topology of a recording, and what of it could not be understood.

    Raises:
        InputError: it cannot be read.
    """
    found = [folder / name for name in TOPOLOGIES if (folder / name).is_file()]
    try:
        texts = topology_texts(found[0]) if found else settings.topology_texts()
    except ConfigurationError as error:
        raise InputError(f"the topology of {folder} cannot be read: {error}") from error
    parsed = parse_topologies(texts)
    if parsed.unreadable:
        told = "\n".join(map(str, parsed.unreadable))
        raise InputError(f"the topology of {folder} cannot be read: {told}")
    problems = tuple(
        str(problem) for problem in parsed.problems if problem.level is ProblemLevel.ERROR
    )
    return settings.with_services(parsed.graph), problems
