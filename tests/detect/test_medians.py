"""Medians of many series at once are those of each alone."""

import numpy as np
import pytest

from aiops.detect.medians import ascending, nan_median


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 14, 15, 20, 21, 64])
@pytest.mark.parametrize("missing", [0.0, 0.3, 1.0])
def test_medians_are_those_of_what_was_measured(count: int, missing: float) -> None:
    dice = np.random.default_rng(count)
    values = dice.standard_normal((count, 6, 5), dtype=np.float32)
    values[dice.random(values.shape) < missing] = np.nan
    found, counts = nan_median(values)
    for at in np.ndindex(6, 5):
        measured = values[(slice(None), *at)]
        measured = measured[np.isfinite(measured)]
        assert counts[at] == len(measured)
        assert found[at] == (np.median(measured) if len(measured) else 0)


@pytest.mark.parametrize("count", [2, 14, 30])
def test_what_is_missing_is_sorted_to_the_end(count: int) -> None:
    values = np.random.default_rng(1).permutation(np.arange(count, dtype=np.float32))[:, None]
    values[values == 0] = np.nan
    np.testing.assert_array_equal(ascending(values), np.sort(values, axis=0))
