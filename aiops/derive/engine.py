"""Raw samples in, derived series out, tick by tick; the only module called from outside."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from aiops.derive.groups import Grouping, Whole
from aiops.derive.lanes import NOWHERE, Lane, Operand
from aiops.derive.plan import Plan, Step
from aiops.derive.quantiles import histogram_quantile
from aiops.derive.rates import NEVER
from aiops.derive.ring import Ring, samples_of
from aiops.domain.derivations import Across
from aiops.domain.ticks import Floats, Packed, Times

Rings = tuple[Ring, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RawSamples:
    """Samples as they came, in any order; every array has shape (samples,).

    Args:
        slots: of the raw series in the plan.
        at: epoch milliseconds, as the source measured them.
        values: NaN for a stale marker or nothing.
    """

    slots: Whole
    at: Times
    values: Floats


def start(plan: Plan, scrape_seconds: float) -> Rings:
    """Return the state before any sample; memory depends on nothing that happens later.

    Args:
        plan: what is derived.
        scrape_seconds: the usual distance between two samples of a series.
    """
    return tuple(
        Ring.empty(
            2 if lane.key.gauge else samples_of(lane.key.window_seconds, scrape_seconds),
            len(lane.bounds),
            len(lane.subjects),
        )
        for lane in plan.lanes
    )


def carried(old: Plan, rings: Rings, new: Plan, scrape_seconds: float) -> Rings:
    """Return the state under a new plan, after series were appended or descriptions changed."""
    known = {lane.key: (lane, ring) for lane, ring in zip(old.lanes, rings, strict=True)}
    found = start(new, scrape_seconds)
    for lane, ring in zip(new.lanes, found, strict=True):
        if lane.key in known:
            before, had = known[lane.key]
            columns = {subject: column for column, subject in enumerate(lane.subjects)}
            pairs = [
                (column, columns[subject])
                for column, subject in enumerate(before.subjects)
                if subject in columns
            ]
            at, to = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
            ring.adopt(had, at, to, np.searchsorted(lane.bounds, before.bounds))
    return found


def observe(plan: Plan, rings: Rings, samples: RawSamples) -> None:
    """Take samples into the state, in place; giving it the same ones twice changes nothing."""
    for lane, ring in zip(plan.lanes, rings, strict=True):
        subject = lane.subject_of[samples.slots]
        kept = subject != NOWHERE
        if not lane.key.gauge:  # a counter's stale marker says no more than its silence
            kept &= np.isfinite(samples.values)
        bucket = lane.bucket_of[samples.slots]
        picked = (subject, bucket, samples.at, samples.values)
        if not kept.all():
            picked = (subject[kept], bucket[kept], samples.at[kept], samples.values[kept])
        for at, values in _rounds(lane, len(ring.times), picked):
            ring.observe(at, values)


def derive(plan: Plan, rings: Rings, at: datetime) -> Packed:
    """Return the derived values at a moment, shape (outputs,); NaN where there are none.

    Args:
        plan: what is derived.
        rings: the state; not changed.
        at: aware UTC; samples after it do not count.
    """
    end = round(at.timestamp() * 1e3)
    readings = [_read(lane, ring, end) for lane, ring in zip(plan.lanes, rings, strict=True)]
    sums: dict[Operand, Floats] = {}  # p50, p95 and p99 have theirs in common
    found = np.full(len(plan.outputs), np.nan, dtype=np.float32)
    for step in plan.steps:
        if step.derivation.across is not Across.SUM:
            (operand,) = step.operands
            values = _across(step.derivation.across, operand.grouping, readings[operand.lane][0])
        else:
            for operand in step.operands:
                if operand not in sums:
                    sums[operand] = operand.grouping.total(readings[operand.lane])
            values = _derived(plan, step, [sums[one] for one in step.operands])
        if step.worst is not None:
            values = step.worst.extreme(values, highest=step.highest)
        found[step.outputs] = values
    return found


def _read(lane: Lane, ring: Ring, end: int) -> Floats:
    window = lane.key.window_seconds * 1000
    if not lane.subjects:  # nothing that it is made of was seen so far
        return np.empty((len(lane.bounds), 0))
    return ring.last(end, window) if lane.key.gauge else ring.rates(end, window, lane.delta)


def _across(how: Across, grouping: Grouping, values: Floats) -> Floats:
    if how is Across.MEAN:
        return grouping.mean(values)
    return grouping.extreme(values, highest=how is Across.MAX)


def _derived(plan: Plan, step: Step, sums: Sequence[Floats]) -> Floats:
    """Return a step's value for each of its groups."""
    one = step.derivation
    if one.quantile is not None:
        return histogram_quantile(one.quantile, plan.lanes[step.operands[0].lane].bounds, sums[0])
    part: Floats = sums[0][0]
    if one.per is None:
        return part
    whole: Floats = sums[1][0]
    if one.absent_is_zero:
        part = np.where(np.isnan(part), 0.0, part)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(part / whole)


def _rounds(
    lane: Lane, most: int, picked: tuple[Whole, Whole, Times, Floats]
) -> Iterator[tuple[Times, Floats]]:
    """Yield samples as one moment of every series after the other, as a ring takes them.

    Of a series with more moments than a ring keeps, `most`, these are the newest.
    """
    columns, buckets = len(lane.subjects), len(lane.bounds)
    subject, bucket, at, values = picked

    def dense(one: tuple[Whole, Whole, Times, Floats]) -> tuple[Times, Floats]:
        subject, bucket, at, values = (array[::-1] for array in one)  # the first one stays
        moments = np.full(columns, NEVER)
        moments[subject] = at
        grid = np.full(buckets * columns, np.nan)
        grid[bucket * columns + subject] = values
        return moments, grid.reshape(buckets, columns)

    moments, grid = dense(picked)
    if (moments[subject] == at).all():
        yield moments, grid
        return
    order = np.lexsort((at, subject))
    begins = np.diff(subject[order], prepend=NOWHERE) != 0
    moves = np.cumsum(begins | (np.diff(at[order], prepend=0) != 0))
    turn = np.empty_like(subject)
    turn[order] = moves - np.maximum.accumulate(np.where(begins, moves, 0))
    if turn.max() >= most:
        last = np.zeros(columns, dtype=np.int64)
        np.maximum.at(last, subject, turn)
        turn -= np.maximum(last[subject] + 1 - most, 0)
    for number in range(turn.max() + 1):
        now = turn == number
        yield dense((subject[now], bucket[now], at[now], values[now]))
