"""Cells and rows: amounts to the last digit, times of declared zones, ticks that add up."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.domain.errors import InputError
from aiops.domain.money import from_minor_units, is_currency
from aiops.ingest.cells import Moments, amount
from aiops.ingest.rows import window_of
from tests.builders import minute


@pytest.mark.parametrize(
    ("value", "decimal", "found"),
    [
        ("0.1", ".", "0.1"),
        (" 12 ", ".", "12"),
        ("-3,50", ",", "-3.50"),
        (Decimal("9999999999.99"), ",", "9999999999.99"),
        (2.5, ",", "2.5"),
        ("1e3", ".", "1000"),
    ],
)
def test_an_amount_is_what_is_written_to_the_last_digit(
    value: object, decimal: str, found: str
) -> None:
    assert amount(value, decimal) == Decimal(found)


@pytest.mark.parametrize(
    ("value", "decimal"),
    [
        ("", "."),
        (None, "."),
        (True, "."),
        ("1,99", "."),
        ("1.999,50", ","),
        ("1.99", ","),
        ("NaN", "."),
        ("inf", "."),
        ("1_000", "."),
        ("12 EUR", "."),
        ("9" * 50, "."),
        ("1e31", "."),
    ],
)
def test_what_may_mean_two_things_or_nothing_is_refused(value: object, decimal: str) -> None:
    with pytest.raises(InputError, match="expected a number, as 1999"):
        amount(value, decimal)


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1))
def test_cents_add_up_without_a_rest(cents: list[int]) -> None:
    total = sum((from_minor_units(Decimal(one), "EUR") for one in cents), Decimal(0))
    assert total == Decimal(sum(cents)) / 100


def test_iso_4217_says_what_a_currency_is() -> None:
    assert all(is_currency(one) for one in ("EUR", "USD", "JPY", "KWD", "CLF", "ZWG"))
    assert not any(is_currency(one) for one in ("", "EURO", "eur", "XXX", "CPU"))


def test_a_local_time_without_a_declared_zone_is_refused() -> None:
    with pytest.raises(InputError, match="a local time; write its offset"):
        Moments(None).read("2026-04-18 12:00")
    assert Moments(None).read("2026-04-18 12:00+02:00").hour == 10


def test_an_hour_that_clocks_skip_is_refused() -> None:
    with pytest.raises(InputError, match="which clocks skip in Europe/Berlin"):
        Moments("Europe/Berlin").read("2026-03-29 02:30")


def test_the_hour_that_comes_twice_is_told_by_the_order_of_the_rows() -> None:
    first = datetime(2026, 10, 24, 22, tzinfo=UTC)
    truth = [first + timedelta(minutes=7 * step) for step in range(60)]
    moments = Moments("Europe/Berlin")
    told = [(one + timedelta(hours=2 if one.hour < 1 or one.day == 24 else 1)) for one in truth]
    assert [moments.read(f"{one:%Y-%m-%d %H:%M}") for one in told] == truth


def test_rows_that_are_a_little_late_do_not_make_it_the_second_pass() -> None:
    moments = Moments("Europe/Berlin")
    moments.read("2026-10-25 02:40")
    assert moments.read("2026-10-25 02:25") == datetime(2026, 10, 25, 0, 25, tzinfo=UTC)


@pytest.mark.parametrize("value", ["", None, "noon", True, "2026-13-01", "1e9", "99999999999", []])
def test_what_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(InputError, match="expected a time"):
        Moments("UTC").read(value)


@given(st.integers(0, 10), st.integers(1, 5), st.floats(0, 3599))
def test_every_moment_is_of_the_tick_that_ends_after_it(
    first: int, steps: int, second: float
) -> None:
    window = window_of(minute(first), minute(first + 60 * steps), 60)
    at = minute(first) + timedelta(seconds=int(second))
    slot = window.slot(at)
    end = window.start + timedelta(minutes=slot)
    assert end - timedelta(minutes=1) <= at < end


def test_a_row_at_the_full_minute_is_of_the_tick_after_it() -> None:
    window = window_of(minute(1), minute(2), 60)
    assert [window.slot(minute(at)) for at in (-1, 0, 1, 2)] == [-1, 0, 1, -1]
