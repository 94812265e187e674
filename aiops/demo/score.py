"""Scores the incidents of cases: how many, whose fault, whom they hit and what they cost."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from aiops.demo.cases import Case
from aiops.demo.finding import Finding
from aiops.demo.judge import Match, is_right_cause, match
from aiops.demo.staging import CaseKind

CLEAR_LOSS: Final = 0.15
"""Smaller relative losses drown in noise: their cost is not judged."""

_BINS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What became of one case.

    Args:
        kind: of the case.
        seed: of the case.
        problems: pages and tickets that stand for a problem of their own.
        faults: what really happened; equal to `problems` when the number is right.
        pages: how many of them woke somebody.
        cause_right: by fault, whether the first cause is right; False where it was not found.
        culprit_right: the same for the change, of faults that have one.
        innocent_blamed: problems that blame a change though no change is guilty of their fault.
        regions: by found fault, Jaccard index of the regions told and hit.
        segments: the same for customer segments.
        money_error: by fault with a clear loss of money, what its incidents tell over true, less 1.
        confidences: (confidence of a first cause, whether it is right).
        repeat_told: for a relapse, whether the second incident says that it repeats the first.
    """

    kind: CaseKind
    seed: int
    problems: int
    faults: int
    pages: int
    cause_right: tuple[bool, ...] = ()
    culprit_right: tuple[bool, ...] = ()
    innocent_blamed: int = 0
    regions: tuple[float, ...] = ()
    segments: tuple[float, ...] = ()
    money_error: tuple[float, ...] = ()
    confidences: tuple[tuple[float, bool], ...] = ()
    repeat_told: bool | None = None

    @property
    def is_count_right(self) -> bool:
        """Whether there are as many problems as faults; on a calm day: whether nobody is paged."""
        return self.problems == self.faults if self.faults else not self.pages


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The figures of many cases; None where there was nothing to judge.

    Args:
        cases: how many.
        exact_count: share with exactly the right number of incidents.
        cause_top1: share of faults whose first cause is the right service.
        culprit_change_top1: share of faults with a change that name it first.
        innocent_blamed: incidents that blame a change though none is guilty.
        pages_on_calm_days: pages where nothing was wrong.
        regions_jaccard: mean over found faults.
        segments_jaccard: mean over found faults.
        money_error: median of |told / true - 1| over faults that cost 15% or more.
        repeats_told: share of relapses that are told as such.
        confidence_error: expected calibration error of the first cause's confidence.
    """

    cases: int
    exact_count: float | None
    cause_top1: float | None
    culprit_change_top1: float | None
    innocent_blamed: int
    pages_on_calm_days: int
    regions_jaccard: float | None
    segments_jaccard: float | None
    money_error: float | None
    repeats_told: float | None
    confidence_error: float | None


def score(case: Case, incidents: Iterable[Mapping[str, Any]]) -> Score:
    """Return what became of a case.

    Args:
        case: with its faults.
        incidents: entries of `incidents.json`, one per episode.
    """
    told = [one for one in map(Finding.of, incidents) if one.is_problem]
    scenario = case.scenario
    tally = _Tally()
    matches = match(scenario.faults, told)
    for one in matches:
        tally.add(case, one)
    astray = set(told).difference(*(one.about for one in matches))
    tally.blamed += sum(one.cause_ref is not None for one in astray)
    relapsed = case.kind is CaseKind.RELAPSE and len(matches[-1].about) > 0
    return Score(
        kind=case.kind,
        seed=scenario.seed,
        problems=len(told),
        faults=len(scenario.faults),
        pages=sum(one.is_page for one in told),
        cause_right=tuple(tally.causes),
        culprit_right=tuple(tally.culprits),
        innocent_blamed=tally.blamed,
        regions=tuple(tally.regions),
        segments=tuple(tally.segments),
        money_error=tuple(tally.money),
        confidences=tuple(tally.confidences),
        repeat_told=any(one.is_repeat for one in matches[-1].about) if relapsed else None,
    )


def figures(scores: Sequence[Score]) -> Figures:
    """Return the figures of some cases."""
    return Figures(
        cases=len(scores),
        exact_count=_mean([one.is_count_right for one in scores]),
        cause_top1=_mean([right for one in scores for right in one.cause_right]),
        culprit_change_top1=_mean([right for one in scores for right in one.culprit_right]),
        innocent_blamed=sum(one.innocent_blamed for one in scores),
        pages_on_calm_days=sum(one.pages for one in scores if not one.faults),
        regions_jaccard=_mean([share for one in scores for share in one.regions]),
        segments_jaccard=_mean([share for one in scores for share in one.segments]),
        money_error=_median([abs(error) for one in scores for error in one.money_error]),
        repeats_told=_mean([one.repeat_told for one in scores if one.repeat_told is not None]),
        confidence_error=calibration_error([pair for one in scores for pair in one.confidences]),
    )


def calibration_error(confidences: Sequence[tuple[float, bool]]) -> float | None:
    """Return the expected calibration error over ten bins of equal width; None without any.

    Args:
        confidences: (confidence in [0, 1], whether it was right).

    Examples:
        >>> calibration_error([(0.75, True), (0.75, True), (0.75, True), (0.75, False)])
        0.0

    References:
        Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, equation 3.
    """
    if not confidences:
        return None
    stated = np.array([confidence for confidence, _right in confidences])
    right = np.array([right for _confidence, right in confidences], dtype=np.float64)
    bins = np.minimum((stated * _BINS).astype(np.intp), _BINS - 1)
    apart = np.bincount(bins, weights=right - stated, minlength=_BINS)
    return round(float(np.abs(apart).sum()) / len(confidences), 4)


@dataclass(slots=True)
class _Tally:
    causes: list[bool] = field(default_factory=list)
    culprits: list[bool] = field(default_factory=list)
    regions: list[float] = field(default_factory=list)
    segments: list[float] = field(default_factory=list)
    money: list[float] = field(default_factory=list)
    confidences: list[tuple[float, bool]] = field(default_factory=list)
    blamed: int = 0

    def add(self, case: Case, one: Match) -> None:
        fault, found = one.fault, one.telling
        is_right = found is not None and is_right_cause(found, fault)
        self.causes.append(is_right)
        if fault.change_ref is not None:
            self.culprits.append(found is not None and found.cause_ref == fault.change_ref)
        if found is None:
            return
        self.blamed += fault.change_ref is None and found.cause_ref is not None
        shop = case.scenario.shop
        self.regions.append(_jaccard(found.regions, fault.regions, shop.regions))
        self.segments.append(_jaccard(found.segments, fault.segments, shop.segments))
        if found.confidence is not None:
            self.confidences.append((found.confidence, is_right))
        true = case.lost[fault.id]
        if fault.kpi_relative <= -CLEAR_LOSS and true > 0.0:
            self.money.append(sum(each.money for each in one.about) / true - 1.0)


def _jaccard(told: Iterable[str], hit: Iterable[str], everything: Iterable[str]) -> float:
    """Return how alike two sets of places are; an empty one means all of them."""
    told, hit = set(told) or set(everything), set(hit) or set(everything)
    return len(told & hit) / len(told | hit) if told | hit else 1.0


def _mean(values: Sequence[float]) -> float | None:
    return round(float(np.mean(values)), 4) if values else None


def _median(values: Sequence[float]) -> float | None:
    return round(float(np.median(values)), 4) if values else None
