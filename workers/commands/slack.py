"""`aiops slack`: what the Slack app is made from."""

from typing import Annotated

import orjson
import typer
import yaml

from workers.commands.run import Config
from workers.commands.start import load

app = typer.Typer(no_args_is_help=True)


@app.callback()
def about() -> None:
    """Set up the Slack app.

    Example: aiops slack manifest --url https://aiops.example.com
    """


@app.command()
def manifest(
    config: Config = None,
    *,
    url: Annotated[
        str, typer.Option(help="How Slack reaches our web server; else `web.base_url`.")
    ] = "",
    name: Annotated[str, typer.Option(help="Of the app.")] = "aiops",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON; else YAML.")] = False,
) -> None:
    """Print the app's manifest: paste it at api.slack.com/apps, Create New App, From a manifest.

    Then install the app, and put its bot token into AIOPS_SLACK_BOT_TOKEN and its signing secret
    into AIOPS_SLACK_SIGNING_SECRET.

    Example: aiops slack manifest --url https://aiops.example.com
    """
    from aiops.notify import slack_manifest  # noqa: PLC0415 - keeps --help fast

    made = slack_manifest.manifest(url or load(config).web.base_url, name)
    shown = orjson.dumps(made).decode() if as_json else yaml.safe_dump(made, sort_keys=False)
    typer.echo(shown.rstrip())
