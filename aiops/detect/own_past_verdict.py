"""What a series' own past adds to a verdict: a further reason to open a symptom, or to keep it."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from aiops.detect.own_past import Surprise
from aiops.detect.own_past_alerts import RELEASE
from aiops.detect.protocol import Verdict
from aiops.detect.traits import Slots, Traits

_AT_BAR = 7.0
"""Distance in scales that a value at the bar of its own past is worth."""

_FARTHEST = 100.0
_AWAY = 2.0
"""Distance in scales below which a value is as usual, whatever was before."""


def with_news(verdict: Verdict, past: Surprise, traits: Traits) -> Verdict:
    """Return the verdict with what the series' own past says: a further reason to open.

    Where nothing is known of a series any change is news, and one tick of it suffices: nobody is
    paged for it alone. Others wait until it is no blip, and the way back to the usual is no news.
    """
    hurts = np.where(past.change > 0, traits.up, traits.down)
    away = traits.unknown | (verdict.working["bad"] >= _AWAY)
    slots = np.flatnonzero(verdict.measured & hurts & away & (past.ratio >= RELEASE))
    if not len(slots):
        return verdict
    news = slots[past.ratio[slots] >= 1]
    lasting = news[past.lasting[news]]
    alone = news[~(verdict.outside[news] | verdict.certain[news])]
    expected, band = past.expected[alone], past.band[alone]
    at_once = news[traits.unknown[news] | past.slower[news]]
    strength = np.minimum(_AT_BAR * past.ratio[alone], _FARTHEST)
    remains = None if verdict.remains is None else _put(verdict.remains, slots, np.inf)
    return replace(
        verdict,
        outside=_put(verdict.outside, np.union1d(lasting, at_once), True),
        certain=_put(verdict.certain, at_once, True),
        back=_put(verdict.back, slots, False),
        remains=remains,
        strength=_put(verdict.strength, alone, np.maximum(verdict.strength[alone], strength)),
        direction=_put(verdict.direction, alone, np.where(past.change[alone] > 0, 1, -1)),
        expected=_put(verdict.expected, alone, expected),
        low=_put(verdict.low, alone, expected - band),
        high=_put(verdict.high, alone, expected + band),
        since=_put(verdict.since, alone, 0),
    )


def _put(array: npt.NDArray[Any], slots: Slots, values: Any) -> npt.NDArray[Any]:
    """Return a copy with other values at some slots."""
    changed = array.copy()
    changed[slots] = values
    return changed
