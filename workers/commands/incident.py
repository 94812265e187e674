"""`aiops incident`: look at incidents, and say which belong together."""

import getpass
from collections.abc import Sequence
from typing import Annotated, Any

import orjson
import typer

from aiops.domain.incidents import Incident
from aiops.domain.reach import Hit
from aiops.incident.clues import count_words, log_words, trace_words
from workers.commands.judge import By
from workers.commands.run import Config
from workers.commands.start import client

app = typer.Typer(no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="INCIDENT", help="Its id, as in INC-1001.")]
Reason = Annotated[str, typer.Option("--why", help="In your words; others will read it.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON only.")]


@app.callback()
def about() -> None:
    """See incidents, and say what you know of them.

    Example: aiops incident list
    """


@app.command("list")
def listed(
    config: Config = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 100,
    as_json: Json = False,
) -> None:
    """List incidents that are not over, the worst first; with --all the last to begin first.

    Of one severity the one that took most of an error budget comes first.

    Example: aiops incident list --json
    """
    from aiops.incident.levels import priority  # noqa: PLC0415 - keeps --help fast

    recent = client(config).incidents.recent(1000)
    found = [one for one in recent if everything or (one.resolved_at is None and not _gone(one))]
    if not everything:
        found.sort(key=priority)
    if as_json:
        told = [exported(one) for one in found[:limit]]
        typer.echo(orjson.dumps({"incidents": told, "cost": _counted(found)}).decode())
        return
    for one in found[:limit]:
        typer.echo(_line(one))
    if found:
        typer.echo(_costs(found))
    else:
        typer.echo("no incident is open; --all shows those that are over")


@app.command()
def show(incident: Name, config: Config = None, *, as_json: Json = False) -> None:
    """Tell all of one incident: narrative, causes, reach, symptoms, timeline.

    Example: aiops incident show INC-1001
    """
    from workers.regrouping import find  # noqa: PLC0415 - keeps --help fast

    found = find(client(config), incident)
    if as_json:
        typer.echo(orjson.dumps(exported(found)).decode())
        return
    typer.echo(_line(found))
    typer.echo(found.story)
    for part in (_measures, _causes, _clues, _reach, _symptoms, _timeline):
        for text in part(found):
            typer.echo(text)


@app.command()
def merge(
    incidents: Annotated[list[str], typer.Argument(help="Two ids or more, as in INC-1001.")],
    config: Config = None,
    *,
    why: Reason,
    by: By = "",
    as_json: Json = False,
) -> None:
    """Make incidents one. The one that was paged, else the older, keeps its id and its pages.

    The others become links to it; PagerDuty and Slack are told. Said twice it changes nothing.

    Example: aiops incident merge INC-1001 INC-1002 --why "one connection pool"
    """
    from workers.regrouping import merge as merged  # noqa: PLC0415

    who = by or getpass.getuser()
    kept, gone = merged(client(config), [one.upper() for one in incidents], by=who, why=why)
    if as_json:
        typer.echo(orjson.dumps({"kept": exported(kept), "merged": list(gone)}).decode())
    elif gone:
        typer.echo(f"{', '.join(gone)} merged into {kept.id}: {kept.title}")
    else:
        typer.echo(f"nothing to do: they are {kept.id} already")


@app.command()
def split(
    incident: Name,
    parts: Annotated[
        list[str], typer.Argument(help="Services whose symptoms leave it, or ids of symptoms.")
    ],
    config: Config = None,
    *,
    why: Reason,
    by: By = "",
    as_json: Json = False,
) -> None:
    """Make part of an incident one of its own; only `merge` joins the two again.

    Example: aiops incident split INC-1001 search --why "another fault in the same minute"
    """
    from workers.regrouping import split as parted  # noqa: PLC0415

    who = by or getpass.getuser()
    rest, fresh = parted(client(config), incident.upper(), parts, by=who, why=why)
    if as_json:
        typer.echo(orjson.dumps({"rest": exported(rest), "new": exported(fresh)}).decode())
        return
    typer.echo(f"{rest.id}: {rest.title}")
    typer.echo(f"{fresh.id}, split from it: {fresh.title}")


def _costs(incidents: Sequence[Incident]) -> str:
    told = ", ".join(f"{count} {basis}" for basis, count in _counted(incidents).items())
    return f"cost: {told}"


