"""What is in the way of a working installation, and what to do about each fault."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from aiops import settings as configuration
from aiops.detect.counters import is_counter
from aiops.domain.errors import AiopsError, ConfigurationError
from aiops.domain.journeys import Runbook
from aiops.domain.pulled import Sample
from aiops.ports import Source
from aiops.settings import Settings, lint
from aiops.store.migrate import Database
from topology.graph import ServiceGraph
from topology.problems import ProblemLevel
from workers import knowledge, probes
from workers.clock import clocks_apart
from workers.plugins import notifiers, sources
from workers.stages.poll import floor_tick
from workers.trial import send_trials

_SHOWN = 5
_COUNTED_TICKS = 40


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


def examine(
    config: Path | None, environ: Mapping[str, str], *, send_at: datetime | None = None
) -> list[Finding]:
    """Return every finding, in the order in which to mend them; changes nothing.

    Args:
        config: path of aiops.yaml, None to look for it.
        environ: the environment, as in `os.environ`.
        send_at: the present moment, where each sink is to be sent a marked test.
    """
    try:
        settings = configuration.load(config, environ)
    except ConfigurationError as error:
        return [_fault("configuration", line) for line in str(error).splitlines()]
    if settings.config_path is None:
        return [_fault("configuration", "there is no aiops.yaml here; run `aiops init`")]
    return [
        *_configuration(settings),
        *_knowledge(settings),
        *_surroundings(settings),
        *_sources(settings),
        *_sinks(settings),
        *(_trials(settings, send_at) if send_at else ()),
    ]


def summary(findings: Sequence[Finding]) -> str:
    """Return how it looks, in one line.

    Examples:
        >>> summary([Finding(what="broker", level=Level.OK, text="answers")])
        'nothing is in the way'
    """
    counts = Counter(finding.level for finding in findings)
    told = [
        f"{counts[level]} {level.value}{'' if counts[level] == 1 else 's'}"
        for level in (Level.FAULT, Level.WARNING)
        if counts[level]
    ]
    return ", ".join(told) or "nothing is in the way"


def _ok(what: str, text: str) -> Finding:
    return Finding(what=what, level=Level.OK, text=text)


def _warning(what: str, text: str) -> Finding:
    return Finding(what=what, level=Level.WARNING, text=text)


def _fault(what: str, text: str) -> Finding:
    return Finding(what=what, level=Level.FAULT, text=text)


def _probed(what: str, probe: Callable[[], str]) -> Finding:
    try:
        return _ok(what, probe())
    except AiopsError as error:
        return _fault(what, str(error))


def _configuration(settings: Settings) -> Iterator[Finding]:
    mode = settings.policies.paging.mode.value
    yield _ok("configuration", f"{settings.config_path}, mode {mode}")
    try:
        settings.require_deliverable()
    except ConfigurationError as error:
        yield from (_fault("configuration", line) for line in str(error).splitlines())


def _knowledge(settings: Settings) -> Iterator[Finding]:
    try:
        parsed = knowledge.read_topology(settings)
    except ConfigurationError as error:
        yield from (_fault("topology", line) for line in str(error).splitlines())
    else:
        graph = settings.with_services(parsed.graph)
        yield _ok("topology", f"{len(graph)} services, {len(settings.journeys)} journeys")
        for problem in parsed.problems:
            is_error = problem.level is ProblemLevel.ERROR
            yield (_fault if is_error else _warning)("topology", str(problem))
        yield from (_warning("configuration", line) for line in _lint(settings, graph))
    yield from _runbooks(settings)


def _lint(settings: Settings, graph: ServiceGraph) -> Iterator[str]:
    """Yield what lint says, without the secrets and sources that are faults of their own here."""
    for line in lint(settings, graph):
        if "cannot send: set" not in line and not line.startswith("no source is declared"):
            yield line


def _runbooks(settings: Settings) -> Iterator[Finding]:
    read: list[Runbook] = []
    for file in knowledge.runbook_files(settings):
        try:
            read.append(knowledge.read_runbook(file))
        except AiopsError as error:
            yield _fault("runbooks", str(error))
    for name, count in Counter(runbook.id for runbook in read).items():
        if count > 1:
            yield _fault("runbooks", f"{count} runbooks are called {name}; give each its own `id`")
    yield _ok("runbooks", f"{len(read)} read")


def _surroundings(settings: Settings) -> Iterator[Finding]:
    holder = probes.running_process(settings)
    if holder is not None:
        yield _ok("data directory", f"{settings.data_dir} is in use: process {holder} runs aiops")
    else:
        yield _probed("data directory", partial(probes.data_directory, settings))
        yield _probed("web", partial(probes.port, settings.web))
    yield _probed("broker", partial(probes.broker, settings))
    for which, url in (
        (Database.AIOPS, settings.database_url),
        (Database.HISTORY, settings.history_url),
    ):
        yield _probed(f"database {which.value}", partial(probes.database, settings, url, which))


def _sources(settings: Settings) -> Iterator[Finding]:
    for one in settings.pushed_sources:
        yield _ok(f"source {one.name}", f"sends samples; `aiops help source {one.kind}`")
    for sender in settings.alert_sources:
        yield _ok(f"source {sender.name}", f"sends alerts; `aiops help source {sender.kind}`")
    if not settings.is_fed:
        yield _fault("sources", "none is declared: nothing will be watched; declare `sources:`")
        return
    try:
        graph = knowledge.topology(settings)
    except ConfigurationError:
        graph = ServiceGraph.from_edges((), ())
    for name, source in sources(settings).items():
        with closing(source):
            yield from _source(f"source {name}", source, settings, graph)


def _source(
    what: str, source: Source, settings: Settings, graph: ServiceGraph
) -> Iterator[Finding]:
    now = datetime.now(tz=UTC)
    at = floor_tick(now - timedelta(seconds=source.delay_seconds), source.step_seconds)
    try:
        apart = clocks_apart(now, source.now() or now)
        found = source.pull(at, at, source.step_seconds)
        complaints = dict(source.complaints)
        day_before = source.pull(at - timedelta(days=1), at - timedelta(days=1), 1)
    except AiopsError as error:
        yield from (_fault(what, line) for line in str(error).splitlines())
        return
    yield from (_warning(what, reason) for reason in complaints.values())
    if apart:
        yield _warning(what, apart)
    measured = [one for one in found if np.isfinite(one.values).any()]
    if not measured:
        text = (
            "it answers, but no signal has a value; try the queries of `signals:` in its own page"
        )
        yield _fault(what, text)
        return
    yield _ok(what, f"{len(measured)} series with values at {at:%H:%M:%S} UTC")
    if not any(np.isfinite(one.values).any() for one in day_before):
        text = "no series has a value a day ago; until then they are young and never page alone"
        yield _warning(what, text)
    yield from (_warning(what, line) for line in _counters(source, at))
    yield from (_warning(what, line) for line in _strangers(measured, settings, graph))


def _counters(source: Source, at: datetime) -> Iterator[str]:
    """Yield which series count up all the time: what they say is in their rate."""
    step = source.step_seconds
    try:
        lately = source.pull(at - timedelta(seconds=_COUNTED_TICKS * step), at, step)
    except AiopsError as error:
        yield from str(error).splitlines()
        return
    found = [one.series.key.fingerprint for one in lately if is_counter(one.values[:, None]).any()]
    if found:
        shown = ", ".join(found[:_SHOWN]) + (" …" if len(found) > _SHOWN else "")
        yield (
            f"these only rise, as counters do; once that is certain their rate is judged: {shown}; "
            "query their rate, as in `rate(…[5m])`"
        )


def _strangers(samples: Sequence[Sample], settings: Settings, graph: ServiceGraph) -> Iterator[str]:
    """Yield where series speak of environments or services that nobody declared."""
    keys = [sample.series.key for sample in samples]
    known = settings.policies.paging.known_environments
    for env in sorted({key.env for key in keys} - known):
        yield (
            f"series belong to the environment {env!r}, which is not declared: their incidents "
            "are recorded and never paged; add it to `environments:`"
        )
    services = sorted({key.service for key in keys if key.service not in graph})
    if services and settings.topology_path is not None:
        shown = ", ".join(services[:_SHOWN]) + (" …" if len(services) > _SHOWN else "")
        yield (
            f"the topology does not know {shown}, so nothing is joined or explained along their "
            f"calls; add them to {settings.topology_path.name}"
        )


def _sinks(settings: Settings) -> Iterator[Finding]:
    for sink in settings.sinks:
        yield _probed(f"sink {sink.name}", partial(probes.sink, sink))
        if lacking := probes.missing_scopes(sink):
            text = (
                f"the app lacks {', '.join(lacking)}; paste `aiops slack manifest` and install it"
            )
            yield _warning(f"sink {sink.name}", text)
        if sink.write_as and sink.write_token:
            yield _probed(f"notes of {sink.name}", partial(probes.notes, sink))
    yield _ok("heartbeat", probes.heartbeat(settings))
    yield from _deliveries(settings)
    if not settings.sinks:
        text = "none is declared: incidents show in the console only; declare `sinks:`"
        yield _warning("sinks", text)


def _deliveries(settings: Settings) -> Iterator[Finding]:
    """Yield what sinks did not take, where anything was told yet."""
    try:
        failing, dead = probes.deliveries(settings)
    except AiopsError:
        return  # said of the database already
    for name, failures in failing.items():
        text = f"took nothing, {failures} times in a row; `aiops deliveries list` says why"
        yield _fault(f"sink {name}", text)
    if dead:
        text = f"{dead} were given up; see `aiops deliveries list --state dead`, then replay them"
        yield _warning("deliveries", text)


def _trials(settings: Settings, at: datetime) -> Iterator[Finding]:
    for name, wrong in send_trials(notifiers(settings), settings.default_env, at):
        text = "took a marked test and its end; look whether you saw it"
        yield _fault(f"sink {name}", wrong) if wrong else _ok(f"sink {name}", text)
