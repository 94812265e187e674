import numpy as np

from aiops.demo.seasons import Season, load

DAY = 86_400
TUESDAY = 20_000 // 7 * 7 + 5  # day 0 was a Thursday
SUNDAY = TUESDAY + 5
STEADY = Season(seed=1, weekend=0.6, evening=0.0, wander=0.0, offset_hours=3)
OFF = Season(
    seed=1, weekend=0.6, evening=0.0, wander=0.0, offset_hours=3, holidays=frozenset({TUESDAY})
)


def loads(season: Season, day: int) -> np.ndarray:
    return load(season, np.arange(day * DAY, (day + 1) * DAY, 600, dtype=np.int64))


def test_people_shop_on_a_holiday_as_on_the_sunday_of_its_week() -> None:
    np.testing.assert_array_equal(loads(OFF, TUESDAY), loads(OFF, SUNDAY))
    assert loads(OFF, TUESDAY).mean() < 0.75 * loads(STEADY, TUESDAY).mean()


def test_a_holiday_leaves_the_other_days_alone() -> None:
    for day in (TUESDAY - 1, TUESDAY + 1, SUNDAY):
        np.testing.assert_array_equal(loads(OFF, day), loads(STEADY, day))
