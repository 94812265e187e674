"""One tick against season, level and drift: the sums that every series needs at every tick.

    distance = (value - expected - drift) / scale                (drift: half an hour's, ≤ 2 scales)
    evidence = max(0, evidence + clip(distance) * trust - slack) (CUSUM, for lasting shifts)

Whole rows, few operations: a shard is scored in about a millisecond. What is said of the few
series outside is worked out in `seasonal_findings`.

References:
    E. S. Page, "Continuous inspection schemes", Biometrika 41 (1954).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aiops.detect.band import Band, band_at
from aiops.detect.importance import current_factors
from aiops.detect.own_past import Surprise, surprise
from aiops.detect.protocol import Frame, Memory
from aiops.detect.season_medians import YOUNG
from aiops.detect.traits import Bools
from aiops.domain.ticks import Packed

_CLIP = np.float32(4.0)
_SMOOTHING = np.float32(0.25)
_LEAST_VALUES = 8
_LONGEST_RISE = 60_000
_ONE = np.float32(1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sums:
    """A tick in scales; every array has shape (series,).

    Args:
        young: series with less than one season to compare with.
        measured: series that have a value, and enough of them before it.
        values: of the tick; the expected one where nothing was measured.
        band: what they are compared with.
        distance: from it, in scales.
        bad: how far in a direction that hurts, ≥ 0.
        factors: on the bars, of series that people marked, as they are remembered.
        factor: the same, for multiplication.
        bar: at which a tick counts as outside.
        evidence: for a shift (up, down), shape (2, series).
        rising: ticks it has been rising for, shape (2, series).
        smooth: recent distance.
        past: what the tick is to the series' own past.
    """

    young: Bools
    measured: Bools
    values: Packed
    band: Band
    distance: Packed
    bad: Packed
    factors: Memory
    factor: Packed | np.float32
    bar: Packed | np.float32
    evidence: Packed
    rising: npt.NDArray[np.uint16]
    smooth: Packed
    past: Surprise


def sums_of(frame: Frame, fitted: Memory, memory: Memory) -> Sums:
    """Compare a tick with what was known before it."""
    young = fitted["kind"] == YOUNG
    band = band_at(fitted, memory, frame, young)
    measured = frame.measured
    if young.any():
        measured = measured & (~young | (memory["seen"] >= _LEAST_VALUES))
    whole = frame.complete and bool(measured.all())
    values = frame.values if whole else np.where(measured, frame.values, band.centre)
    distance = band.away(values) / band.scale
    factors = current_factors(frame, memory)
    factor = factors["factor"] if factors["factor_version"].any() else _ONE
    tame = np.minimum(np.maximum(distance, -_CLIP), _CLIP)
    evidence, rising = _shift(frame, memory, tame * fitted["trust"])
    smooth = memory["smooth"] + _SMOOTHING * (tame - memory["smooth"])
    if not whole:
        evidence = np.where(measured, evidence, memory["evidence"])
        smooth = np.where(measured, smooth, memory["smooth"])
    return Sums(
        young=young,
        measured=measured,
        values=values,
        band=band,
        distance=distance,
        bad=bad_part(distance, frame.traits.worse),
        factors=factors,
        factor=factor,
        bar=np.float32(frame.policy.bar) * factor,
        evidence=evidence,
        rising=rising * (evidence > 0),
        smooth=smooth,
        past=surprise(frame, memory, band.season, factor),
    )


def bad_part(distance: Packed, worse: Packed) -> Packed:
    """Return how far a value is away in a direction that hurts, ≥ 0."""
    return np.asarray(np.maximum(distance * worse[0], distance * worse[1]))


def _shift(frame: Frame, memory: Memory, trusted: Packed) -> tuple[Packed, npt.NDArray[np.uint16]]:
    """Return evidence for a shift (up, down), and the ticks it would have been rising for.

    What was not rising before a gap in the telemetry did not begin to in the gap.
    """
    policy = frame.policy
    grown = np.empty_like(memory["evidence"])
    np.add(memory["evidence"][0], trusted, out=grown[0])
    np.subtract(memory["evidence"][1], trusted, out=grown[1])
    grown -= np.float32(policy.sustained_slack)
    np.maximum(grown, np.float32(0), out=grown)
    np.minimum(grown, np.float32(2 * policy.sustained_bar), out=grown)
    grown[0] *= frame.traits.worse[0]
    grown[1] *= -frame.traits.worse[1]
    ticks = min(max(1, frame.elapsed_seconds // frame.step_seconds), _LONGEST_RISE)
    longest = np.uint16(_LONGEST_RISE - ticks)
    rising = np.minimum(memory["rising"], longest) + np.uint16(ticks)
    if ticks > 1:
        rising[memory["rising"] == 0] = 1
    return grown, rising
