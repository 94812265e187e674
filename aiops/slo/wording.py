"""How journeys stand, in words: for the console and the command line."""

from aiops.domain.figures import format_share
from aiops.domain.slos import Sli
from aiops.slo.standing import JourneyStanding, Level, PartStanding, SloStanding

_WHOLE = 1.0


def standing_words(standing: JourneyStanding) -> str:
    """Return how a journey stands in one line: the first of its SLOs."""
    return f"{standing.journey}: {slo_words(standing.slos[0])}"


def slo_words(one: SloStanding) -> str:
    """Return an SLO with what was measured, as in "99.71% available over 28 days (99.5% promised)".

    What nobody measured is said to be unknown, what is young or assumed says so.
    """
    slo, level = one.slo, one.level
    verb = "assumed" if slo.assumed else "promised"
    target = f"{format_share(slo.objective)} {verb}"
    if level.good_share is None:
        return f"{slo.sli.value} unknown: nothing measured it in {slo.window_days} days ({target})"
    what = "available" if slo.sli is Sli.AVAILABILITY else "in time"
    where = f" at {slo.service}" if slo.service else ""
    share = format_share(level.good_share)
    return f"{share} {what}{where} over {_span(one)} ({target}), {budget_words(one)}"


def budget_words(one: SloStanding) -> str:
    """Return what is left of an SLO's budget, as in "58% of its error budget spent"."""
    if one.spent is None:
        return "its error budget is unknown"
    if one.spent < _WHOLE:
        return f"{100 * one.spent:.2g}% of its error budget spent"
    return f"its error budget is spent {one.spent:.1f} times over"


def part_words(one: PartStanding) -> str:
    """Return what a step or service is called, as in "step /checkout of shop"."""
    place = one.part.place
    if not one.part.is_step:
        return place.service
    return f"{place.operation} of {place.service}" if place.operation else place.service


def share_or_unknown(share: float | None) -> str:
    """Return a share as people write it, or that nobody measured it."""
    return "not measured" if share is None else format_share(share)


def is_missed(one: SloStanding) -> bool:
    """Return whether more of the budget is spent than there is."""
    return one.spent is not None and one.spent >= _WHOLE


def _span(one: SloStanding) -> str:
    days, level = one.slo.window_days, one.level
    return f"{days} days" if level.known_days >= days - 1 else f"{_known(level)} of {days} days"


def _known(level: Level) -> str:
    """Return how much of a window of days was measured, as in "21" or "5 h"."""
    known = level.known_days
    return f"{24 * known:.0f} h" if known < 1 else f"{known:.0f}"
