"""How much one KPI series, or a sum of them, lost against its own expectation."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, sqrt

import numpy as np
import numpy.typing as npt

from aiops.domain.series import Labels
from aiops.domain.ticks import Floats, KpiWindow

Rows = npt.NDArray[np.bool_]

LEVEL_SECONDS = 3600
"""The level is frozen over this long before onset."""

_WANDER_SECONDS = 900
"""A level wanders: how much is seen from quarter hour to quarter hour in two hours before."""

_LEVEL_TICKS = 10
"""With fewer readings before onset the profile is taken as it is."""

_LEAST_BLOCKS = 4
_LEVEL_LOW, _LEVEL_HIGH = 0.5, 2.0
_OUTLIER = 5.0
_NEARLY_ALL = 0.95
_SHARES_AND_TIMES = frozenset({"1", "ratio", "%", "percent", "s", "ms", "us", "ns"})
_RATE_TICKS = 5
_LEAST_DEVIATION = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Rows of a KPI window: onset of the incident, start, end and worst end of the loss.

    Args:
        frozen: rows before this one set the level.
        begin: first row of the loss.
        end: one past the last row of the loss.
        rate_end: one past the last row outside the band; the rate per minute is read there.
    """

    frozen: int
    begin: int
    end: int
    rate_end: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Loss:
    """What a cohort loses by tick.

    Gaps inside are interpolated; before the first and after the last reading nothing is counted:
    what was never measured is not claimed.

    Args:
        region: the cohort's region; None means all.
        segment: the cohort's segment; None means all.
        labels: further labels of the cohort, those that are declared to part customers.
        further: how many labels it has beside; a series with fewer is the whole of it.
        sign: 1 where falling hurts, -1 where rising hurts.
        lost: loss per minute by row, 0 where nothing is counted.
        expected: expectation at the frozen level by row, 0 where nothing is counted.
        counted: rows that count.
        variance: of one row's loss, by row.
        level_error: relative standard error of the frozen level, in units of `expected`.
        symptomatic: whether a symptom of its own was found.
    """

    region: str | None
    segment: str | None
    labels: Labels
    further: int
    sign: int
    lost: Floats
    expected: Floats
    counted: Rows
    variance: Floats
    level_error: Floats
    symptomatic: bool

    def total(self, span: Span, minutes: float) -> float:
        """Return the loss over the span, in the KPI's unit; below 0 where it gained."""
        return float(self.lost[span.begin : span.end].sum() * minutes)

    def relative(self, span: Span) -> float:
        """Return the change against expectation while the loss lasted, as in -0.24; 0.0 without.

        Ticks at the end that add nothing any more are recovery: they would dilute it.
        """
        so_far = np.cumsum(self.lost[span.begin : span.end])
        if not len(so_far):
            return 0.0
        lasted = 1 + int(np.argmax(so_far >= _NEARLY_ALL * so_far.max()))
        rows = slice(span.begin, span.begin + lasted if so_far[-1] > 0 else span.end)
        expected = float(self.expected[rows].sum())
        return -self.sign * float(self.lost[rows].sum()) / expected if expected > 0.0 else 0.0

    def deviation(self, span: Span, minutes: float) -> float:
        """Return the standard deviation of `total`: independent noise, and the level's error."""
        rows = slice(span.begin, span.end)
        noise = float(self.variance[rows].sum())
        level = float((self.level_error[rows]).sum())
        return sqrt(noise + level * level) * minutes

    def clarity(self, span: Span) -> float:
        """Return the most standard deviations by which the loss stood out at any time, ≥ 0.

        What was clear once is not taken back when the error of the level outgrows it.
        """
        rows = slice(span.begin, span.end)
        level = np.cumsum(self.level_error[rows])
        deviation = np.sqrt(np.cumsum(self.variance[rows]) + level * level)
        clear = np.cumsum(self.lost[rows])[_RATE_TICKS - 1 :] / np.maximum(
            deviation[_RATE_TICKS - 1 :], _LEAST_DEVIATION
        )
        return max(float(clear.max()), 0.0) if len(clear) else 0.0

    def per_minute(self, span: Span) -> float:
        """Return the mean loss per minute over the last ticks of the span, ≥ 0."""
        rows = np.flatnonzero(self.counted[span.begin : span.rate_end])[-_RATE_TICKS:]
        if not len(rows):
            return 0.0
        return max(float(self.lost[span.begin : span.rate_end][rows].mean()), 0.0)


