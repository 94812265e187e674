"""How time runs."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import minute
from workers.clock import FastClock, FileClock, SystemClock, write_clock

MOMENTS = st.datetimes(
    min_value=datetime(1990, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
CLOCKS = st.builds(
    FastClock,
    started_at=st.floats(0, 4e9),
    origin=MOMENTS,
    rate=st.floats(1e-9, 1e6, exclude_min=True),
    ends_at=st.none() | MOMENTS,
)


def test_the_real_clock_is_aware_utc() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)


@given(CLOCKS)
def test_a_clock_survives_being_written(clock: FastClock) -> None:
    assert FastClock.from_text(clock.to_text()) == clock


@pytest.mark.parametrize("text", ["", "1 2", "a b c d", "1.0 2026-01-01T00:00:00+00:00 x never"])
def test_what_is_no_clock_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        FastClock.from_text(text)


def test_a_fast_clock_runs_at_its_rate() -> None:
    clock = FastClock(started_at=time.time() - 2, origin=minute(0), rate=100)
    assert timedelta(seconds=200) <= clock.now() - minute(0) <= timedelta(seconds=600)


def test_it_never_shows_a_time_before_its_origin_or_after_its_end() -> None:
    later = FastClock(started_at=time.time() + 1000, origin=minute(0), rate=100)
    assert later.now() == minute(0)
    over = FastClock(started_at=0.0, origin=minute(0), rate=100, ends_at=minute(5))
    assert over.now() == minute(5)


def test_a_standing_clock_stands() -> None:
    assert FastClock.standing(minute(7)).now() == minute(7)


def test_one_process_moves_the_clock_of_all_that_read_its_file(tmp_path: Path) -> None:
    path = tmp_path / "clock"
    write_clock(path, FastClock.standing(minute(0)))
    clock = FileClock(path)
    assert (clock.now(), clock.rate) == (minute(0), 1.0)
    for number in range(1, 4):  # as quick as it gets: times of files are coarse
        write_clock(path, FastClock.standing(minute(number)))
    time.sleep(0.06)
    assert clock.now() == minute(3)


def test_a_clock_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "clock"
    write_clock(path, FastClock.standing(minute(0)))
    write_clock(path, FastClock.standing(minute(1)))
    assert [entry.name for entry in tmp_path.iterdir()] == ["clock"]


def test_a_clock_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FileClock(tmp_path / "clock")
