"""What is in the way of a working installation, and what to do about each fault."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from aiops import settings as configuration
from aiops.domain.errors import AiopsError, ConfigurationError
from aiops.domain.journeys import Runbook
from aiops.settings import Settings, lint
from aiops.store.migrate import Database
from topology.graph import ServiceGraph
from topology.problems import ProblemLevel
from workers import knowledge, probes
from workers.certificates import require_certificate
from workers.findings import Finding, Level, fault, ok, probed, warning
from workers.plugins import notifiers
from workers.source_findings import examine_sources
from workers.trial import send_trials


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
        return [fault("configuration", line) for line in str(error).splitlines()]
    if settings.config_path is None:
        return [fault("configuration", "there is no aiops.yaml here; run `aiops init`")]
    return [
        *_configuration(settings),
        *_knowledge(settings),
        *_surroundings(settings),
        *examine_sources(settings),
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


def _configuration(settings: Settings) -> Iterator[Finding]:
    mode = settings.policies.paging.mode.value
    yield ok("configuration", f"{settings.config_path}, mode {mode}")
    try:
        settings.require_deliverable()
    except ConfigurationError as error:
        yield from (fault("configuration", line) for line in str(error).splitlines())


def _knowledge(settings: Settings) -> Iterator[Finding]:
    try:
        parsed = knowledge.read_topology(settings)
    except ConfigurationError as error:
        yield from (fault("topology", line) for line in str(error).splitlines())
    else:
        graph = settings.with_services(parsed.graph)
        yield ok("topology", f"{len(graph)} services, {len(settings.journeys)} journeys")
        for problem in parsed.problems:
            is_error = problem.level is ProblemLevel.ERROR
            yield (fault if is_error else warning)("topology", str(problem))
        yield from (warning("configuration", line) for line in _lint(settings, graph))
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
            yield fault("runbooks", str(error))
    for name, count in Counter(runbook.id for runbook in read).items():
        if count > 1:
            yield fault("runbooks", f"{count} runbooks are called {name}; give each its own `id`")
    yield ok("runbooks", f"{len(read)} read")


def _surroundings(settings: Settings) -> Iterator[Finding]:
    holder = probes.running_process(settings)
    if holder is not None:
        yield ok("data directory", f"{settings.data_dir} is in use: process {holder} runs aiops")
    else:
        yield probed("data directory", partial(probes.data_directory, settings))
        yield probed("web", partial(probes.port, settings.web))
    if settings.web.certificate is not None:
        yield probed("web", partial(require_certificate, settings.web))
    yield probed("broker", partial(probes.broker, settings))
    for which, url in (
        (Database.AIOPS, settings.database_url),
        (Database.HISTORY, settings.history_url),
    ):
        yield probed(f"database {which.value}", partial(probes.database, settings, url, which))


def _sinks(settings: Settings) -> Iterator[Finding]:
    for sink in settings.sinks:
        yield probed(f"sink {sink.name}", partial(probes.sink, sink))
        if lacking := probes.missing_scopes(sink):
            text = (
                f"the app lacks {', '.join(lacking)}; paste `aiops slack manifest` and install it"
            )
            yield warning(f"sink {sink.name}", text)
        if sink.write_as and sink.write_token:
            yield probed(f"notes of {sink.name}", partial(probes.notes, sink))
    yield ok("heartbeat", probes.heartbeat(settings))
    yield from _deliveries(settings)
    if not settings.sinks:
        text = "none is declared: incidents show in the console only; declare `sinks:`"
        yield warning("sinks", text)


def _deliveries(settings: Settings) -> Iterator[Finding]:
    """Yield what sinks did not take, where anything was told yet."""
    try:
        failing, dead = probes.deliveries(settings)
    except AiopsError:
        return  # said of the database already
    for name, failures in failing.items():
        text = f"took nothing, {failures} times in a row; `aiops deliveries list` says why"
        yield fault(f"sink {name}", text)
    if dead:
        text = f"{dead} were given up; see `aiops deliveries list --state dead`, then replay them"
        yield warning("deliveries", text)


def _trials(settings: Settings, at: datetime) -> Iterator[Finding]:
    for name, wrong in send_trials(notifiers(settings), settings.default_env, at):
        text = "took a marked test and its end; look whether you saw it"
        yield fault(f"sink {name}", wrong) if wrong else ok(f"sink {name}", text)
