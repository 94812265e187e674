"""Many series into one by their labels: the whole, and the worst of its parts."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from aiops.domain.ticks import Floats

Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grouping:
    """Which members make up which group.

    Args:
        count: of groups; one without a member is NaN.
        members: positions of the members, group by group.
        starts: where in `members` each group that has any begins.
        places: which groups those are.
    """

    count: int
    members: Whole
    starts: Whole
    places: Whole

    @classmethod
    def of(cls, members: Whole, groups: Whole, count: int) -> Self:
        """Return the grouping in which `members[i]` belongs to group `groups[i]`."""
        order = np.argsort(groups, kind="stable")
        places, starts = np.unique(groups[order], return_index=True)
        return cls(
            count=count,
            members=members[order],
            starts=starts.astype(np.int64),
            places=places.astype(np.int64),
        )

    def total(self, values: Floats) -> Floats:
        """Return the sums of what is there, shape (…, members) → (…, groups), as `sum by` does.

        Examples:
            >>> two = Grouping.of(np.array([0, 1, 2]), np.array([0, 1, 0]), 3)
            >>> two.total(np.array([1.0, np.nan, 4.0])).tolist()
            [5.0, nan, nan]
        """
        if self._is_identity(values):
            return values
        picked = values[..., self.members]
        absent = np.isnan(picked)
        if not absent.any():
            return self._placed(np.add.reduceat(picked, self.starts, axis=-1))
        sums = np.add.reduceat(np.where(absent, 0.0, picked), self.starts, axis=-1)
        empty = np.logical_and.reduceat(absent, self.starts, axis=-1)
        return self._placed(np.where(empty, np.nan, sums))

    def extreme(self, values: Floats, *, highest: bool) -> Floats:
        """Return the highest or lowest of what is there, as `max by` and `min by` do.

        Examples:
            >>> one = Grouping.of(np.array([0, 1]), np.array([0, 0]), 1)
            >>> one.extreme(np.array([0.01, 0.4]), highest=True).tolist()
            [0.4]
        """
        choose = np.fmax if highest else np.fmin
        return self._placed(choose.reduceat(values[..., self.members], self.starts, axis=-1))

    def _placed(self, values: Floats) -> Floats:
        if len(self.places) == self.count:
            return values
        found = np.full((*values.shape[:-1], self.count), np.nan)
        found[..., self.places] = values
        return found

    def _is_identity(self, values: Floats) -> bool:
        one_each = len(self.starts) == len(self.members) == self.count == values.shape[-1]
        return one_each and bool((self.members == np.arange(self.count)).all())
