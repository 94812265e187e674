"""Many series into one by their labels: the whole, and the worst of its parts."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from aiops.domain.ticks import Floats

Whole = npt.NDArray[np.int64]

_FEW = 16
"""Groups of at most so many are added up member by member, over all groups at once."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grouping:
    """Which members make up which group; the largest groups come first.

    Args:
        count: of groups; one without a member is NaN.
        members: positions of the members, group by group.
        starts: where in `members` each group that has any begins.
        places: which groups those are.
        turns: the first member of each, the second of each that has two, and so on; empty where
            groups are large.
        is_identity: whether the members are the groups.
    """

    count: int
    members: Whole
    starts: Whole
    places: Whole
    turns: tuple[Whole, ...]
    is_identity: bool

    @classmethod
    def of(cls, members: Whole, groups: Whole, count: int) -> Self:
        """Return the grouping in which `members[i]` belongs to group `groups[i]`."""
        sizes = np.bincount(groups, minlength=count)
        places = np.argsort(-sizes, kind="stable")[: np.count_nonzero(sizes)]
        rank = np.empty(count, dtype=np.int64)
        rank[places] = np.arange(len(places))
        members = members[np.argsort(rank[groups], kind="stable")]
        sizes = sizes[places]
        starts = np.cumsum(sizes) - sizes
        most = int(sizes.max(initial=0))
        every = np.arange(count)
        return cls(
            count=count,
            members=members,
            starts=starts,
            places=places,
            turns=tuple(members[starts[sizes > turn] + turn] for turn in range(most))
            if most <= _FEW
            else (),
            is_identity=np.array_equal(members, every) and np.array_equal(places, every),
        )

    def total(self, values: Floats) -> Floats:
        """Return the sums of what is there, shape (…, members) → (…, groups), as `sum by` does.

        Examples:
            >>> two = Grouping.of(np.array([0, 1, 2]), np.array([0, 1, 0]), 3)
            >>> two.total(np.array([1.0, np.nan, 4.0])).tolist()
            [5.0, nan, nan]
        """
        if self.is_identity and values.shape[-1] == self.count:
            return values
        absent = np.isnan(values)
        if not absent.any():
            return self._placed(self._added(values))
        there = self._added((~absent).astype(np.float64))
        sums = self._added(np.where(absent, 0.0, values))
        return self._placed(np.where(there > 0, sums, np.nan))

    def mean(self, values: Floats) -> Floats:
        """Return the means of what is there, as `avg by` does.

        Examples:
            >>> one = Grouping.of(np.array([0, 1]), np.array([0, 0]), 1)
            >>> one.mean(np.array([1.0, 4.0])).tolist()
            [2.5]
        """
        return self.total(values) / self.total(np.where(np.isnan(values), np.nan, 1.0))

    def extreme(self, values: Floats, *, highest: bool) -> Floats:
        """Return the highest or lowest of what is there, as `max by` and `min by` do.

        Examples:
            >>> one = Grouping.of(np.array([0, 1]), np.array([0, 0]), 1)
            >>> one.extreme(np.array([0.01, 0.4]), highest=True).tolist()
            [0.4]
        """
        choose = np.fmax if highest else np.fmin
        return self._placed(choose.reduceat(values[..., self.members], self.starts, axis=-1))

    def _added(self, values: Floats) -> Floats:
        """Return the sums of the groups that have members; NaN is not looked for."""
        if not self.turns:
            return np.add.reduceat(values[..., self.members], self.starts, axis=-1)
        sums = values[..., self.turns[0]]
        for turn in self.turns[1:]:
            sums[..., : len(turn)] += values[..., turn]
        return sums

    def _placed(self, values: Floats) -> Floats:
        found = np.full((*values.shape[:-1], self.count), np.nan)
        found[..., self.places] = values
        return found
