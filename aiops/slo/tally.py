"""Counting an indicator while an incident lasts: little by little, each tick once. Pure."""

from datetime import datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from aiops.domain.slos import Tally
from aiops.domain.time import utc
from aiops.slo.indicator import Track

BURN_WINDOWS: Final = (timedelta(hours=1), timedelta(minutes=5))
"""A long and a short one: a budget burns while both say so (REQUIREMENTS, tension 2)."""

_LEAST_BEFORE: Final = 10
"""Ticks before onset without which nobody knows what is usual."""

_NOISE: Final = 4.0
"""Robust standard deviations by which something must be worse than before."""

_TO_SIGMA: Final = 1.4826

Rows = npt.NDArray[np.bool_]


def tally(track: Track, since: datetime, end: datetime, known: Tally | None) -> Tally | None:
    """Return the events from onset to the end; what was counted before is not read again.

    bad = Σ (bad events - usual share · events), the usual share being the median before onset.

    Args:
        track: the indicator, from before `since`, or before what was counted last.
        since: the onset, aware UTC.
        end: the last tick to count.
        known: what was counted so far; None: nothing.

    Returns:
        None where it is not known what is usual, or nothing was measured since.
    """
    shares = track.bad_share
    if known is None:
        usual_of = shares[(track.times < since.timestamp()) & np.isfinite(shares)]
        if len(usual_of) < _LEAST_BEFORE:
            return None
        usual, after = float(np.median(usual_of)), track.times >= since.timestamp()
    else:
        usual, after = known.usual, track.times > known.until.timestamp()
    rows = after & (track.times <= end.timestamp()) & np.isfinite(track.total)
    if not rows.any():
        return known
    events, bad = float(track.total[rows].sum()), float(track.bad[rows].sum())
    so_far = (known.events, known.bad) if known else (0.0, 0.0)
    return Tally(
        since=since,
        until=utc(int(track.times[rows][-1])),
        events=so_far[0] + events,
        bad=max(so_far[1] + bad - usual * events, 0.0),
        usual=usual,
    )


def burn_rate(track: Track, budget: float, end: datetime) -> float:
    """Return how many times faster than allowed a budget is spent at a moment.

    That is the lesser of a long and a short window. Ticks of a window that were not measured count
    as good ones like the others, so a few samples are never taken for an hour.

    Args:
        track: the indicator.
        budget: the share of events that may be bad, in (0, 1).
        end: the moment, aware UTC.

    References:
        Google, The Site Reliability Workbook, "Alerting on SLOs", multi-window burn rates.
    """
    rates = []
    for window in BURN_WINDOWS:
        inside = (track.times > (end - window).timestamp()) & (track.times <= end.timestamp())
        known = inside & np.isfinite(track.total)
        ticks = window.total_seconds() / track.step_seconds
        total = float(track.total[known].sum()) * max(ticks / max(known.sum(), 1), 1.0)
        rates.append(float(track.bad[known].sum()) / total / budget if total > 0 else 0.0)
    return min(rates)


def is_clearly_worse(track: Track, counted: Tally) -> bool:
    """Return whether more fails than noise explains, and at least twice as much as usual."""
    before = track.bad_share[track.times < counted.since.timestamp()]
    before = before[np.isfinite(before)]
    noise = _TO_SIGMA * float(np.median(np.abs(before - counted.usual))) if len(before) else 0.0
    failing = 1.0 - counted.good_share
    return failing > 2 * counted.usual and failing - counted.usual > _NOISE * noise
