"""What a detector is: arrays in, arrays out; persistence, ids and words are the engine's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from aiops.detect.counted import NOT_COUNTED, Counted
from aiops.detect.past import Past
from aiops.detect.recent import Recent
from aiops.detect.traits import Bools, Slots, Traits
from aiops.domain.policies import DetectPolicy
from aiops.domain.series import Series
from aiops.domain.symptoms import SymptomKind
from aiops.domain.ticks import History, Packed, Shard

Memory = Mapping[str, npt.NDArray[Any]]
"""Named arrays; the last axis of each is the shard's slots, so that a shard can grow."""

Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """One closed tick as a detector sees it.

    Args:
        at: epoch seconds.
        step_seconds: of the shard.
        elapsed_seconds: since the tick before, at least one step.
        values: float32, shape (series,), finite or NaN.
        measured: which of them are finite.
        complete: whether all of them are.
        recent: the last hour, without this tick.
        number: how many ticks this state has seen.
        series: the shard's series, by slot.
        alarmed: series that detectors before this one find outside of their usual values at this
            tick, or of which they have an open symptom; None where it is the first.
        counted: where the counters stand after this tick; their values here are their rates.
    """

    at: int
    step_seconds: int
    elapsed_seconds: int
    values: Packed
    measured: Bools
    complete: bool
    recent: Recent
    number: int
    series: tuple[Series, ...]
    traits: Traits
    policy: DetectPolicy
    holidays: frozenset[date] = frozenset()
    alarmed: Bools | None = None
    counted: Counted = NOT_COUNTED

    def without(self, slots: Bools) -> "Frame":
        """Return the tick as if some slots had not been measured."""
        if not slots.any():
            return self
        values = np.where(slots, np.float32(np.nan), self.values)
        measured = np.isfinite(values)
        return replace(self, values=values, measured=measured, complete=bool(measured.all()))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Verdict:
    """What a detector says of its subjects at a tick; every array has shape (subjects,).

    Args:
        measured: False holds everything as it is: missing data neither opens nor ends.
        outside: counts towards persistence.
        certain: opens at once.
        back: counts towards recovery.
        strength: robust distance, ≥ 0.
        direction: +1 above, -1 below.
        observed: in the subject's unit, as `expected`, `low` and `high`.
        since: epoch seconds at which a certain opening began, 0 to take the first tick outside.
        young: whether there is less than one season to compare with.
        remains: smoothed distance of what is almost back, infinite for the rest; None if not known.
        usual: expected value at the level before any open symptom, for KPIs; None if not known.
        scale: the usual distance from it.
        lately: mean of the minutes before, in the subject's unit; None or NaN if not known.
        settles: whether what stays becomes normal by rule; a limit somebody set never does.
        ratio: how near it is to an alert by the series' own past: 1 is one; None if not known.
        own_past: how unusual what is outside is against the series' own past, by the names of
            `unusual.OWN_PAST`; empty if not known.
        doubted: values that may not be what they seem: detectors after it do not see them; None
            if there are none.
        working: intermediate values that `learn` needs again.
    """

    measured: Bools
    outside: Bools
    certain: Bools
    back: Bools
    strength: Packed
    direction: npt.NDArray[np.int8]
    observed: Packed
    expected: Packed
    low: Packed
    high: Packed
    since: Whole
    young: Bools
    remains: Packed | None = None
    usual: Packed | None = None
    scale: Packed | None = None
    ratio: Packed | None = None
    lately: Packed | None = None
    settles: bool = True
    own_past: Mapping[str, Packed] = field(default_factory=dict)
    doubted: Bools | None = None
    working: Mapping[str, Any] = field(default_factory=dict)

    def of(self, slots: Slots) -> "Verdict":
        """Return what is said of some of the subjects, without the intermediate values."""
        told = {one.name: getattr(self, one.name) for one in fields(self)}
        some: dict[str, Any] = {
            name: value[slots] for name, value in told.items() if isinstance(value, np.ndarray)
        }
        own_past = {name: numbers[slots] for name, numbers in self.own_past.items()}
        return replace(self, **some, own_past=own_past, working={})


class Detector(Protocol):
    """Finds one sort of trouble in a shard; it keeps no state of its own."""

    name: ClassVar[str]
    kind: ClassVar[SymptomKind]

    def subjects(self, shard: Shard) -> Sequence[Series]:
        """Return what it speaks about, by position: the shard's series, or those and more."""
        ...

    def fit(
        self,
        shard: Shard,
        traits: Traits,
        past: Past,
        policy: DetectPolicy,
        holidays: frozenset[date],
    ) -> Memory:
        """Return the immutable profile: arrays of shape (…, series). Heavy imports belong here."""
        ...

    def blank(self, shard: Shard) -> Memory:
        """Return the profile of series that were never fitted, in the same arrays."""
        ...

    def start(self, shard: Shard, fitted: Memory, frame: Frame, history: History | None) -> Memory:
        """Return the memory to begin with; `frame` holds the end of the history."""
        ...

    def adopt(self, fitted: Memory, memory: Memory, frame: Frame) -> Memory:
        """Return the memory to go on with under a new profile."""
        ...

    def score(self, frame: Frame, fitted: Memory, memory: Memory, held: Bools) -> Verdict | None:
        """Judge a tick before learning from it; None when there is nothing to judge by.

        Args:
            frame: the tick.
            fitted: the profile's arrays.
            memory: the running arrays, as they were after the tick before.
            held: subjects with an open symptom.
        """
        ...

    def learn(
        self,
        frame: Frame,
        fitted: Memory,
        memory: Memory,
        verdict: Verdict,
        *,
        held: Bools,
        released: Bools,
    ) -> Memory:
        """Return the memory after this tick.

        Args:
            frame: the tick.
            fitted: the profile's arrays.
            memory: as it was before; never changed in place.
            verdict: what `score` said.
            held: subjects with an open symptom after this tick: their level stays.
            released: subjects whose shift has just become the new normal.
        """
        ...

    def compared_with(self, fitted: Memory, subject: int, at: int, frame: Frame) -> str:
        """Return in words what a subject's value at `at` was compared with."""
        ...
