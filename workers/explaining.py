"""What the body of a source becomes, and which rule did what, in words. Nothing is stored."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from aiops.domain.alerts import AlertReport
from aiops.domain.change_reports import ChangeReport
from aiops.domain.changes import Change
from aiops.domain.errors import ConfigurationError, InputError
from aiops.domain.labels import normalized, rules_for
from aiops.domain.pushed import RawSeries
from aiops.domain.series import SeriesKey
from aiops.domain.words import Passed
from aiops.ingest.case_events import RefusedRow, rows
from aiops.ingest.catalog import Catalog
from aiops.ingest.change_reports import rule_for
from aiops.ingest.otlp import Parsed
from aiops.ingest.pushed_signals import Signals
from aiops.ingest.registry import ingester_named
from aiops.settings import (
    OTLP_TRACES,
    AlertSourceSettings,
    CaseSourceSettings,
    ChangeSourceSettings,
    LogSourceSettings,
    MaintenanceSourceSettings,
    PushedSourceSettings,
    Settings,
)
from topology.graph import ServiceGraph
from workers import alerts, change_reports, knowledge
from workers.maintenance import unknown_names
from workers.wiring import Parts

Lines = Iterator[str]
Headers = Mapping[str, str]

ALWAYS: Final = ("changes", "otlp_logs", "otlp_traces")
"""Doors that are there without a source in `aiops.yaml`."""

_LISTED: Final = 20
_JSON: Final = "application/json"
_PROTOBUF: Final = "application/x-protobuf"


def explain(parts: Parts, name: str, body: bytes, headers: Headers) -> Lines:
    """Yield what a body becomes, line by line.

    Args:
        parts: of this installation.
        name: of the source, as `aiops.yaml` has it; one of `ALWAYS` for the doors without.
        body: as it is sent, but not packed with gzip.
        headers: that say what it is, by name in lower case; its type is guessed where they do not.

    Raises:
        ConfigurationError: there is no such source.
        InputError: the body cannot be read.
    """
    if any(one.name == name and one.kind == OTLP_TRACES for one in parts.settings.sources):
        name = OTLP_TRACES
    if name in ALWAYS:
        return _changes(parts, body) if name == "changes" else _export(parts, name, body, headers)
    sources: dict[str, Any] = {one.name: one for one in parts.settings.senders}
    if name not in sources:
        known = ", ".join([*sorted(sources), *ALWAYS])
        raise ConfigurationError(f"no source {name!r} is sent bodies; those that are: {known}")
    source = sources[name]
    return _HOW[type(source)](parts, source, body, headers)


def _alerts(parts: Parts, source: AlertSourceSettings, body: bytes, _headers: Headers) -> Lines:
    found = alerts.parse(parts, source.name, body, parts.clock.now())
    graph = knowledge.topology(parts.settings)
    for number, (report, steps) in enumerate(zip(found.reports, found.steps, strict=True), 1):
        state = "fires" if report.fired_at else "is as it was"
        yield f"{number}. alert {report.key} {'is over' if report.ended_at else state}"
        yield from (f"     {step}" for step in steps)
        yield from (f"     but {doubt}" for doubt in doubts(report, parts.settings, graph))
    if found.truncated:
        yield f"its sender left out {found.truncated} further alerts"


def doubts(report: AlertReport, settings: Settings, graph: ServiceGraph) -> Lines:
    """Yield what an alert says that nobody has declared."""
    if report.series is None:
        return
    key, known = report.series.key, settings.policies.paging.known_environments
    if key.env not in known:
        yield (
            f"environment {key.env!r} is not declared: it is recorded and never paged; add it to "
            "`environments:`, or say in `values.env` what it is called here"
        )
    if report.is_mapped and key.service not in graph:
        yield (
            f"the topology does not know {key.service}: nothing is joined or explained along its "
            "calls; add it, or say in `values.service` what it is called here"
        )


def _reports(parts: Parts, source: ChangeSourceSettings, body: bytes, headers: Headers) -> Lines:
    now = parts.clock.now()
    reports = ingester_named(source.kind)(body, headers, now)
    if isinstance(reports, Passed):
        yield f"it is passed over: {reports.why}"
        return
    for number, report in enumerate(reports, 1):
        told = change_reports.led(parts, source, [report])
        yield f"{number}. {report.kind} {report.ref}: {report.words or 'it names nothing'}"
        yield f"     {_led(parts, report, is_mapped=not told.unmapped)}"
        yield from (f"     {_change(one)}" for one in told.changes)


def _led(parts: Parts, report: ChangeReport, *, is_mapped: bool) -> str:
    rules = parts.settings.change_map
    rule = rule_for(report, rules)
    if rule is not None:
        asked = ", ".join(f"{name}: {pattern}" for name, pattern in rule.where.items())
        return f"rule changes.map[{rules.index(rule)}] ({asked})"
    if report.needs_rule:
        return "no rule of `changes.map` names its workflow: it is no change"
    if is_mapped:
        return "no rule of `changes.map` holds; a service has this name"
    return "no rule of `changes.map` holds, no service has this name: it weighs little as a cause"


def _changes(parts: Parts, body: bytes) -> Lines:
    read = ingester_named("changes")
    for number, one in enumerate(read(body, parts.clock.now(), parts.settings.default_env), 1):
        yield f"{number}. {_change(one)}"


def _change(one: Change) -> str:
    reach = " ".join(filter(None, (one.region, one.segment)))
    share = f"{one.percentage:g} % of traffic" if one.percentage is not None else ""
    end = f"to {one.ended_at:%d %b %H:%M:%S} UTC" if one.ended_at else ""
    words = (
        f"{one.kind} {one.ref} {one.status}".strip(),
        f"of {one.service or 'no service'} in {one.env} {reach}".strip(),
        f"from {one.started_at:%d %b %H:%M:%S} UTC {end}".strip(),
        share,
        f"takes back {one.reverts}" if one.reverts else "",
    )
    return ", ".join(filter(None, words))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Telling(Signals):
    """Signals that remember which rule did what to the labels of a series."""

    steps: dict[SeriesKey, tuple[str, ...]] = field(default_factory=dict)

    def key(self, metric: str, labels: Mapping[str, str]) -> SeriesKey:
        found = Signals.key(self, metric, labels)
        self.steps[found] = normalized(labels, self.source.normalize).steps
        return found


def _samples(parts: Parts, source: PushedSourceSettings, body: bytes, headers: Headers) -> Lines:
    known = parts.pushing[source.name]
    signals = _Telling(source=source, kpis=known.kpis, default_env=known.default_env)
    kept: dict[str, RawSeries] = {}

    def keep(series: Any) -> Mapping[str, int]:
        kept.update({one.fingerprint: one for one in series})
        return {name: number for number, name in enumerate(kept)}

    catalog = Catalog(signals, keep)
    read = ingester_named(source.kind)
    found = read(body, _type_of(body, headers), catalog, parts.clock.now())
    yield f"{found.samples:,} samples"
    for one in list(kept.values())[:_LISTED]:
        yield from _series(one, signals)
    if len(kept) > _LISTED:
        yield f"… and {len(kept) - _LISTED:,} further series"
    for metric, passed in sorted(catalog.metrics.items()):
        if passed.samples:
            yield f"no signal asks for {passed.samples:,} samples of {metric or 'ignored series'}"
    for why, count in sorted(found.refused.items()):
        yield f"not taken: {count:,}: {why}"


def _series(one: RawSeries, signals: _Telling) -> Lines:
    source = signals.source
    asking = [
        signal.name
        for signal in source.signals
        if Signals(source=replace(source, signals=(signal,))).wants(one)
    ]
    labels = ", ".join(f"{name}={value}" for name, value in one.key.labels)
    yield f"{one.key.metric} {{{labels}}} → {', '.join(asking)}"
    key = one.key
    whose = f"{key.service or 'no service: all of them become one total'} in {key.env}"
    yield f"     {' '.join(filter(None, (whose, key.region, key.segment)))}"
    yield from (f"     {step}" for step in signals.steps.get(key, ()))


def _export(parts: Parts, name: str, body: bytes, headers: Headers) -> Lines:
    settings = parts.settings
    parsed = ingester_named(name)(
        body,
        _type_of(body, headers),
        parts.clock.now(),
        settings.default_env,
        settings.policies.paging.known_environments,
        rules=rules_for(settings.normalize, name),
    )
    return _clues(parsed)


def _lines(parts: Parts, source: LogSourceSettings, body: bytes, _headers: Headers) -> Lines:
    settings = parts.settings
    declared = settings.policies.paging.known_environments
    read = ingester_named(source.kind)
    found = read(body, source, parts.clock.now(), settings.default_env, declared)
    yield from _clues(found.parsed)
    yield from (f"not taken: {place}: {why}" for place, why in found.told)


def _clues(found: Parsed) -> Lines:
    batch = found.batch
    if not found.taken and not found.why:
        yield "it holds no records"
    for env, count in sorted(found.taken.items()):
        yield f"{count:,} records of {env}"
    for line in batch.lines:
        yield f"{line.count:5,}  {line.service}  {line.severity.name}  {line.text}"
    for call in batch.calls:
        yield f"{call.count:5,}  calls of {call.caller} to {call.callee}"
    for one in batch.traces:
        state = f"failed {one.status}".strip() if one.failed else "is among the slow"
        yield f"example  {one.service}  {one.name}  {one.duration_seconds:.3g} s, {state}"
    yield from (f"{count:,} resources: {step}" for step, count in sorted(found.steps.items()))
    if found.why:
        yield f"not taken: {found.why}"


def _windows(
    parts: Parts, source: MaintenanceSourceSettings, body: bytes, _headers: Headers
) -> Lines:
    now, env = parts.clock.now(), parts.settings.default_env
    windows = ingester_named(source.kind)(body, now, source.name, env)
    for number, one in enumerate(windows, 1):
        what = "cancelled" if one.is_cancelled else "planned"
        reach = " ".join((", ".join(one.services), "in", one.env, *one.regions))
        yield f"{number}. {what} {one.title}: {reach}"
        yield f"     from {one.starts_at:%d %b %H:%M} to {one.ends_at:%d %b %H:%M} UTC"
    yield from (f"     nobody knows {name}" for name in unknown_names(parts, windows))


def _cases(_parts: Parts, source: CaseSourceSettings, body: bytes, headers: Headers) -> Lines:
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise InputError(f"found other bytes, expected UTF-8 ({error})") from error
    told = headers.get("content-type", "")
    is_json = "json" in told or (not told and text.lstrip().startswith("{"))
    counted: Counter[str] = Counter()
    for line, one in rows(text.splitlines(keepends=True), source, is_json=is_json):
        counted["refused" if isinstance(one, RefusedRow) else "taken"] += 1
        if isinstance(one, RefusedRow):
            yield f"line {line}: not taken: {one.why}"
        elif counted["taken"] <= _LISTED:
            yield f"line {line}: {one.case_id} {one.name} at {one.at:%d %b %H:%M:%S} UTC"
    yield f"{counted['taken']:,} events, {counted['refused']:,} rows not taken"


def _type_of(body: bytes, headers: Headers) -> str:
    guessed = _JSON if body.lstrip()[:1] == b"{" else _PROTOBUF
    return headers.get("content-type", guessed)


_HOW: Final[Mapping[type, Callable[..., Lines]]] = {
    AlertSourceSettings: _alerts,
    ChangeSourceSettings: _reports,
    PushedSourceSettings: _samples,
    LogSourceSettings: _lines,
    MaintenanceSourceSettings: _windows,
    CaseSourceSettings: _cases,
}
