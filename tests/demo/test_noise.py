import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from aiops.demo import noise

TIMES = np.arange(0, 60 * 4000, 60, dtype=np.int64)


def test_noise_is_standard_and_its_tails_differ() -> None:
    normal, heavy, wild = noise.quantiles()

    assert np.allclose(noise.quantiles().std(axis=1), 1, atol=0.01)
    assert np.abs(normal).max() < np.abs(heavy).max() < np.abs(wild).max()


def test_lanes_and_series_and_seconds_are_independent() -> None:
    random = noise.bits(noise.keys(1, 4), TIMES)
    table = noise.quantiles()[0]
    columns = [table[noise.lane(random, number)[:, 0]] for number in range(4)]
    columns += [table[noise.lane(random, 0)[:, other]] for other in range(1, 4)]
    together = np.corrcoef(columns) - np.eye(len(columns))
    after = np.corrcoef(columns[0][1:], columns[0][:-1])[0, 1]

    assert np.abs(together).max() < 0.08
    assert abs(after) < 0.08


def test_other_seeds_give_other_noise() -> None:
    assert not np.array_equal(noise.keys(1, 3), noise.keys(2, 3))


@given(st.integers(0, 3999), st.integers(1, 300), st.sampled_from([420, 14_400, 86_400]))
def test_slow_noise_does_not_depend_on_the_range_asked(first: int, length: int, every: int) -> None:
    keys = noise.keys(7, 3)
    part = TIMES[first : first + length]

    assert np.array_equal(
        noise.wander(keys, part, every), noise.wander(keys, TIMES, every)[first : first + length]
    )


def test_slow_noise_is_smooth() -> None:
    slow = noise.wander(noise.keys(7, 3), TIMES, 86_400)

    assert np.abs(np.diff(slow, axis=0)).max() < 0.02
