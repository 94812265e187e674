"""The sections of `sources`: those we ask, and those that send samples, alerts or changes."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from aiops.domain.labels import LabelRule, rules_for
from aiops.settings.alert_sources import (
    ALERT_KINDS,
    ALERT_LABELS_OF,
    AlertLabelSettings,
    AlertSourceSettings,
)
from aiops.settings.case_sources import CASE_EVENTS, CaseSourceSettings
from aiops.settings.change_sources import CHANGE_KINDS, ChangeSourceSettings
from aiops.settings.document import Loc
from aiops.settings.log_sources import JSON_LOGS, LABELS, LOG_FIELDS, LogSourceSettings
from aiops.settings.maintenance_sources import MAINTENANCE, MaintenanceSourceSettings
from aiops.settings.metric_sources import (
    LabelSettings,
    MetricSourceSettings,
    PrometheusSettings,
    SignalSettings,
)
from aiops.settings.normalize import label_rules
from aiops.settings.pushed_sections import check_signals, pushed_source
from aiops.settings.pushed_sources import LABELS_OF, PUSHED_KINDS, PushedSourceSettings
from aiops.settings.row_sections import check_rows, row_source
from aiops.settings.row_sources import ROW_KINDS
from aiops.settings.schema import SettingsFile
from aiops.settings.source_schema import LabelSection, SignalSection, SourceSection
from aiops.settings.span_sources import MINUTE, OTLP_TRACES, SpanSettings
from aiops.settings.surroundings import Surroundings

_SENDING = (*ALERT_KINDS, *CHANGE_KINDS, *PUSHED_KINDS, MAINTENANCE, CASE_EVENTS, JSON_LOGS)
"""Kinds of sources that send; the others are asked."""

_ASKED = ("prometheus", *ROW_KINDS)

_OF_SPANS = ("step_seconds", "delay_seconds", "zone", "zones")
"""Keys that go into the settings of counted spans as they are."""

_OF_USE = MappingProxyType(
    {
        "url": ("prometheus",),
        "bearer_token_env": ("prometheus",),
        "back_fill_days": _ASKED,
        "back_fill_step_seconds": _ASKED,
        "signals": (*_ASKED, *PUSHED_KINDS),
        "scrape_seconds": PUSHED_KINDS,
        "most_series": PUSHED_KINDS,
        "labels": (*_ASKED, *PUSHED_KINDS, *ALERT_KINDS, JSON_LOGS),
        "token_env": tuple(one for one in _SENDING if one != "cloudwatch"),
        "values": ALERT_KINDS,
        "fields": ("alerts", JSON_LOGS),
        "topics": ("cloudwatch",),
        "path": (MAINTENANCE, "csv"),
        "time": ROW_KINDS,
        "time_zone": (*ROW_KINDS, CASE_EVENTS, JSON_LOGS),
        "service": (JSON_LOGS,),
        "delimiter": ("csv", CASE_EVENTS),
        "decimal": ("csv", CASE_EVENTS),
        "url_env": ("sql",),
        "timeout_seconds": ("sql",),
        "max_rows": ("sql",),
    }
)
"""Which kinds of sources have a use for a key; all do for one that is not here."""

_SECRETS = MappingProxyType(
    {
        "events": "the routing keys that may send, as AIOPS_EVENTS_KEYS",
        "flagsmith": "the secret of the webhook, as AIOPS_FLAGSMITH_SECRET",
        "github": "the secret of the webhook, as AIOPS_GITHUB_SECRET",
        "launchdarkly": "the secret of the webhook, as AIOPS_LAUNCHDARKLY_SECRET",
    }
)
"""What the variable holds without which nothing of a kind of source can be taken."""


def measured(
    file: SettingsFile, folder: Path, surroundings: Surroundings
) -> tuple[MetricSourceSettings, ...]:
    """Return the sources that are asked, ourselves among them; files lie in or below a folder."""
    rules = label_rules(file.normalize)
    return tuple(
        _asked(name, one, folder, surroundings, rules)
        for name, one in file.sources.items()
        if one.kind in (*_ASKED, OTLP_TRACES)
    )


def pushing(file: SettingsFile, surroundings: Surroundings) -> tuple[PushedSourceSettings, ...]:
    """Return the sources that send samples."""
    rules = label_rules(file.normalize)
    return tuple(
        replace(
            pushed_source(name, one, _label_settings(one), surroundings),
            normalize=rules_for(rules, name),
        )
        for name, one in file.sources.items()
        if one.kind in PUSHED_KINDS
    )


def reporting(file: SettingsFile, surroundings: Surroundings) -> tuple[AlertSourceSettings, ...]:
    """Return the sources that send alerts."""
    rules = label_rules(file.normalize)
    return tuple(
        _sending(name, one, surroundings, rules)
        for name, one in file.sources.items()
        if one.kind in ALERT_KINDS
    )


def changing(file: SettingsFile, surroundings: Surroundings) -> tuple[ChangeSourceSettings, ...]:
    """Return the sources that report changes."""
    return tuple(
        ChangeSourceSettings(
            name=name,
            kind=one.kind,
            tokens=surroundings.secrets(one.token_env) if one.token_env else (),
            token_env=one.token_env,
        )
        for name, one in file.sources.items()
        if one.kind in CHANGE_KINDS
    )


def announcing(
    file: SettingsFile, folder: Path, surroundings: Surroundings
) -> tuple[MaintenanceSourceSettings, ...]:
    """Return the sources that announce planned work; files lie in or below a folder."""
    return tuple(
        MaintenanceSourceSettings(
            name=name,
            tokens=surroundings.secrets(one.token_env) if one.token_env else (),
            token_env=one.token_env,
            path=folder / one.path if one.path else None,
        )
        for name, one in file.sources.items()
        if one.kind == MAINTENANCE
    )


def logging_cases(file: SettingsFile, surroundings: Surroundings) -> tuple[CaseSourceSettings, ...]:
    """Return the sources that send event logs of cases."""
    return tuple(
        CaseSourceSettings(
            name=name,
            tokens=surroundings.secrets(one.token_env) if one.token_env else (),
            token_env=one.token_env,
            time_zone=one.time_zone,
            delimiter=one.delimiter or ",",
            decimal=one.decimal or ".",
        )
        for name, one in file.sources.items()
        if one.kind == CASE_EVENTS
    )


def telling(file: SettingsFile, surroundings: Surroundings) -> tuple[LogSourceSettings, ...]:
    """Return the sources that send logs as JSON lines."""
    rules = label_rules(file.normalize)
    return tuple(
        LogSourceSettings(
            name=name,
            tokens=surroundings.secrets(one.token_env) if one.token_env else (),
            token_env=one.token_env,
            service=one.service or "",
            time_zone=one.time_zone,
            fields=MappingProxyType({str(key): path for key, path in one.fields.items()}),
            labels=_label_settings(one, LABELS),
            normalize=rules_for(rules, name),
        )
        for name, one in file.sources.items()
        if one.kind == JSON_LOGS
    )


def check(file: SettingsFile) -> Iterator[tuple[Loc, str, str]]:
    """Yield what is missing of a source, and what it has no use for: place, message, hint."""
    for name, one in file.sources.items():
        for key in _useless(one):
            if key in one.model_fields_set and getattr(one, key) is not None:
                message = f"is of no use to a source of kind {one.kind}"
                yield ("sources", name, key), message, "take it out"
        for key in one.fields:
            if (key in LOG_FIELDS) is not (one.kind == JSON_LOGS):
                message = f"is of no use to a source of kind {one.kind}"
                yield ("sources", name, "fields", key), message, "take it out"
        if one.kind in (*_ASKED, *PUSHED_KINDS, JSON_LOGS) and one.labels.severity is not None:
            message = f"is of no use to a source of kind {one.kind}"
            yield ("sources", name, "labels", "severity"), message, "take it out"
        if one.kind in _SECRETS and one.token_env is None:
            message = f"found nothing, expected the name of the variable with {_SECRETS[one.kind]}"
            yield ("sources", name, "token_env"), message, ""
        if one.kind == "cloudwatch" and not one.topics:
            message = "found nothing, expected the topics whose messages are taken"
            yield ("sources", name, "topics"), message, "anybody's topic is signed by SNS"
        if one.kind == OTLP_TRACES and one.step_seconds % MINUTE:
            message = f"found {one.step_seconds}, expected a multiple of {MINUTE}"
            yield ("sources", name, "step_seconds"), message, "spans are counted by the minute"
        yield from check_signals(name, one)
        yield from check_rows(name, one)


def _useless(one: SourceSection) -> tuple[str, ...]:
    keys = tuple(key for key, kinds in _OF_USE.items() if one.kind not in kinds)
    return (*keys, "token_env") if one.path is not None and one.kind == MAINTENANCE else keys


def _asked(
    name: str,
    section: SourceSection,
    folder: Path,
    surroundings: Surroundings,
    rules: Sequence[LabelRule],
) -> MetricSourceSettings:
    common: dict[str, Any] = {
        "name": name,
        "step_seconds": section.step_seconds,
        "delay_seconds": section.delay_seconds,
        "back_fill_days": section.back_fill_days,
        "back_fill_step_seconds": section.back_fill_step_seconds,
        "zone": section.zone,
        "zones": MappingProxyType(section.zones),
        "normalize": rules_for(rules, name),
        "labels": _label_settings(section),
    }
    if section.kind == OTLP_TRACES:
        return _spans(name, section)
    if section.kind in ROW_KINDS:
        return row_source(section, folder, surroundings, common)
    variable = section.bearer_token_env
    return PrometheusSettings(
        **common,
        url=(section.url or "").rstrip("/"),
        signals=tuple(_signal(one) for one in section.signals),
        bearer_token=surroundings.secret(variable) if variable else None,
        bearer_token_env=variable,
    )


def _spans(name: str, section: SourceSection) -> SpanSettings:
    told = {key: getattr(section, key) for key in _OF_SPANS if key in section.model_fields_set}
    return SpanSettings(name=name, back_fill_days=0, **told)


def _signal(signal: SignalSection) -> SignalSettings:
    return SignalSettings(
        name=signal.name,
        query=signal.query or "",
        family=signal.family,
        unit=signal.unit,
        title=signal.title,
        bad_direction=signal.bad_direction,
        kpi=signal.kpi,
        labels=tuple(dict.fromkeys(signal.labels)),
        service=signal.service,
    )


def _label_settings(section: SourceSection, others: LabelSettings | None = None) -> LabelSettings:
    """Return which labels say what; those that are not named are the kind's."""
    named = {key: one for key, one in _named(section.labels) if key != "severity"}
    return replace(others or LABELS_OF.get(section.kind, LabelSettings()), **named)


def _sending(
    name: str, section: SourceSection, surroundings: Surroundings, rules: Sequence[LabelRule]
) -> AlertSourceSettings:
    variable = section.token_env
    return AlertSourceSettings(
        name=name,
        kind=section.kind,
        labels=replace(_usual(section.kind), **dict(_named(section.labels))),
        normalize=rules_for(rules, name),
        values=MappingProxyType({key: dict(one) for key, one in section.values.items()}),
        fields=MappingProxyType({str(key): path for key, path in section.fields.items()}),
        topics=tuple(section.topics),
        tokens=surroundings.secrets(variable) if variable else (),
        token_env=variable,
    )


def _usual(kind: str) -> AlertLabelSettings:
    return ALERT_LABELS_OF.get(kind, AlertLabelSettings())


def _named(labels: LabelSection) -> Iterator[tuple[str, tuple[str, ...]]]:
    for key in type(labels).model_fields:
        if (names := getattr(labels, key)) is not None:
            yield key, tuple(names)
