"""What is in the way of the sources of an installation."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta

import numpy as np

from aiops.detect.counters import is_counter
from aiops.domain.errors import AiopsError, ConfigurationError
from aiops.domain.pulled import Sample
from aiops.ports import Source
from aiops.settings import OTLP_TRACES, Settings
from topology.graph import ServiceGraph
from workers import knowledge
from workers.clock import clocks_apart
from workers.findings import Finding, fault, ok, warning
from workers.plugins import sources
from workers.stages.poll import floor_tick

_SHOWN = 5
_COUNTED_TICKS = 40


def examine_sources(settings: Settings) -> Iterator[Finding]:
    """Yield what there is of sources, and what those that are asked answer."""
    for what, senders in (
        ("samples", settings.pushed_sources),
        ("alerts", settings.alert_sources),
        ("changes", settings.change_sources),
        ("logs", settings.log_sources),
        ("spans", [one for one in settings.sources if one.kind == OTLP_TRACES]),
        ("planned work", settings.maintenance_sources),
        ("case events", settings.case_sources),
    ):
        for one in senders:
            text = f"sends {what}; `aiops help source {one.kind}`"
            yield ok(f"source {one.name}", text)
    if not settings.is_fed:
        yield fault("sources", "none is declared: nothing will be watched; declare `sources:`")
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
        yield from (fault(what, line) for line in str(error).splitlines())
        return
    yield from (warning(what, reason) for reason in complaints.values())
    if apart:
        yield warning(what, apart)
    measured = [one for one in found if np.isfinite(one.values).any()]
    if not measured:
        text = (
            "it answers, but no signal has a value; try the queries of `signals:` in its own page"
        )
        yield fault(what, text)
        return
    yield ok(what, f"{len(measured)} series with values at {at:%H:%M:%S} UTC")
    if not any(np.isfinite(one.values).any() for one in day_before):
        text = "no series has a value a day ago; until then they are young and never page alone"
        yield warning(what, text)
    yield from (warning(what, line) for line in _counters(source, at))
    yield from (warning(what, line) for line in _strangers(measured, settings, graph))


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
