"""The sections of sources that send samples, and of their signals."""

import re
from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from aiops.domain.derivations import Across
from aiops.settings.document import Loc
from aiops.settings.metric_sources import LabelSettings
from aiops.settings.pushed_sources import (
    PUSHED_KINDS,
    PushedSignalSettings,
    PushedSourceSettings,
    Reading,
    Selected,
)
from aiops.settings.source_schema import SignalSection, SourceSection
from aiops.settings.surroundings import Surroundings

_COUNTED: Final = ("_total", "_count", "_sum", "_bucket")
"""How Prometheus' names of counters end."""

_OF_SAMPLES: Final = ("metric", "where", "reading", "per", "quantile", "across", "worst_of")
"""Keys of signals that are made of samples."""

_LANGUAGES: Final = MappingProxyType({"prometheus": "PromQL", "sql": "SQL"})
"""What the sources speak that are asked in a language."""

_ON_ITS_WAY_SECONDS: Final = 10
"""How long a sample may be on its way to us, beside the distance between two of them."""


def pushed_source(
    name: str, section: SourceSection, labels: LabelSettings, surroundings: Surroundings
) -> PushedSourceSettings:
    """Return a source that sends samples."""
    usual = PushedSourceSettings(name=name, kind=section.kind)
    scrape = section.scrape_seconds or usual.scrape_seconds
    has_delay = "delay_seconds" in section.model_fields_set
    return PushedSourceSettings(
        name=name,
        kind=section.kind,
        tokens=surroundings.secrets(section.token_env) if section.token_env else (),
        token_env=section.token_env,
        signals=tuple(_signal(one) for one in section.signals),
        step_seconds=section.step_seconds,
        delay_seconds=section.delay_seconds if has_delay else scrape + _ON_ITS_WAY_SECONDS,
        scrape_seconds=scrape,
        most_series=section.most_series or usual.most_series,
        zone=section.zone,
        zones=section.zones,
        labels=labels,
    )


def check_signals(name: str, one: SourceSection) -> Iterator[tuple[Loc, str, str]]:
    """Yield what is missing of a source's signals, and what contradicts itself."""
    names = [signal.name for signal in one.signals]
    for index, signal in enumerate(one.signals):
        place = ("sources", name, "signals", index)
        if one.kind in PUSHED_KINDS and signal.name in names[:index]:
            yield (*place, "name"), "is there twice, expected a name of its own", ""
        if one.kind not in PUSHED_KINDS:
            if signal.query is None and one.kind in _LANGUAGES:
                expected = f"expected what to ask, in {_LANGUAGES[one.kind]}"
                yield (*place, "query"), f"found nothing, {expected}", ""
            for key in (*_OF_SAMPLES, "window_seconds"):
                if key in signal.model_fields_set:
                    yield (*place, _spelled(key)), _useless(one.kind), "write it into `query`"
            continue
        if signal.metric is None:
            message = "found nothing, expected the metric as the sender calls it"
            yield (*place, "metric"), message, ""
        if signal.query is not None:
            yield (*place, "query"), _useless(one.kind), "write `metric`, `where`, `as` instead"
        for key, message, hint in _contradictions(signal):
            yield (*place, key), message, hint


def _contradictions(signal: SignalSection) -> Iterator[tuple[str, str, str]]:
    reading = _reading(signal)
    for needed, given, key in (
        (Reading.QUANTILE, signal.quantile is not None, "quantile"),
        (Reading.RATIO, signal.per is not None, "per"),
    ):
        if (reading is needed) is not given:
            message = f"goes with `as: {needed.value}`, found `as: {reading.value}`"
            yield key, message, ""
    plain = reading in (Reading.VALUE, Reading.RATE)
    if signal.across not in (None, Across.SUM) and not plain:
        yield "across", f"is of no use with `as: {reading.value}`", "take it out"
    kept = ("service", "region", "segment", *signal.labels)
    if signal.worst_of in kept:
        yield "worst_of", "found a label that is kept, expected another, as `instance`", ""
    wheres = [("where", signal.where)]
    wheres += [("per", signal.per.where)] if signal.per else []
    for key, where in wheres:
        for label, pattern in where.items():
            try:
                re.compile(pattern)
            except re.error as error:
                yield key, f"{label}: found {pattern!r}, expected a pattern ({error})", ""


def _signal(one: SignalSection) -> PushedSignalSettings:
    per = one.per
    return PushedSignalSettings(
        name=one.name,
        of=Selected(metric=one.metric or "", where=tuple(one.where.items())),
        reading=_reading(one),
        per=Selected(metric=per.metric, where=tuple(per.where.items())) if per else None,
        quantile=one.quantile,
        across=one.across or Across.SUM,
        worst_of=one.worst_of or "",
        window_seconds=one.window_seconds or 300,
        family=one.family,
        unit=one.unit,
        title=one.title,
        bad_direction=one.bad_direction,
        kpi=one.kpi,
        labels=tuple(dict.fromkeys(one.labels)),
        service=one.service,
    )


def _reading(one: SignalSection) -> Reading:
    """Return what becomes of a metric: as it is said, else as its name and the rest tell."""
    if one.reading is not None:
        return one.reading
    if one.quantile is not None:
        return Reading.QUANTILE
    if one.per is not None:
        return Reading.RATIO
    return Reading.RATE if (one.metric or "").endswith(_COUNTED) else Reading.VALUE


def _spelled(key: str) -> str:
    return "as" if key == "reading" else key


def _useless(kind: str) -> str:
    return f"is of no use to a source of kind {kind}"
