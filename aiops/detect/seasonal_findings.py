"""What is said of the few series outside: by the band, by sums of ticks, by their own past."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from aiops.detect.own_past_alerts import RELEASE
from aiops.detect.protocol import Frame, Memory, Verdict
from aiops.detect.seasonal_score import Sums, bad_part
from aiops.detect.traits import Bools, Slots
from aiops.detect.unusual import against_own_past
from aiops.domain.ticks import Packed

_FARTHEST = np.float32(100.0)
_BACK_SHARE = np.float32(0.6)
_BACK_SMOOTH = 1.5
_AT_BAR = np.float32(7.0)
"""Distance in scales that a value at the bar of its own past is worth."""

_AWAY = 2.0
"""Distance in scales below which a value is as usual, whatever was before."""


@dataclass(slots=True, kw_only=True, eq=False)
class _Findings:
    """A verdict on some slots, while it is being made; every array has shape (slots,)."""

    outside: Bools
    certain: Bools
    strength: Packed
    direction: npt.NDArray[np.int8]
    expected: Packed
    low: Packed
    high: Packed
    since: npt.NDArray[np.int64]
    remains: Packed


_NOBODY, _NOWHERE = np.zeros(0, dtype=np.bool_), np.zeros(0, dtype=np.float32)
_NOTHING = _Findings(
    outside=_NOBODY,
    certain=_NOBODY,
    strength=_NOWHERE,
    direction=np.zeros(0, dtype=np.int8),
    expected=_NOWHERE,
    low=_NOWHERE,
    high=_NOWHERE,
    since=np.zeros(0, dtype=np.int64),
    remains=_NOWHERE,
)


def verdict_of(frame: Frame, sums: Sums, memory: Memory, held: Bools) -> Verdict:
    """Return the verdict on a tick."""
    count, band, past = len(sums.bad), sums.band, sums.past
    outside = sums.bad >= sums.bar
    slots = _worth_a_look(frame, sums, held | outside)
    low, high = band.ends(sums.bar)
    found = _found(frame, sums, slots, low[slots], high[slots]) if len(slots) else _NOTHING
    low[slots], high[slots] = found.low, found.high
    outside[slots] = found.outside
    return Verdict(
        measured=sums.measured,
        outside=outside,
        certain=_at(slots, found.certain, count),
        back=_at(slots, found.remains < _BACK_SMOOTH, count),
        strength=_at(slots, found.strength, count),
        direction=_at(slots, found.direction, count),
        observed=sums.values,
        expected=_put(band.centre, slots, found.expected),
        low=low,
        high=high,
        since=_at(slots, found.since, count),
        young=sums.young,
        remains=_at(slots, found.remains, count),
        usual=band.usual,
        scale=band.scale,
        ratio=past.ratio,
        lately=memory["mean"],
        own_past=against_own_past(
            slots[found.outside | found.certain], past, memory["boost"], sums.factor
        ),
        working={"sums": sums},
    )


def _worth_a_look(frame: Frame, sums: Sums, some: Bools) -> Slots:
    """Return the slots of which anything may be said, `some` among them."""
    policy, evidence = frame.policy, sums.evidence
    least = np.float32(min(policy.sustained_bar, policy.sensitive_sustained_bar)) * sums.factor
    lasting = np.maximum(evidence[0], evidence[1]) >= least
    return np.flatnonzero(some | lasting | (sums.past.ratio >= np.float32(RELEASE)))


def _found(frame: Frame, sums: Sums, slots: Slots, low: Packed, high: Packed) -> _Findings:
    found = _by_season(frame, sums, slots, low, high)
    _by_own_past(frame, sums, slots, found)
    return found


def _by_season(frame: Frame, sums: Sums, slots: Slots, low: Packed, high: Packed) -> _Findings:
    policy, traits, band = frame.policy, frame.traits, sums.band
    bad, (up, down) = sums.bad[slots], sums.evidence[:, slots]
    factor = _of(sums.factor, slots)
    bar, most, sensitive = np.float32(policy.bar) * factor, np.maximum(up, down), traits.sensitive
    keen = sensitive[slots] & ~sums.young[slots]
    lasting_bar = np.where(keen, policy.sensitive_sustained_bar, policy.sustained_bar)
    sustained = most >= lasting_bar.astype(np.float32) * factor
    extreme = sensitive[slots] & (bad >= np.float32(policy.extreme_bar) * factor)
    falling = down > up
    rising = np.where(falling, sums.rising[1, slots], sums.rising[0, slots]).astype(np.int64)
    since = frame.at - (rising - 1) * frame.step_seconds
    worse = traits.worse[:, slots]
    plain = bad_part(band.plainly_away(sums.values, slots), worse)
    return _Findings(
        outside=bad >= bar,
        certain=sums.measured[slots] & (extreme | sustained),
        strength=np.maximum(np.minimum(bad, _FARTHEST), np.where(sustained, most, 0)),
        direction=np.where(
            np.where(bad > 0, sums.distance[slots] < 0, falling), np.int8(-1), np.int8(1)
        ),
        expected=band.centre[slots],
        low=low,
        high=high,
        since=np.where(sustained & ~extreme, since, 0),
        remains=np.where(
            plain < _BACK_SHARE * bar, bad_part(sums.smooth[slots], worse), np.float32(np.inf)
        ),
    )


def _by_own_past(frame: Frame, sums: Sums, slots: Slots, found: _Findings) -> None:
    """Add what the series' own past says: a further reason to open, or to keep it.

    Where nothing is known of a series any change is news, and one tick of it suffices: nobody is
    paged for it alone. Others wait until it is no blip, and the way back to the usual is no news.
    """
    traits, past = frame.traits, sums.past.at(slots)
    hurts = np.where(past.change > 0, traits.up[slots], traits.down[slots])
    unknown = traits.unknown[slots]
    away = unknown | (sums.bad[slots] >= _AWAY)
    stays = sums.measured[slots] & hurts & away & (past.ratio >= np.float32(RELEASE))
    news = stays & (past.ratio >= 1)
    alone = np.flatnonzero(news & ~(found.outside | found.certain))
    at_once = news & (unknown | past.slower)
    found.outside |= at_once | (news & past.lasting)
    found.certain |= at_once
    found.remains[stays] = np.inf
    strength = np.minimum(_AT_BAR * past.ratio[alone], _FARTHEST)
    found.strength[alone] = np.maximum(found.strength[alone], strength)
    found.direction[alone] = np.where(past.change[alone] > 0, 1, -1)
    found.expected[alone] = past.expected[alone]
    found.low[alone] = past.expected[alone] - past.band[alone]
    found.high[alone] = past.expected[alone] + past.band[alone]
    found.since[alone] = 0


def _of(factor: Packed | np.float32, slots: Slots) -> Packed:
    return factor[slots] if isinstance(factor, np.ndarray) else np.full(len(slots), factor)


def _at(slots: Slots, values: npt.NDArray[Any], count: int) -> npt.NDArray[Any]:
    """Return an array of `count` in which all but these slots are 0."""
    whole = np.zeros(count, dtype=values.dtype)
    whole[slots] = values
    return whole


def _put(array: Packed, slots: Slots, values: Packed) -> Packed:
    """Return a copy with other values at some slots."""
    changed = array.copy()
    changed[slots] = values
    return changed
