"""What is in the way of a working installation, and what to do about each fault."""

import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import redis

from aiops import settings as configuration
from aiops.domain.errors import AiopsError
from aiops.ports import Source
from aiops.settings import Settings, lint
from aiops.store.migrate import Database, Standing, check
from workers import knowledge
from workers.plugins import sources
from workers.stages.poll import floor_tick

PROBE_SECONDS = 5.0


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at, and what to do about it."""

    what: str
    level: Level
    text: str

    @property
    def is_fault(self) -> bool:
        """Whether it is in the way."""
        return self.level is Level.FAULT

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.level.value:7}  {self.what}: {self.text}"


def examine(config: Path | None) -> list[Finding]:
    """Return every finding, in the order in which to mend them."""
    try:
        settings = configuration.load(config, os.environ)
        settings.require_deliverable()
    except AiopsError as error:
        return [
            Finding(what="configuration", level=Level.FAULT, text=line)
            for line in str(error).splitlines()
        ]
    name = settings.config_path or "no aiops.yaml, only defaults"
    return [
        Finding(what="configuration", level=Level.OK, text=str(name)),
        *_knowledge(settings),
        _guarded("broker", lambda: _broker(settings)),
        *_databases(settings),
        *_sources(settings),
        *_sinks(settings),
    ]


def _guarded(what: str, look: Callable[[], str]) -> Finding:
    """Run one look; what the product or a library says of a fault becomes the finding."""
    try:
        return Finding(what=what, level=Level.OK, text=look())
    except (AiopsError, redis.RedisError, httpx.HTTPError, OSError) as error:
        return Finding(what=what, level=Level.FAULT, text=str(error))


def _knowledge(settings: Settings) -> Iterator[Finding]:
    try:
        known = knowledge.standing(settings)
    except AiopsError as error:
        yield Finding(what="topology and runbooks", level=Level.FAULT, text=str(error))
        return
    text = f"{len(known.graph)} services, {len(known.journeys)} journeys"
    yield Finding(what="topology", level=Level.OK, text=text)
    yield Finding(what="runbooks", level=Level.OK, text=f"{len(known.runbooks)} read")
    for line in lint(settings, known.graph):
        yield Finding(what="configuration", level=Level.WARNING, text=line)


def _broker(settings: Settings) -> str:
    if settings.redis_url is None:
        return "embedded; `aiops up` starts it"
    client = redis.Redis.from_url(
        settings.redis_url, socket_timeout=PROBE_SECONDS, socket_connect_timeout=PROBE_SECONDS
    )
    info: Any = client.info("server")
    return f"Redis {info['redis_version']} answers"


def _databases(settings: Settings) -> Iterator[Finding]:
    for which, url in (
        (Database.AIOPS, settings.database_url),
        (Database.HISTORY, settings.history_url),
    ):
        yield _guarded(f"database {which.value}", partial(_database, url, which))


def _database(url: str, which: Database) -> str:
    standing = check(url, which)
    if standing is not Standing.UP_TO_DATE:
        raise AiopsError(standing.value)
    return standing.value


def _sources(settings: Settings) -> Iterator[Finding]:
    if not settings.sources:
        text = "none is declared: nothing will be watched; declare `sources:`"
        yield Finding(what="sources", level=Level.FAULT, text=text)
    for name, source in sources(settings).items():
        at = floor_tick(datetime.now(tz=UTC) - timedelta(seconds=5), source.step_seconds)
        yield _guarded(f"source {name}", partial(_source, source, at))


def _source(source: Source, at: datetime) -> str:
    found = source.pull(at, at, source.step_seconds)
    if not found:
        raise AiopsError("it answers, but no signal has a single series: check `signals:`")
    return f"{len(found)} series at {at:%H:%M} UTC"


def _sinks(settings: Settings) -> Iterator[Finding]:
    """Say whether the addresses answer at all; nothing is sent that anybody would see."""
    for sink in settings.sinks:
        yield _guarded(f"sink {sink.name}", partial(_sink, sink.url))
    if not settings.sinks:
        text = "none is declared: nobody will be told; declare `sinks:`"
        yield Finding(what="sinks", level=Level.WARNING, text=text)


def _sink(url: str) -> str:
    answer = httpx.get(url, timeout=PROBE_SECONDS, follow_redirects=False)
    return f"{httpx.URL(url).host} answers (HTTP {answer.status_code})"
