"""Which raw series go into which ring, and how those of a ring fall into groups."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain

import numpy as np

from aiops.derive.groups import Grouping, Whole
from aiops.domain.derivations import DELTA, TEMPORALITY, Derivation, Selection
from aiops.domain.series import Series, SeriesKey
from aiops.domain.ticks import Floats

NOWHERE = -1
"""The column of a raw series that is not in a ring."""

OWN_LABELS = ("service", "env", "region", "segment")
_BUCKET = "le"

Labelled = tuple[str, ...]
"""A group: its env, then its values of the labels it is made by, empty for those it lacks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RingKey:
    """What the series of a ring have in common.

    Args:
        window_seconds: how far back it reaches.
        gauge: whether they are gauges.
        histogram: the metric of the histograms, "" for counters and gauges.
    """

    window_seconds: int
    gauge: bool
    histogram: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lane:
    """What goes into one ring, and where.

    Args:
        key: which ring it is.
        subjects: its series by column; a histogram is its key without `le`.
        bounds: upper bounds of all buckets, ascending; (+Inf,) for counters and gauges.
        subject_of: raw slot → column, `NOWHERE` for what is not in this ring.
        bucket_of: raw slot → bucket.
        delta: columns whose samples tell what came since the one before, and no running total.
    """

    key: RingKey
    subjects: tuple[SeriesKey, ...]
    bounds: Floats
    subject_of: Whole
    bucket_of: Whole
    delta: Whole


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Operand:
    """The readings of a lane, summed; steps that have them in common share the object.

    Args:
        lane: its number.
        grouping: columns → groups of the step.
    """

    lane: int
    grouping: Grouping


Grouped = tuple[tuple[Operand, ...], tuple[int, ...]]
"""The operands of a derivation, and of each group the first raw slot."""


