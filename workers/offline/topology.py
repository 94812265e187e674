"""`aiops topology`: files in, what is wrong with them, a picture or a difference out."""

import os
from collections.abc import Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Final

import orjson
import typer

from aiops import settings as configuration
from aiops.domain.errors import AiopsError, InputError
from aiops.settings.topology_files import topology_texts
from topology.compare import compare
from topology.draft import Parsed
from topology.graph import ServiceGraph
from topology.parse import parse_topologies
from topology.problems import ProblemLevel
from topology.tree import shortened, tree
from topology.write import to_yaml

SAME, CHANGED, WRONG = 0, 1, 2
CLEAN, WARNINGS, ERRORS = 0, 1, 2
MOST_LINES: Final = 400
"""Of a tree; more scrolls away unread."""

_SHOWN: Final = 5


def run_check(files: Sequence[Path], config: Path | None, *, as_json: bool) -> int:
    """Print what is wrong; return the exit code."""
    try:
        parsed = _read(files, config)
    except AiopsError as error:
        return _refused(error)
    counts = {
        level: sum(one.level is level for one in parsed.problems)
        for level in (ProblemLevel.ERROR, ProblemLevel.WARNING)
    }
    if as_json:
        typer.echo(orjson.dumps(_summary(parsed, counts)).decode())
    else:
        for problem in parsed.problems:
            typer.echo(_plain(str(problem)))
        typer.echo(_plain(_said(parsed, counts)))
    if counts[ProblemLevel.ERROR]:
        return ERRORS
    return WARNINGS if counts[ProblemLevel.WARNING] else CLEAN


def run_show(
    files: Sequence[Path], config: Path | None, *, service: str | None, hops: int, out: Path | None
) -> int:
    """Print a tree or write a picture; return the exit code."""
    try:
        parsed = _read(files, config)
        for problem in parsed.problems:
            if problem.level is ProblemLevel.ERROR:
                typer.echo(_plain(f"aiops: {problem}"), err=True)
        graph = parsed.graph if service is None else _around(parsed.graph, service, hops)
        if out is not None:
            drawn = _drawn(graph, out.suffix.lower(), service, hops)
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text(drawn, encoding="utf-8")
            typer.echo(f"{_size(graph)}: {out}")
            return 0
    except (AiopsError, OSError) as error:
        return _refused(error)
    if service is None:
        lines = tree(graph)
    else:
        callers = tree(graph, [service], direction="callers")
        lines = chain(["called by"], callers, ["", "calls"], tree(graph, [service]))
    for line in shortened(iter(lines), MOST_LINES):
        typer.echo(_plain(line))
    typer.echo(_size(graph))
    return 0


def run_diff(old: Path, new: Path, *, as_json: bool) -> int:
    """Print what changed; return the exit code."""
    try:
        before, after = _read([old], None), _read([new], None)
    except AiopsError as error:
        return _refused(error)
    errors = [
        problem
        for problem in (*before.problems, *after.problems)
        if problem.level is ProblemLevel.ERROR
    ]
    for problem in errors:
        typer.echo(_plain(f"aiops: {problem}"), err=True)
    difference = compare(before.graph, after.graph)
    if as_json:
        typer.echo(orjson.dumps(asdict(difference) | {"same": not difference}).decode())
    else:
        for line in difference.lines():
            typer.echo(_plain(line))
        if not difference:
            typer.echo("the same")
    if before.unreadable or after.unreadable:
        return WRONG
    return CHANGED if difference else SAME


def _read(files: Sequence[Path], config: Path | None) -> Parsed:
    """Return the files read as one topology.

    Raises:
        AiopsError: a file is not there, or settings are wrong.
    """
    settings = configuration.load(config, os.environ) if config is not None or not files else None
    teams = [team.name for team in settings.teams] if settings is not None else []
    named = list(files)
    if settings is not None and not named:
        if settings.topology_path is None:
            raise InputError(
                f"{settings.config_path} names no topology; write `topology: topology.yaml` there, "
                "or name a file"
            )
        named = [settings.topology_path]
    return parse_topologies([text for one in named for text in topology_texts(one)], teams)


def _around(graph: ServiceGraph, service: str, hops: int) -> ServiceGraph:
    if service not in graph:
        from aiops.settings.problems import did_you_mean  # noqa: PLC0415

        hint = did_you_mean(service, graph.services)
        raise InputError(f"--service: the topology has no {service!r}; {hint}")
    return graph.part(graph.neighbourhood([service], hops))


def _drawn(graph: ServiceGraph, ending: str, service: str | None, hops: int) -> str:
    """Return a topology in the form that a file's ending asks for."""
    if ending in (".yaml", ".yml"):
        return to_yaml(graph)
    from aiops.drawing.topology import page, picture  # noqa: PLC0415 - a tree needs no templates

    around = f"{service} and what is within {_count(hops, 'call')} of it"
    title = "Who calls whom" if service is None else around
    if ending == ".html":
        return page(graph, title, service)
    if ending == ".svg":
        return picture(graph, title, service)
    raise InputError(f"--out: found a file that ends in {ending!r}, expected .svg, .html or .yaml")


def _refused(error: Exception) -> int:
    typer.echo(f"aiops: {error}", err=True)
    return WRONG


def _summary(parsed: Parsed, counts: dict[ProblemLevel, int]) -> dict[str, object]:
    return {
        "services": len(parsed.graph),
        "calls": len(parsed.graph.edges),
        "errors": counts[ProblemLevel.ERROR],
        "warnings": counts[ProblemLevel.WARNING],
        "without_owner": _without_owner(parsed.graph),
        "problems": [asdict(problem) for problem in parsed.problems],
    }


def _said(parsed: Parsed, counts: dict[ProblemLevel, int]) -> str:
    words = [_size(parsed.graph)]
    words += [_count(counts[level], level.value) for level in counts]
    alone = _without_owner(parsed.graph)
    if alone:
        shown = ", ".join(alone[:_SHOWN]) + (" …" if len(alone) > _SHOWN else "")
        words.append(f"{len(alone)} without owner ({shown})")
    return "; ".join(words)


def _without_owner(graph: ServiceGraph) -> list[str]:
    return [name for name, service in graph.services.items() if not service.owner]


def _size(graph: ServiceGraph) -> str:
    return f"{_count(len(graph), 'service')}, {_count(len(graph.edges), 'call')}"


def _plain(line: str) -> str:
    """Return a line without what would steer the terminal instead of being read."""
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in line)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
