"""What is kept of logs and traces, brought up to date: for store and backtest alike. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from aiops.clues.spans import keep_few, sum_calls, sum_counts
from aiops.clues.templates import Place, tally
from aiops.domain.clues import LogTemplate, ServiceCall, SpanCount, TelemetryBatch, TraceExample

Spot = tuple[str, str, datetime]
"""Environment, service and minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is kept, or what of it a digest has changed.

    Args:
        since: since when logs of each environment come in.
        templates: by environment and service.
        counts: lines by spot, then by template number.
        traces: examples by spot.
        calls: counted anew, to be added to what is known.
        requests: counted anew, to be added to what is known.
        crowded: services whose further lines count as one, as (env, service).
    """

    since: Mapping[str, datetime] = field(default_factory=dict)
    templates: Mapping[Place, tuple[LogTemplate, ...]] = field(default_factory=dict)
    counts: Mapping[Spot, Mapping[int, int]] = field(default_factory=dict)
    traces: Mapping[Spot, tuple[TraceExample, ...]] = field(default_factory=dict)
    calls: tuple[ServiceCall, ...] = ()
    requests: tuple[SpanCount, ...] = ()
    crowded: tuple[Place, ...] = ()


def spots(batches: Sequence[TelemetryBatch]) -> tuple[Spot, ...]:
    """Return the spots that batches touch: what must be known to digest them."""
    found: set[Spot] = set()
    for batch in batches:
        found.update((one.env, one.service, one.minute) for one in batch.lines)
        found.update((one.env, one.service, one.minute) for one in batch.traces)
    return tuple(sorted(found))


def digest(known: Kept, batches: Sequence[TelemetryBatch]) -> Kept:
    """Return what batches change in what is known; each batch counts, so take none twice.

    Args:
        known: at least all there is of the services and spots the batches touch.
        batches: in any order.
    """
    found = tally(known.templates, [one for batch in batches for one in batch.lines])
    templates: defaultdict[Place, list[LogTemplate]] = defaultdict(list)
    for template in found.templates:
        templates[template.env, template.service].append(template)
    counts = {
        spot: _added(known.counts.get(spot, {}), fresh) for spot, fresh in found.counts.items()
    }
    return Kept(
        since=_earliest(known.since, [one for batch in batches for one in batch.heard]),
        templates={place: tuple(some) for place, some in templates.items()},
        counts=counts,
        traces=_examples(known.traces, [one for batch in batches for one in batch.traces]),
        calls=sum_calls(one for batch in batches for one in batch.calls),
        requests=sum_counts(one for batch in batches for one in batch.counts),
        crowded=found.crowded,
    )


def _added(old: Mapping[int, int], fresh: Mapping[int, int]) -> dict[int, int]:
    return {number: old.get(number, 0) + fresh.get(number, 0) for number in sorted({*old, *fresh})}


def _earliest(
    known: Mapping[str, datetime], heard: Iterable[tuple[str, datetime]]
) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for env, minute in heard:
        found[env] = min(minute, found.get(env, known.get(env, minute)))
    return found


def _examples(
    known: Mapping[Spot, tuple[TraceExample, ...]], fresh: Iterable[TraceExample]
) -> dict[Spot, tuple[TraceExample, ...]]:
    by_spot: defaultdict[Spot, list[TraceExample]] = defaultdict(list)
    for one in fresh:
        by_spot[one.env, one.service, one.minute].append(one)
    return {spot: keep_few((*known.get(spot, ()), *some)) for spot, some in by_spot.items()}
