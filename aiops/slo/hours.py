"""Indicators by the hour: what is kept of them, so that a window of weeks is a few hundred rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from zlib import crc32

import numpy as np

from aiops.domain.journeys import Journey, Step
from aiops.domain.samples import Excerpt
from aiops.domain.slos import Budgeting, SliHour, Slo
from aiops.domain.time import utc
from aiops.slo.indicator import AVAILABILITY, Track, called, indicator, measured, places_of, slos_of

HOUR_SECONDS: Final = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A step of a journey, or a service it uses.

    Args:
        place: the service, and of a step the operation.
        is_step: whether users wait for it themselves.
    """

    place: Step
    is_step: bool


def parts_of(journey: Journey) -> tuple[Part, ...]:
    """Return a journey's steps in order, then what else it uses."""
    steps = places_of(journey, AVAILABILITY)
    met = {step.service for step in steps}
    behind = [Step(service=name) for name in journey.services if name not in met]
    return (
        *(Part(place=step, is_step=True) for step in steps),
        *(Part(place=one, is_step=False) for one in behind),
    )


def services_of(journeys: Sequence[Journey]) -> frozenset[str]:
    """Return every service an indicator of these journeys is read from."""
    named = {slo.service for journey in journeys for slo in slos_of(journey)} - {""}
    return frozenset(named.union(*({*one.services, *one.doors} for one in journeys)))


def name_of_slo(journey: Journey, slo: Slo) -> str:
    """Return under which name an SLO's indicator is kept; measured otherwise, it is another one.

    Examples:
        >>> name_of_slo(Journey(name="checkout", entry="shop"), AVAILABILITY).rpartition("#")[0]
        'journey/checkout/availability'
    """
    # Of requests the objective changes nothing; of time slices it decides which are good.
    decisive = slo.objective if slo.budgeting is Budgeting.TIMESLICES else 0.5
    counted = replace(slo, objective=decisive, window_days=1, assumed=False)
    measured_as = (counted, places_of(journey, slo), journey.entry)
    return f"journey/{journey.name}/{slo.sli.value}#{crc32(repr(measured_as).encode()):08x}"


def name_of_part(part: Part) -> str:
    """Return under which name the availability of a step or service is kept."""
    return f"service/{part.place.service}/{part.place.operation}"


def names(journeys: Sequence[Journey]) -> frozenset[str]:
    """Return the names of all indicators of journeys."""
    slos = {name_of_slo(one, slo) for one in journeys for slo in slos_of(one)}
    return frozenset(slos | {name_of_part(part) for one in journeys for part in parts_of(one)})


def hours(excerpts: Sequence[Excerpt], journeys: Sequence[Journey]) -> tuple[SliHour, ...]:
    """Return every indicator's events by the hour, as far as excerpts of whole hours tell.

    An hour's events are those of its ticks, and as many more as ticks lie further apart than their
    step: what was fetched of the past is coarser.

    Args:
        excerpts: what the services of the journeys measured, joined by step.
        journeys: what is measured of them.
    """
    found: dict[tuple[str, int], SliHour] = {}
    for excerpt in excerpts:
        for name, track in _tracks(excerpt, journeys).items():
            for hour in _by_hour(name, track):
                found.setdefault((name, int(hour.at.timestamp())), hour)
    return tuple(found[key] for key in sorted(found))


def _tracks(excerpt: Excerpt, journeys: Sequence[Journey]) -> Mapping[str, Track]:
    tracks: dict[str, Track | None] = {}
    for journey in journeys:
        for slo in slos_of(journey):
            tracks[name_of_slo(journey, slo)] = indicator(excerpt, journey, slo)
        for part in parts_of(journey):
            seen = measured(excerpt, part.place, AVAILABILITY)
            tracks[name_of_part(part)] = seen or called(excerpt, part.place.service)
    return {name: track for name, track in tracks.items() if track is not None}


def _by_hour(name: str, track: Track) -> Iterator[SliHour]:
    begins = track.times - track.times % HOUR_SECONDS
    for hour in np.unique(begins).tolist():
        rows = begins == hour
        known = rows & np.isfinite(track.total)
        if not known.any():
            continue
        times = track.times[rows]
        apart = int(np.diff(times).min()) if len(times) > 1 else track.step_seconds
        more = max(apart / track.step_seconds, 1.0)
        yield SliHour(
            indicator=name,
            at=utc(hour),
            total=float(track.total[known].sum()) * more,
            bad=float(track.bad[known].sum()) * more,
            seconds=min(float(known.sum()) * track.step_seconds * more, HOUR_SECONDS),
        )
