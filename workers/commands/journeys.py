"""`aiops journeys`: how each journey and its parts stand over their window."""

from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from workers.commands.run import Config
from workers.commands.start import client

if TYPE_CHECKING:
    from aiops.slo.standing import JourneyStanding


def journeys(
    config: Config = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Tell how available each journey and its parts were.

    Over the window of its SLOs, each with what is promised in `journeys[].slos` and how much of the
    error budget is spent; an availability nobody declared is assumed to owe 99.9% over 28 days.

    Example: aiops journeys --json
    """
    from aiops.slo.standing import export  # noqa: PLC0415 - keeps --help fast
    from workers.console import journeys_now  # noqa: PLC0415

    told = journeys_now(client(config))
    if as_json:
        typer.echo(orjson.dumps({"journeys": [export(one) for one in told]}).decode())
        return
    for one in told:
        for line in _lines(one):
            typer.echo(line)
    if not told:
        typer.echo("no journey is declared; `journeys:` in aiops.yaml says what your users do")


def _lines(standing: "JourneyStanding") -> list[str]:
    from aiops.slo.wording import part_words, share_or_unknown, slo_words  # noqa: PLC0415

    return [
        standing.journey,
        *(
            f"  {one.slo.sli.value:12}  {slo_words(one)};"
            f" last hour {share_or_unknown(one.level.recent)}"
            for one in standing.slos
        ),
        *(
            f"  {'step' if one.part.is_step else 'uses':12}  {part_words(one)}"
            f"  {share_or_unknown(one.level.good_share)};"
            f" last hour {share_or_unknown(one.level.recent)}"
            for one in standing.parts
        ),
    ]
