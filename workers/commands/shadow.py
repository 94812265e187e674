"""`aiops shadow`: what we would have called people for, beside what they were called for."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

import orjson
import typer

from workers.commands.incident import Json
from workers.commands.run import Config
from workers.commands.start import client

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aiops.domain.pages import OutsidePage
    from aiops.report.shadow import Problem, Shadow
    from workers.wiring import Parts

app = typer.Typer(no_args_is_help=True)

T = TypeVar("T")

_LISTED = 10


@app.callback()
def about() -> None:
    """Compare with what was really paged.

    Example: aiops shadow report --days 7
    """


@app.command()
def report(
    config: Config = None,
    *,
    days: Annotated[int, typer.Option(min=1, max=366, help="So many days back from now.")] = 7,
    zone: Annotated[str, typer.Option(help="Whose midnight parts the days.")] = "UTC",
    as_json: Json = False,
) -> None:
    """Say which of the pager's calls we found too, which we missed, and which nobody made.

    The pager's calls are known from its webhook: subscribe /pagerduty/webhook to the incident
    events of the services whose alerts you compare with, and let `mode: observe` run beside them.

    Example: aiops shadow report --days 7 --zone Europe/Berlin
    """
    try:
        midnight = ZoneInfo(zone)
    except (KeyError, OSError, ValueError) as error:
        raise typer.BadParameter(
            f"found {zone!r}, expected the name of a time zone, as Europe/Berlin"
        ) from error
    made = _compared(client(config), days, midnight)
    if as_json:
        typer.echo(orjson.dumps(as_dict(made)).decode())
        return
    for line in told(made):
        typer.echo(line)


def told(made: "Shadow") -> list[str]:
    """Return the comparison as people read it, one line each."""
    paged, ours = sum(day.paged for day in made.days), sum(day.would_page for day in made.days)
    same, both = sum(len(one.pages) for one in made.both), len(made.both)
    was = "was" if same == 1 else "were"
    lines = [
        f"{made.since:%Y-%m-%d %H:%M} to {made.until:%Y-%m-%d %H:%M} UTC",
        f"others called {_times(paged)}; aiops would have called {_times(ours)}",
        f"found by both: {_many(same, 'page')} {was} {_many(both, 'problem')}{_lead_words(made)}",
        *_listed(made.both, _problem_line),
        f"a ticket here, a page there: {_many(len(made.quieter), 'problem')}",
        *_listed(made.quieter, _problem_line),
        f"missed here: {_many(len(made.missed), 'page')}",
        *_listed(made.missed, _page_line),
        f"only here: {_many(len(made.extra), 'problem')} nobody was called for",
        *_listed(made.extra, _problem_line),
        "day         paged  would page",
    ]
    return [*lines, *(f"{one.day}  {one.paged:5}  {one.would_page:10}" for one in made.days)]


def as_dict(made: "Shadow") -> dict[str, Any]:
    """Return the comparison as JSON values, times in ISO 8601, spans in seconds."""
    lead = made.median_lead
    return {
        "since": made.since,
        "until": made.until,
        "earlier": made.earlier,
        "median_lead_seconds": None if lead is None else lead.total_seconds(),
        "both": [_problem(one) for one in made.both],
        "quieter": [_problem(one) for one in made.quieter],
        "missed": list(made.missed),
        "extra": [_problem(one) for one in made.extra],
        "days": list(made.days),
    }


def _compared(parts: "Parts", days: int, zone: ZoneInfo) -> "Shadow":
    from aiops.report.shadow import compare  # noqa: PLC0415 - keeps --help fast

    until = parts.clock.now()
    since = until - timedelta(days=days)
    return compare(
        [one for env in _paging(parts) for one in parts.incidents.since(env, since)],
        parts.pages.between(since, until),
        parts.knowledge().graph.services,
        since=since,
        until=until,
        zone=zone,
    )


def _paging(parts: "Parts") -> list[str]:
    return sorted(parts.settings.policies.paging.paging_environments)


def _lead_words(made: "Shadow") -> str:
    if made.median_lead is None:
        return ""
    seconds = made.median_lead.total_seconds()
    how = "earlier" if seconds >= 0 else "later"
    return f"; aiops was first in {made.earlier}, in the middle {abs(seconds) / 60:.1f} min {how}"


def _many(count: int, name: str) -> str:
    return f"{count} {name}" + ("" if count == 1 else "s")


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _listed(found: "Sequence[T]", line: "Callable[[T], str]") -> list[str]:
    rest = len(found) - _LISTED
    lines = [f"  {line(one)}" for one in found[:_LISTED]]
    return [*lines, f"  … and {rest} more: --json lists all"] if rest > 0 else lines


def _problem_line(one: "Problem") -> str:
    at, pages = one.incident.started_at, len(one.pages)
    others = f", {_many(pages, 'page')}" if pages else ""
    return f"{at:%d %b %H:%M}  {one.incident.id} {one.incident.title}{others}"


def _page_line(one: "OutsidePage") -> str:
    return f"{one.opened_at:%d %b %H:%M}  {one.id} {one.title} ({one.service})"


def _problem(one: "Problem") -> dict[str, Any]:
    lead = one.lead
    return {
        "incident": one.incident.id,
        "title": one.incident.title,
        "started_at": one.incident.started_at,
        "called_at": one.incident.called_at,
        "lead_seconds": None if lead is None else lead.total_seconds(),
        "pages": list(one.pages),
    }
