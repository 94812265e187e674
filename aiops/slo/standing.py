"""How journeys stand over their window: availability, what is left of the budget, each part."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from aiops.domain.journeys import Journey
from aiops.domain.slos import SliHour, Slo
from aiops.domain.time import utc
from aiops.slo.hours import HOUR_SECONDS, Part, name_of_part, name_of_slo, parts_of
from aiops.slo.indicator import AVAILABILITY, slos_of

_DAY_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """The share of good events over a window, as far as it was measured.

    Args:
        good_share: in [0, 1]; None where nothing was measured.
        recent: the same over the last hour and what there is of this one.
        bad: events that were bad.
        total: events that were measured.
        known_days: so much of the window was measured.
    """

    good_share: float | None
    recent: float | None
    bad: float
    total: float
    known_days: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SloStanding:
    """One SLO of a journey over its window.

    Args:
        slo: the SLO.
        level: what was measured.
        spent: of the whole window's error budget the share that is spent, 1 is all; what was not
            measured yet is taken to be asked as often, and to be good. None: nothing was measured.
    """

    slo: Slo
    level: Level
    spent: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartStanding:
    """The availability of a step or service over the window of its journey's availability."""

    part: Part
    level: Level


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyStanding:
    """How a journey stands: each of its SLOs, each step and service."""

    journey: str
    slos: tuple[SloStanding, ...]
    parts: tuple[PartStanding, ...]


def standings(
    hours: Iterable[SliHour],
    recent: Iterable[SliHour],
    journeys: Sequence[Journey],
    at: datetime,
) -> tuple[JourneyStanding, ...]:
    """Return how journeys stand at a moment.

    Args:
        hours: of their indicators, in any order; or sums of 24 of them, from `first_hour` on.
            Those before a window are not looked at.
        recent: the hours since `last_hour`.
        journeys: as declared.
        at: now, aware UTC.
    """
    known = _Hours(_by_name(hours), _by_name(recent), hour_of(at))
    return tuple(_journey(one, known) for one in journeys)


def hour_of(at: datetime) -> datetime:
    """Return the beginning of an hour."""
    seconds = int(at.timestamp())
    return utc(seconds - seconds % HOUR_SECONDS)


def first_hour(journeys: Sequence[Journey], at: datetime) -> datetime:
    """Return from which hour on the longest window is known; windows are days before this hour."""
    return hour_of(at) - window_of(journeys)


def last_hour(at: datetime) -> datetime:
    """Return the beginning of the hour before this one: recent is what came since."""
    return hour_of(at) - timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Hours:
    """Hours by indicator: of the window, of the last two, and the hour it is."""

    window: Mapping[str, Sequence[SliHour]]
    recent: Mapping[str, Sequence[SliHour]]
    now: datetime


def _by_name(hours: Iterable[SliHour]) -> Mapping[str, Sequence[SliHour]]:
    by_name: defaultdict[str, list[SliHour]] = defaultdict(list)
    for hour in hours:
        by_name[hour.indicator].append(hour)
    return by_name


def window_of(journeys: Sequence[Journey]) -> timedelta:
    """Return the longest window anything is promised over."""
    days = [slo.window_days for one in journeys for slo in slos_of(one)]
    return timedelta(days=max(days, default=AVAILABILITY.window_days))


def export(standing: JourneyStanding) -> dict[str, Any]:
    """Return a journey's standing as a JSON-ready object; shares are in [0, 1]."""
    return {
        "journey": standing.journey,
        "slos": [
            {
                "sli": one.slo.sli.value,
                "service": one.slo.service or None,
                "objective": one.slo.objective,
                "window_days": one.slo.window_days,
                "budgeting": one.slo.budgeting.value,
                "assumed": one.slo.assumed,
                "budget_spent": _rounded(one.spent),
                **_level(one.level),
            }
            for one in standing.slos
        ],
        "parts": [
            {
                "service": one.part.place.service,
                "operation": one.part.place.operation or None,
                "is_step": one.part.is_step,
                **_level(one.level),
            }
            for one in standing.parts
        ],
    }


def _journey(journey: Journey, known: _Hours) -> JourneyStanding:
    slos = []
    for slo in slos_of(journey):
        level = _of(name_of_slo(journey, slo), slo, known)
        slos.append(SloStanding(slo=slo, level=level, spent=_spent(slo, level)))
    parts = [
        PartStanding(part=part, level=_of(name_of_part(part), slos[0].slo, known))
        for part in parts_of(journey)
    ]
    return JourneyStanding(journey=journey.name, slos=tuple(slos), parts=tuple(parts))


def _of(name: str, slo: Slo, known: _Hours) -> Level:
    begin = known.now - timedelta(days=slo.window_days)
    inside = [one for one in known.window.get(name, ()) if one.at >= begin]
    total, bad = sum(one.total for one in inside), sum(one.bad for one in inside)
    recent = known.recent.get(name, ())
    return Level(
        good_share=_good(bad, total),
        recent=_good(sum(one.bad for one in recent), sum(one.total for one in recent)),
        bad=bad,
        total=total,
        known_days=sum(one.seconds for one in inside) / _DAY_SECONDS,
    )


def _spent(slo: Slo, level: Level) -> float | None:
    if level.total <= 0 or level.known_days <= 0:
        return None
    whole = level.total * max(slo.window_days / level.known_days, 1.0)
    return level.bad / (slo.budget * whole)


def _good(bad: float, total: float) -> float | None:
    return 1.0 - bad / total if total > 0 else None


def _level(level: Level) -> dict[str, float | None]:
    return {
        "observed": _rounded(level.good_share),
        "last_hour": _rounded(level.recent),
        "known_days": round(level.known_days, 2),
    }


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 6)