@dataclass(slots=True, kw_only=True)
class Lanes:
    """The rings as they fill up with what derivations ask for, each series once per ring.

    Args:
        series: the raw series by slot.
        unreadable: slots of histograms whose `le` is no number.
    """

    series: tuple[Series, ...]
    unreadable: set[int] = field(default_factory=set)
    _slots: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    _places: dict[RingKey, dict[int, tuple[int, float]]] = field(default_factory=dict)
    _subjects: dict[RingKey, dict[SeriesKey, int]] = field(default_factory=dict)
    _known: dict[object, Grouped] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for slot, one in enumerate(self.series):
            self._slots[one.key.metric].append(slot)

    def grouped(self, derivation: Derivation, by: tuple[str, ...]) -> Grouped:
        """Return a derivation's operands by some labels, and each group's first raw slot."""
        selections = [one for one in (derivation.of, derivation.per) if one is not None]
        is_histogram = derivation.quantile is not None
        identity = (*selections, derivation.window_seconds, is_histogram, by)
        if identity not in self._known:
            rings = [
                RingKey(
                    window_seconds=derivation.window_seconds,
                    gauge=one.gauge,
                    histogram=one.metric if is_histogram else "",
                )
                for one in selections
            ]
            selected = [
                self._selected(one, ring) for one, ring in zip(selections, rings, strict=True)
            ]
            group_of, firsts = self._groups(set(chain.from_iterable(selected)), by)
            operands = tuple(
                self._operand(ring, slots, group_of, len(firsts))
                for ring, slots in zip(rings, selected, strict=True)
            )
            self._known[identity] = operands, firsts
        return self._known[identity]

    def unit_of(self, derivation: Derivation, first: int) -> str:
        """Return the unit of what a group is made of; a mean has that of the sums.

        Args:
            derivation: what is made.
            first: the group's first raw slot, which may count what the sums are of.
        """
        unit = self.series[first].unit
        if unit or derivation.per is None:
            return unit
        sums = self._slots.get(derivation.of.metric, ())
        return next((one.unit for one in map(self.series.__getitem__, sums) if one.unit), "")

    def all(self) -> tuple[Lane, ...]:
        """Return the lanes, by number."""
        return tuple(self._lane(ring) for ring in self._places)

    def _selected(self, selection: Selection, ring: RingKey) -> list[int]:
        patterns = [(label, re.compile(pattern)) for label, pattern in selection.where]
        found = [
            slot
            for slot in self._slots.get(selection.metric, [])
            if all(one.fullmatch(label_of(self.series[slot].key, name)) for name, one in patterns)
        ]
        if not ring.histogram:
            return found
        bounds = {slot: _bound(label_of(self.series[slot].key, _BUCKET)) for slot in found}
        self.unreadable |= {slot for slot, bound in bounds.items() if bound is None}
        return [slot for slot, bound in bounds.items() if bound is not None]

    def _groups(
        self, slots: set[int], by: tuple[str, ...]
    ) -> tuple[dict[int, int], tuple[int, ...]]:
        groups: dict[Labelled, int] = {}
        firsts: list[int] = []
        group_of: dict[int, int] = {}
        for slot in sorted(slots):
            group_of[slot] = groups.setdefault(labelled(self.series[slot].key, by), len(groups))
            firsts += [slot] * (len(groups) - len(firsts))
        return group_of, tuple(firsts)

    def _operand(
        self, ring: RingKey, slots: Sequence[int], group_of: dict[int, int], count: int
    ) -> Operand:
        places = self._places.setdefault(ring, {})
        subjects = self._subjects.setdefault(ring, {})
        groups: dict[int, int] = {}
        for slot in slots:
            if slot not in places:
                key, bound = self.series[slot].key, np.inf
                if ring.histogram:
                    bound = _bound(label_of(key, _BUCKET)) or 0.0
                    key = _without_bound(key)
                places[slot] = subjects.setdefault(key, len(subjects)), bound
            groups[places[slot][0]] = group_of[slot]
        members = np.fromiter(groups.keys(), np.int64, len(groups))
        which = np.fromiter(groups.values(), np.int64, len(groups))
        lane = list(self._places).index(ring)
        return Operand(lane=lane, grouping=Grouping.of(members, which, count))

    def _lane(self, ring: RingKey) -> Lane:
        places = self._places[ring]
        limits = np.array([bound for _, bound in places.values()])
        bounds = np.unique(limits)
        slots = np.fromiter(places, np.int64, len(places))
        subject_of = np.full(len(self.series), NOWHERE)
        bucket_of = np.zeros(len(self.series), dtype=np.int64)
        subjects = tuple(self._subjects[ring])
        delta = [n for n, one in enumerate(subjects) if one.label(TEMPORALITY) == DELTA]
        subject_of[slots] = [column for column, _ in places.values()]
        bucket_of[slots] = np.searchsorted(bounds, limits)
        return Lane(
            key=ring,
            subjects=subjects,
            bounds=bounds,
            subject_of=subject_of,
            bucket_of=bucket_of,
            delta=np.array(delta, dtype=np.int64),
        )


def labelled(key: SeriesKey, by: tuple[str, ...]) -> Labelled:
    """Return the group a series belongs to; what is of two environments is never added up."""
    return (key.env, *(label_of(key, one) for one in by))


def label_of(key: SeriesKey, name: str) -> str:
    """Return the value of any label, empty where the series has none.

    Examples:
        >>> label_of(SeriesKey(service="cart", metric="hits", region="EU"), "region")
        'EU'
    """
    value = getattr(key, name) if name in OWN_LABELS else key.label(name)
    return value or ""


@lru_cache(maxsize=4096)
def _bound(text: str) -> float | None:
    try:
        bound = float(text)
    except ValueError:
        return None
    return None if np.isnan(bound) else bound


def _without_bound(key: SeriesKey) -> SeriesKey:
    return SeriesKey(  # dataclasses.replace takes three times as long, for every bucket there is
        service=key.service,
        metric=key.metric,
        env=key.env,
        region=key.region,
        segment=key.segment,
        labels=tuple(pair for pair in key.labels if pair[0] != _BUCKET),
    )
