"""Which cohort a loss belongs to: attributed once, at the coarsest level that tells the truth."""

from collections import defaultdict
from collections.abc import Callable, Sequence

from aiops.impact.loss import Loss, Span, together

_NOISE = 1.645
"""A loss with a symptom of its own counts from the upper end of a 90% interval of noise."""

_CLEAR = 3.0
"""Without one it must be clear, now or some minutes ago."""

_SHARPER = 1.15
"""A finer cohort is named when it is hit at least this much harder than the coarser one …"""

_MUCH_SHARPER = 1.5
"""… where it leaves nobody out: when all parts lose, that all lose is the news …"""

_EXPLAINED = 0.7
"""… and holds at least this share of the loss."""

Level = list[Loss]


def attribute(
    losses: Sequence[Loss], span: Span, minutes: float, *, additive: bool, confined: bool
) -> Level:
    """Return the cohorts that lose, none of which overlap.

    From all together over regions and segments to segments within regions: the coarsest level
    counts, unless a finer one is hit clearly harder and explains the loss ("EU -24%", not
    "all -12%"; "EU -24%", not every segment of EU by itself). A whole that nobody measures is the
    sum of its parts where its unit allows that.

    Args:
        losses: the KPI's series, whole and parts.
        span: over which rows.
        minutes: length of a row.
        additive: whether parts add up.
        confined: whether these are the series of some regions only, which make up no whole.
    """
    chosen: Level = []
    for level in _levels(losses, additive=additive, confined=confined):
        losing = [one for one in level if _loses(one, span, minutes)]
        bar = _SHARPER if len(losing) < len(level) else _MUCH_SHARPER
        if losing and (not chosen or _is_sharper(losing, chosen, bar, span, minutes)):
            chosen = losing
    return chosen


def _levels(losses: Sequence[Loss], *, additive: bool, confined: bool) -> tuple[Level, ...]:
    """Return the ways to part the whole, coarsest first; measured, else added up."""
    finest = [one for one in losses if one.region is not None and one.segment is not None]
    regions = [one for one in losses if one.region is not None and one.segment is None]
    segments = [one for one in losses if one.region is None and one.segment is not None]
    whole = [one for one in losses if one.region is None and one.segment is None]
    if additive:
        regions = regions or _summed(finest, lambda one: (one.region, None))
        parts = regions or segments
        if len(parts) > 1 and not whole and not confined:
            whole = _summed(parts, lambda _one: (None, None))
    return whole, regions, segments, finest


def _summed(
    parts: Sequence[Loss], cohort: Callable[[Loss], tuple[str | None, str | None]]
) -> Level:
    groups: defaultdict[tuple[str | None, str | None], list[Loss]] = defaultdict(list)
    for part in parts:
        groups[cohort(part)].append(part)
    return [
        together(group, region=region, segment=segment)
        for (region, segment), group in groups.items()
    ]


def _loses(loss: Loss, span: Span, minutes: float) -> bool:
    total = loss.total(span, minutes)
    if total <= 0.0:
        return False
    bar = _NOISE if loss.symptomatic else _CLEAR
    return total > bar * loss.deviation(span, minutes) or loss.clarity(span) > _CLEAR


def _is_sharper(finer: Level, coarser: Level, bar: float, span: Span, minutes: float) -> bool:
    held = sum(one.total(span, minutes) for one in finer)
    whole = sum(one.total(span, minutes) for one in coarser)
    if held < _EXPLAINED * whole:
        return False
    surely = max(_surely(one, span, minutes) for one in finer)
    return surely >= bar * max(abs(one.relative(span)) for one in coarser)


def _surely(loss: Loss, span: Span, minutes: float) -> float:
    """Return the relative loss less one standard deviation: a small noisy cohort proves little."""
    total = loss.total(span, minutes)
    return abs(loss.relative(span)) * (1.0 - loss.deviation(span, minutes) / total)
