"""What makes a revision worth telling: many small steps are told as few."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from aiops.domain.clues import Clues, LogClue, TraceClue
from aiops.domain.incidents import Cause, Impact, Incident
from aiops.domain.reach import BlastRadius
from aiops.domain.slos import ServiceLevels

COST_EVERY = timedelta(minutes=5)
"""That an incident costs more is told at most this often, in event time."""

_GROWTH = 1.25


class Difference(StrEnum):
    """Why a new revision is worth telling."""

    NEW = "it is new"
    STATE = "its state moved"
    SEVERITY = "its severity changed"
    CAUSE = "its first cause changed"
    TITLE = "its title changed"
    REACH = "it reaches further services, regions or KPIs"
    CLUES = "its logs or traces tell something"
    COST = "its cost grew by a quarter or more"
    BUDGET = "it took a further tenth of an error budget"


def materially_differs(old: Incident, new: Incident) -> Difference | None:
    """Return what is worth telling between two revisions, or None.

    Cost counts by rungs a quarter apart and every five minutes at most, so that many small steps
    are told as few.
    """
    if (old.id, old.episode) != (new.id, new.episode):
        return Difference.NEW
    checks = (
        (Difference.STATE, old.state is not new.state),
        (Difference.SEVERITY, old.severity is not new.severity),
        (Difference.CAUSE, culprit(old.causes) != culprit(new.causes)),
        (Difference.TITLE, old.title != new.title),
        (Difference.REACH, _widened(old.blast, new.blast)),
        (Difference.CLUES, _first_clue(old.clues) is None and _first_clue(new.clues) is not None),
        (Difference.COST, is_costlier(old, new.impacts, new.updated_at)),
        (Difference.BUDGET, _tenths(new.levels) > _tenths(old.levels)),
    )
    return next((difference for difference, differs in checks if differs), None)


def culprit(causes: Sequence[Cause]) -> tuple[str, str | None] | None:
    """Return what is blamed first: service and change id; None when the cause is unknown."""
    if not causes:
        return None
    first = causes[0]
    return first.service, first.change.id if first.change else None


def _first_clue(clues: Clues) -> LogClue | TraceClue | None:
    found: tuple[LogClue | TraceClue, ...] = (*clues.logs, *clues.traces)
    return found[0] if found else None


def _tenths(levels: ServiceLevels) -> int:
    return max((int(10 * one.share) for one in levels.budgets), default=0)


def _widened(old: BlastRadius, new: BlastRadius) -> bool:
    scope = any(
        bool(before) and (not after or not set(after) <= set(before))
        for before, after in ((old.regions, new.regions), (old.segments, new.segments))
    )
    return (
        scope
        or not set(new.sick) <= set(old.sick)
        or not set(new.kpis) <= set(old.kpis)
        or not set(new.journeys) <= set(old.journeys)
    )


def is_costlier(old: Incident, impacts: Sequence[Impact], at: datetime) -> bool:
    """Return whether it is time to tell that an incident costs more, and whether it does.

    It is time every `COST_EVERY` since it was detected. It costs more when a KPI is new, or when
    at its present rate its loss has passed a rung of a ladder a quarter apart since the last time.

    Args:
        old: the revision before.
        impacts: what it costs now.
        at: event time, aware UTC.
    """
    known = {impact.kpi for impact in old.impacts}
    if any(impact.kpi not in known and impact.total > 0 for impact in impacts):
        return True
    if (at - old.detected_at) // COST_EVERY <= (old.updated_at - old.detected_at) // COST_EVERY:
        return False
    before = _rungs(impacts, minutes_ago=COST_EVERY / timedelta(minutes=1))
    return any(rung > before.get(name, -math.inf) for name, rung in _rungs(impacts).items())


def _rungs(impacts: Sequence[Impact], minutes_ago: float = 0.0) -> dict[str, int]:
    """Return how many times a quarter was added to each KPI's cost, beginning at 1."""
    totals: dict[str, float] = {}
    for impact in impacts:
        total = impact.total - minutes_ago * impact.per_minute
        totals[impact.kpi] = totals.get(impact.kpi, 0.0) + total
    return {
        name: math.floor(math.log(total, _GROWTH)) for name, total in totals.items() if total > 0
    }
