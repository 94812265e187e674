"""Which cohort a loss belongs to: attributed once, at the coarsest level that tells the truth."""

from collections import defaultdict
from collections.abc import Callable, Sequence

from aiops.domain.series import Labels
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
Cohort = tuple[str | None, str | None, Labels]
"""Region, segment and further labels."""


def attribute(
    losses: Sequence[Loss], span: Span, minutes: float, *, additive: bool, confined: bool
) -> Level:
    """Return the cohorts that lose, none of which overlap.

    From all together over regions, segments and further labels to segments within regions: the
    coarsest level counts, unless a finer one is hit clearly harder and explains the loss ("EU
    -24%", not "all -12%"; "EU -24%", not every segment of EU by itself). A whole that nobody
    measures is the sum of its parts where its unit allows that.

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


def one_per_cohort(losses: Sequence[Loss], *, additive: bool) -> Level:
    """Return losses of which no two are of one cohort: a total, else the sum of its parts.

    Instances and operations part a cohort without being one. What does not add up stays apart.

    Args:
        losses: one by series.
        additive: whether parts add up.
    """
    groups: defaultdict[Cohort, list[Loss]] = defaultdict(list)
    for one in losses:
        groups[one.region, one.segment, one.labels].append(one)
    kept: Level = []
    for (region, segment, labels), parts in groups.items():
        fewest = min(one.further for one in parts)
        whole = [one for one in parts if one.further == fewest]
        is_sum = additive and len(whole) > 1
        kept += (
            [together(whole, region=region, segment=segment, labels=labels)] if is_sum else whole
        )
    return kept


def _levels(losses: Sequence[Loss], *, additive: bool, confined: bool) -> tuple[Level, ...]:
    """Return the ways to part the whole, coarsest first; measured, else added up."""
    plain = [one for one in losses if not one.labels]
    if additive and not plain:
        plain = _summed(losses, lambda one: (one.region, one.segment, ()))
    finest = [one for one in plain if one.region is not None and one.segment is not None]
    regions = [one for one in plain if one.region is not None and one.segment is None]
    segments = [one for one in plain if one.region is None and one.segment is not None]
    whole = [one for one in plain if one.region is None and one.segment is None]
    if additive:
        regions = regions or _summed(finest, lambda one: (one.region, None, ()))
        parts = regions or segments
        if len(parts) > 1 and not whole and not confined:
            whole = _summed(parts, lambda _one: (None, None, ()))
    named = sorted({name for one in losses for name, _ in one.labels})
    by_label = [_by_label(losses, name, additive=additive and not confined) for name in named]
    within = [_within_regions(losses, name) for name in named]
    return whole, regions, segments, *by_label, finest, *within


def _by_label(losses: Sequence[Loss], name: str, *, additive: bool) -> Level:
    """Return the parts by one label over everything else: measured, else added up."""
    having = [one for one in losses if name in dict(one.labels)]
    alone = [one for one in having if _dimensions(one) == (name,)]
    if alone or not additive or not having:
        return alone
    coarsest = min((len(_dimensions(one)), _dimensions(one)) for one in having)[1]
    return _summed(
        [one for one in having if _dimensions(one) == coarsest],
        lambda one: (None, None, ((name, dict(one.labels)[name]),)),
    )


def _within_regions(losses: Sequence[Loss], name: str) -> Level:
    """Return the parts by one label within regions, as they are measured."""
    return [one for one in losses if _dimensions(one) == tuple(sorted((name, "region")))]


def _dimensions(loss: Loss) -> tuple[str, ...]:
    """Return by what a cohort is parted from the whole, sorted."""
    names = [name for name, _ in loss.labels]
    names += ["region"] * (loss.region is not None) + ["segment"] * (loss.segment is not None)
    return tuple(sorted(names))


def _summed(parts: Sequence[Loss], cohort: Callable[[Loss], Cohort]) -> Level:
    groups: defaultdict[Cohort, list[Loss]] = defaultdict(list)
    for part in parts:
        groups[cohort(part)].append(part)
    return [
        together(group, region=region, segment=segment, labels=labels)
        for (region, segment, labels), group in groups.items()
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