def measure(
    window: KpiWindow,
    column: int,
    frozen: int,
    *,
    falls: bool,
    symptomatic: bool,
    cohorts: Sequence[str] = (),
) -> Loss | None:
    """Return what one series loses by tick, or None where nothing was measured or expected.

    Args:
        window: readings from before onset until now.
        column: which of its series.
        frozen: rows before this one set the level.
        falls: whether falling hurts; else rising does.
        symptomatic: whether a symptom of this very series was found.
        cohorts: names of the further labels that part customers.
    """
    observed, profile = window.observed[:, column], window.expected[:, column]
    scale = np.nan_to_num(window.scale[:, column], nan=0.0)
    known = np.isfinite(observed) & np.isfinite(profile)
    if not known[frozen:].any():
        return None
    before = slice(max(frozen - LEVEL_SECONDS // window.step_seconds, 0), frozen)
    level, error = _level(observed[before], profile[before], scale[before])
    before = slice(max(frozen - 2 * LEVEL_SECONDS // window.step_seconds, 0), frozen)
    rows = max(_WANDER_SECONDS // window.step_seconds, 1)
    error = hypot(error, level * _wander(observed[before], profile[before], scale[before], rows))
    sign = 1 if falls else -1
    expected = _between(profile * level, known)
    lost = _between(sign * (profile * level - observed), known)
    counted = _inside(known)
    key = window.series[column].key
    return Loss(
        region=key.region,
        segment=key.segment,
        labels=tuple((name, value) for name, value in key.labels if name in cohorts),
        further=sum(name not in cohorts for name, _ in key.labels),
        sign=sign,
        lost=np.where(counted, lost, 0.0),
        expected=np.where(counted, expected, 0.0),
        counted=counted,
        variance=np.where(counted, scale**2, 0.0),
        level_error=np.where(counted, expected * error / level, 0.0),
        symptomatic=symptomatic,
    )


def together(
    parts: Sequence[Loss], *, region: str | None, segment: str | None, labels: Labels = ()
) -> Loss:
    """Return the loss of a cohort as the sum of its parts."""
    return Loss(
        region=region,
        segment=segment,
        labels=labels,
        further=0,
        sign=parts[0].sign,
        lost=np.sum([part.lost for part in parts], axis=0),
        expected=np.sum([part.expected for part in parts], axis=0),
        counted=np.any([part.counted for part in parts], axis=0),
        variance=np.sum([part.variance for part in parts], axis=0),
        level_error=np.sqrt(np.sum([part.level_error**2 for part in parts], axis=0)),
        symptomatic=any(part.symptomatic for part in parts),
    )


def is_additive(unit: str) -> bool:
    """Return whether the values of parts add up to the value of the whole.

    Examples:
        >>> is_additive("EUR"), is_additive("1"), is_additive("ms")
        (True, False, False)
    """
    return unit not in _SHARES_AND_TIMES


def _level(observed: Floats, profile: Floats, scale: Floats) -> tuple[float, float]:
    """Return observed/expected as a ratio of sums without outliers, and its standard error."""
    known = np.isfinite(observed) & np.isfinite(profile) & (profile > 0.0)
    if known.sum() < _LEVEL_TICKS:
        return 1.0, 0.0
    observed, profile, scale = observed[known], profile[known], scale[known]
    usual = float(np.median(observed / profile))
    calm = np.abs(observed - usual * profile) <= _OUTLIER * scale
    if calm.sum() >= _LEVEL_TICKS:
        observed, profile, scale = observed[calm], profile[calm], scale[calm]
    base = float(profile.sum())
    level = float(np.clip(observed.sum() / base, _LEVEL_LOW, _LEVEL_HIGH))
    return level, sqrt(float((scale**2).sum())) / base


def _wander(observed: Floats, profile: Floats, scale: Floats, rows: int) -> float:
    """Return the relative standard deviation of the level beyond what noise explains, ≥ 0.

    Args:
        observed: readings before onset.
        profile: what was expected of them.
        scale: their noise.
        rows: so many of them make a block; with fewer than two blocks nothing is known.
    """
    known = np.isfinite(observed) & np.isfinite(profile) & (profile > 0.0)
    calm = known & (np.abs(observed - profile) <= _OUTLIER * scale)
    count = int(calm.sum()) // rows
    if count < _LEAST_BLOCKS:
        return 0.0
    shape = (count, rows)
    parts = [one[calm][-count * rows :].reshape(shape) for one in (observed, profile, scale)]
    sums = [part.sum(axis=1) for part in parts[:2]]
    noise = np.sqrt((parts[2] ** 2).sum(axis=1)) / sums[1]
    spread = float(np.var(sums[0] / sums[1], ddof=1)) - float((noise**2).mean())
    return sqrt(max(spread, 0.0))


def _between(values: Floats, known: Rows) -> Floats:
    """Return the values with gaps interpolated."""
    rows = np.arange(len(values))
    return np.interp(rows, rows[known], values[known])


def _inside(
    known: Rows,
) -> Rows:
    """Return the rows from the first to the last reading."""
    rows = np.flatnonzero(known)
    inside: Rows = np.zeros(len(known), dtype=np.bool_)
    inside[rows[0] : rows[-1] + 1] = True
    return inside
