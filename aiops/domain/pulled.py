"""What sources give: series with their values at the instants that were asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import overload

import numpy as np

from aiops.domain.series import Series
from aiops.domain.ticks import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One series with its values at the asked instants; NaN where there was none."""

    series: Series
    values: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SampleTable(Sequence[Sample]):
    """Samples of many series in one array: an object for each costs more than to ask for them.

    Args:
        series: each once.
        values: float64, shape (series, instants).
    """

    series: tuple[Series, ...]
    values: Floats

    def __len__(self) -> int:
        """Return how many series there are."""
        return len(self.series)

    @overload
    def __getitem__(self, index: int) -> Sample: ...

    @overload
    def __getitem__(self, index: slice) -> "SampleTable": ...

    def __getitem__(self, index: int | slice) -> "Sample | SampleTable":
        """Return a sample; of a slice a table."""
        if isinstance(index, slice):
            return SampleTable(series=self.series[index], values=self.values[index])
        return Sample(series=self.series[index], values=self.values[index])


def together(parts: Sequence[Sequence[Sample]]) -> Sequence[Sample]:
    """Return the samples of several parts about the same instants; of tables one table."""
    tables = [one for one in parts if isinstance(one, SampleTable)]
    if not tables or len(tables) < len(parts):
        return tuple(chain.from_iterable(parts))
    if len(tables) == 1:
        return tables[0]
    return SampleTable(
        series=tuple(chain.from_iterable(one.series for one in tables)),
        values=np.concatenate([one.values for one in tables]),
    )
