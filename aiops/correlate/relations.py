"""What relates two bundles: time, cohort, and the way trouble and load travel along a call."""

from aiops.correlate.bundles import BLIP_SECONDS, Bundle
from aiops.domain.policies import CorrelatePolicy
from aiops.domain.series import Direction, Family

LAG_SECONDS = 300
"""An effect may show this long before its cause: a caller's error ratio is often more sensitive
than the latency or saturation of what failed, and low traffic delays an onset by minutes."""

CLOSE_SECONDS = 120
"""Two ticks of one-minute data: closer than this counts as the same moment."""

MOMENT_SECONDS = 600
"""One thing behind several troubles shows within minutes: two ticks of five-minute data."""

SAME_ROOT_SECONDS = 300
"""One fault shows in a busy region first; the quiet one follows within minutes."""

_LOAD = (Family.TRAFFIC, Direction.UP)
_STARVED = (Family.TRAFFIC, Direction.DOWN)


def apart(first: Bundle, second: Bundle) -> float:
    """Return the seconds between the onsets of two bundles, 0 where they overlap."""
    return max(0.0, first.first - second.last, second.first - first.last)


def concurrent(first: Bundle, second: Bundle, policy: CorrelatePolicy, *, same_place: bool) -> bool:
    """Tell whether two bundles are close enough in time to be one problem.

    Fresh ones by their onsets alone, two blips only if they are of the same moment. One that
    belongs to a live incident also takes what begins while it still goes on: without limit in the
    same place, for `late_seconds` elsewhere.
    """
    window = BLIP_SECONDS if first.is_blip and second.is_blip else policy.window_seconds
    if apart(first, second) <= window:
        return True
    early, late = sorted((first, second), key=lambda bundle: bundle.first)
    if early.until is None or late.first > early.until + policy.window_seconds:
        return False
    return same_place or late.first - early.first <= policy.late_seconds


def share_cohort(first: Bundle, second: Bundle) -> bool:
    """Tell whether the same users may meet both: one environment, no two regions or segments."""
    same_segment = first.segment is None or second.segment in (None, first.segment)
    return share_region(first, second) and same_segment


def share_region(first: Bundle, second: Bundle) -> bool:
    """Tell whether both may be of one region: one environment, no two regions."""
    same_region = first.region is None or second.region in (None, first.region)
    return first.env == second.env and same_region


def trouble_travels(callee: Bundle, caller: Bundle) -> bool:
    """Tell whether trouble of the callee can be what the caller shows.

    It fails, is slow or full, so callers fail, are slow, fill up, or lose their users. More
    traffic at the caller is no effect of it.
    """
    in_order = callee.first <= caller.first + LAG_SECONDS
    return in_order and callee.has_trouble and caller.signs != {_LOAD}


def costs(trouble: Bundle, kpi: Bundle) -> bool:
    """Tell whether a business number can have moved because of technical trouble before it.

    More requests alone cost nothing; fewer may be the loss itself.
    """
    return trouble.first <= kpi.last + LAG_SECONDS and trouble.signs != {_LOAD}


def load_travels(caller: Bundle, callee: Bundle) -> bool:
    """Tell whether what the callee shows can come from what its caller does to it.

    More requests load it; a failing caller retries (more) or gives up before it calls (fewer).
    """
    if caller.first > callee.first + LAG_SECONDS:
        return False
    if _LOAD in caller.signs:
        return _STARVED not in callee.signs or callee.has_trouble
    if _STARVED in callee.signs:
        return True
    return _LOAD in callee.signs and caller.has_trouble