def _counted(incidents: Sequence[Incident]) -> dict[str, int]:
    """Return of how many incidents the cost is measured, estimated, none or unknown."""
    from aiops.impact.cost import count_costs  # noqa: PLC0415 - keeps --help fast

    return {basis.value: count for basis, count in count_costs(incidents).items()}


def _gone(incident: Incident) -> bool:
    return incident.merged_into is not None


def exported(incident: Incident) -> dict[str, Any]:
    """Return an incident as JSON values: as exported, and how it stands."""
    from aiops.incident.export import export  # noqa: PLC0415 - keeps --help fast

    now = {
        "incident": incident.id,
        "episode": incident.episode,
        "revision": incident.revision,
        "state": incident.state.value,
        "merged_into": incident.merged_into,
        "acknowledged_at": incident.acknowledged_at,
        "acknowledged_by": incident.acknowledged_by,
        "assignee": incident.assignee,
        "mitigated_at": incident.mitigated_at,
        "mitigated_by": incident.mitigated_by,
        "fixed_by": incident.fixed_by,
        "dismissed_by": incident.dismissed_by,
        "apart_from": list(incident.apart_from),
        "symptom_ids": [one.id for one in incident.symptoms],
        "timeline": [
            {"at": one.at, "kind": one.kind.value, "text": one.text, "source": one.source}
            for one in incident.timeline
        ],
    }
    return export(incident) | now


def _line(incident: Incident) -> str:
    link = f" -> {incident.merged_into}" if incident.merged_into else ""
    return (
        f"{incident.id}  {incident.severity}  {incident.state}{link}"
        f"  {incident.started_at:%d %b %H:%M} UTC  {incident.title}"
    )


def _causes(incident: Incident) -> list[str]:
    return [
        f"  cause   {one.service} ({one.confidence:.0%} sure)"
        + "".join(f"\n            {clause.text}" for clause in one.evidence)
        for one in incident.causes
    ]


def _measures(incident: Incident) -> list[str]:
    """Tell who noticed it first, how often it was there, and what it costs."""
    from aiops.incident.detection import detection_words  # noqa: PLC0415 - keeps --help fast
    from aiops.incident.levels import told_budgets, told_measures  # noqa: PLC0415
    from aiops.incident.repeats import repeat_words  # noqa: PLC0415
    from aiops.incident.wording import affected_words  # noqa: PLC0415

    again = repeat_words(incident)
    of = f", repeats {incident.repeat_of}" if incident.repeat_of else ""
    return [
        f"  noticed {detection_words(incident)}",
        *([f"  again   {again}{of}"] if again else []),
        f"  cost    {incident.cost.basis}: {incident.cost.reason}",
        *(f"  failed  {affected_words(one)}" for one in incident.affected if one.requests > 0),
        *(f"  budget  {one}" for one in told_budgets(incident.levels)),
        *(f"  journey {one}" for one in told_measures(incident.levels.measures)),
    ]


def _reach(incident: Incident) -> list[str]:
    from aiops.incident.reach import reach  # noqa: PLC0415 - keeps --help fast

    return [
        f"  {one.kind:7} {one.hit.name}  {_lasting(one.hit)}: {one.how_bad}"
        for one in reach(incident)
    ]


def _lasting(hit: Hit) -> str:
    since = f"since {hit.since:%H:%M} UTC"
    return since if hit.until is None else f"{since}, until {hit.until:%H:%M}"


def _symptoms(incident: Incident) -> list[str]:
    return [
        f"  symptom {one.id}  {one.service} {one.series.key.metric}"
        f"  {one.state} since {one.onset:%H:%M} UTC"
        for one in incident.symptoms
    ]


def _clues(incident: Incident) -> list[str]:
    lines = []
    for log in incident.clues.logs:
        lines.append(f"  log     {log_words(log)}\n            {count_words(log)}")
        lines += [f"            {one}" for one in (log.example, log.url) if one]
    for trace in incident.clues.traces:
        lines.append(f"  trace   {trace.trace_id}  {trace_words(trace)}")
        lines += [f"            {trace.url}"] if trace.url else []
    return lines


def _timeline(incident: Incident) -> list[str]:
    return [
        f"  {one.at:%H:%M}   {one.kind:8} {one.text}  ({one.source})" for one in incident.timeline
    ]
