"""Many samples in one table are what they are in a row."""

from collections.abc import Sequence

import numpy as np

from aiops.domain.pulled import Sample, SampleTable, together
from tests.builders import series

NAMES = ("a", "b", "c")


def table(*names: str) -> SampleTable:
    values = np.array([[NAMES.index(name), 0.5] for name in names]).reshape(-1, 2)
    return SampleTable(series=tuple(series(name, "load") for name in names), values=values)


def plain(samples: Sequence[Sample]) -> list[tuple[str, list[float]]]:
    return [(one.series.key.service, one.values.tolist()) for one in samples]


def test_a_table_is_its_samples_in_order() -> None:
    found = table(*NAMES)
    assert len(found) == 3
    assert plain(found) == [("a", [0, 0.5]), ("b", [1, 0.5]), ("c", [2, 0.5])]
    assert plain(found[1:]) == plain(found)[1:]
    assert isinstance(found[:1], SampleTable)
    assert found[-1].series == series("c", "load")


def test_tables_together_are_one_table_and_with_others_a_row() -> None:
    one, other = table("a"), table("b", "c")
    assert isinstance(together([one, other]), SampleTable)
    assert plain(together([one, other])) == plain(table(*NAMES))
    assert together([other]) is other
    assert plain(together([tuple(one), other])) == plain(table(*NAMES))
    assert plain(together([])) == []
