"""Sums and extremes by group are those of adding members up one by one."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.derive.groups import Grouping

Members = list[tuple[int, float]]

MEMBERS = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from([1.0, 2.5, -4.0, math.nan])), min_size=1
)


def grouped(members: Members) -> tuple[Grouping, np.ndarray, list[list[float]]]:
    groups = np.array([group for group, _ in members])
    there = [
        [value for group, value in members if group == one and not math.isnan(value)]
        for one in range(6)
    ]
    made = Grouping.of(np.arange(len(members)), groups, 6)
    return made, np.array([value for _, value in members]), there


@given(MEMBERS)
def test_a_total_is_the_sum_of_what_is_there(members: Members) -> None:
    made, values, there = grouped(members)
    expected = [sum(one) if one else math.nan for one in there]
    np.testing.assert_allclose(made.total(values), expected)


@given(MEMBERS, st.booleans())
def test_an_extreme_is_that_of_what_is_there(members: Members, highest: bool) -> None:
    made, values, there = grouped(members)
    choose = max if highest else min
    expected = [choose(one) if one else math.nan for one in there]
    np.testing.assert_array_equal(made.extreme(values, highest=highest), expected)


@pytest.mark.parametrize("size", [1, 2, 16, 17, 500])
def test_groups_of_any_size_are_added_up(size: int) -> None:
    made = Grouping.of(np.arange(3 * size), np.arange(3 * size) % 3, 4)
    np.testing.assert_array_equal(made.total(np.ones(3 * size)), [size, size, size, math.nan])
