"""`aiops series`: how every series is judged."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from workers.commands.run import Config

if TYPE_CHECKING:
    from aiops.detect.understood import Understood
    from workers.wiring import Parts

PRESENCE = timedelta(hours=8)
"""Whether a series is dense or sparse shows in this much of its last past."""


def series(
    pattern: Annotated[str, typer.Argument(help="Which ones, as in 'checkout:*'.")] = "*",
    config: Config = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON object a line.")] = False,
) -> None:
    """Say how each series is judged, and how well it is known.

    Step, counter or gauge, share of a whole, sparse or dense, season, what is expected. Young ones
    never page alone, useful ones know one day or more, good ones two weeks. Exit code 1 when there
    is no such series.

    Example: aiops series 'checkout:*'
    """
    parts, found = _parts(config), 0
    for one in (one for shard in parts.extents.shard_ids() for one in _of_shard(parts, shard)):
        if fnmatchcase(one.series.key.fingerprint, pattern) or fnmatchcase(_name(one), pattern):
            found += 1
            typer.echo(orjson.dumps(_as_dict(one)).decode() if as_json else told(one))
    if not found:
        typer.echo(f"no series matches {pattern!r}; they come with the first polls", err=True)
        raise typer.Exit(1)


def told(one: "Understood") -> str:
    """Return how a series is judged, in one line."""
    what = ["counter, judged by its rate per second" if one.is_counter else "gauge"]
    if one.upper is not None:
        what.append(f"a share, 0 to {one.upper:g}")
    if one.is_sparse:
        what.append(f"sparse, values at {one.reporting:.0%} of its ticks")
    season = "no season" if one.season == "none" else f"{one.season} season"
    known = f"{one.standing}: {season} from {one.days:.0f} days"
    if one.expected is None:
        known = "young: expects what the last hour was"
    else:
        known += f", about {one.expected:.4g} ± {one.usual_distance:.2g}"
        known += f" {one.series.unit}".rstrip()
    if one.clock_change:
        known += f", {one.clock_change}"
    step = f"every {one.step_seconds} s"
    return f"{one.series.key.fingerprint}  {step}; {'; '.join(what)}; {known}; {one.series.zone}"


def _name(one: "Understood") -> str:
    return f"{one.series.key.service}:{one.series.key.metric}"


def _as_dict(one: "Understood") -> dict[str, object]:
    values = asdict(one)
    del values["series"]
    series = one.series
    named = {"series": series.key.fingerprint, "family": series.family, "unit": series.unit}
    return {**named, "zone": series.zone, "standing": one.standing, **values}


def _parts(config: Path | None) -> "Parts":
    from workers.commands.start import load  # noqa: PLC0415 - keeps --help fast
    from workers.wiring import Parts  # noqa: PLC0415

    return Parts(load(config), "client")


def _of_shard(parts: "Parts", shard_id: str) -> Iterator["Understood"]:
    from aiops.detect.engine import ShardProfile  # noqa: PLC0415
    from aiops.detect.understood import understood  # noqa: PLC0415

    shard = parts.history.shard(shard_id)
    stored = parts.history.load_profile(shard_id)
    profile = ShardProfile.from_bytes(stored[1], shard) if stored else ShardProfile.empty(shard)
    now = parts.clock.now()
    lately = parts.history.history(shard_id, now - PRESENCE, now)
    return understood(shard, profile, lately.values)
