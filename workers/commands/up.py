"""`aiops up`: the whole product on one machine."""

import os
import threading
from dataclasses import replace
from pathlib import Path

import typer

from aiops.domain.environment import Knowledge
from aiops.domain.errors import ConfigurationError
from aiops.domain.policies import Mode
from aiops.settings import OTLP_TRACES, MetricSourceSettings, Settings
from workers import knowledge, probes
from workers.back_fill import await_fits, fetch_past
from workers.commands.start import load
from workers.directory_lock import DirectoryLock
from workers.interrupts import Interrupted, interruptible
from workers.local import running
from workers.watch import Watch
from workers.wiring import Parts

LOOK_SECONDS = 1.0

MODES = {
    Mode.OBSERVE: "observe: incidents are found and shown, nobody is paged",
    Mode.BESIDE: "beside: next to the pager that is there, which keeps paging",
    Mode.IN_PATH: "in path: we page",
}


def run_up(config: Path | None) -> None:
    """Start every process, fetch the past, then watch until interrupted.

    Raises:
        AiopsError: it cannot start; nothing was left behind.
    """
    settings = _require_startable(load(config))
    typer.echo(_banner(settings, knowledge.standing(settings)))
    try:
        with interruptible():
            _run(settings)
    except Interrupted:
        typer.echo("stopped")


def _run(settings: Settings) -> None:
    with DirectoryLock(settings.data_dir):
        probes.port(settings.web)
    with running(settings, os.environ, typer.echo) as stack:
        parts = Parts(replace(settings, redis_url=stack.redis_url), "client")
        fetch_past(parts, typer.echo)
        await_fits(parts, typer.echo)
        stack.start_beat()
        typer.echo("watching; Ctrl-C ends")
        _watch(Watch(parts, typer.echo))


def _watch(watch: Watch) -> None:
    pause = threading.Event()
    while not pause.wait(LOOK_SECONDS):
        watch.look()


def _require_startable(settings: Settings) -> Settings:
    """Refuse what would run without being of any use."""
    if settings.config_path is None:
        raise ConfigurationError(
            "there is no aiops.yaml here; run `aiops init`, or name one with --config"
        )
    if not settings.is_fed:
        raise ConfigurationError(
            f"{settings.config_path}: no source is declared, so there is nothing to watch; "
            "declare `sources:`"
        )
    settings.require_deliverable()
    return settings


def _asked_for(source: MetricSourceSettings) -> str:
    if source.kind == OTLP_TRACES:
        return "counts the spans that come at /v1/traces"
    return f"{source.address}, signals: {len(source.signals)}"


def _banner(settings: Settings, known: Knowledge) -> str:
    """Say what is going to run."""
    paging = settings.policies.paging
    sinks = ", ".join(one.name for one in settings.sinks) or "none: incidents show in the console"
    asked = [
        f"{one.name} ({_asked_for(one)}, every {one.step_seconds} s)" for one in settings.sources
    ]
    sending = [f"{one.name} (sends alerts as {one.kind})" for one in settings.alert_sources]
    pushing = [f"{one.name} (sends samples as {one.kind})" for one in settings.pushed_sources]
    watched = ", ".join([*asked, *pushing, *sending])
    return "\n".join(
        f"{name:9} {text}"
        for name, text in (
            ("settings", settings.config_path),
            ("mode", MODES[paging.mode]),
            ("sources", watched),
            ("sinks", sinks),
            (
                "known",
                f"{len(known.graph)} services, {len(known.journeys)} journeys, "
                f"{len(known.runbooks)} runbooks",
            ),
            ("console", settings.web.base_url),
            ("logs", settings.data_dir / "log"),
        )
    )
