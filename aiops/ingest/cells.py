"""What stands in one cell of a row: a moment, a number. Pure."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final
from zoneinfo import ZoneInfo

from aiops.domain.errors import InputError

EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
_MAX_DIGITS: Final = 40
_SHOWN: Final = 60
_LARGEST: Final = Decimal(10) ** 30
_BACK: Final = timedelta(minutes=30)


class Moments:
    """Reads the times of rows, in the order the rows have.

    A local time is of the zone that is declared, never of one that is guessed. In the hour that
    comes twice a year it is of the first pass, until the rows step back in time.

    Args:
        zone: of local times; None: there are to be none.
        last: the time of the row before the first; None for none.
    """

    def __init__(self, zone: str | None, last: datetime | None = None) -> None:
        self._zone = None if zone is None else ZoneInfo(zone)
        self.last = last

    def read(self, value: object) -> datetime:
        """Return the aware UTC time of a row.

        Raises:
            InputError: it is none; says what was expected.

        Examples:
            >>> Moments("Europe/Berlin").read("2026-04-18 12:00").isoformat()
            '2026-04-18T10:00:00+00:00'
        """
        told = _time(value)
        try:
            at = told.astimezone(UTC) if told.tzinfo is not None else self._local(told)
        except OverflowError:  # the first or the last day there is, in another zone
            at = None
        if at is None or not EARLIEST <= at <= _LATEST:
            raise InputError(f"found {shown(value)}, expected a time from 1970 to 2200")
        self.last = at
        return at

    def _local(self, told: datetime) -> datetime:
        if self._zone is None:
            raise InputError(
                f"found {shown(told)}, a local time; write its offset, or name the zone of all "
                "of them in `time_zone`"
            )
        there = told.replace(tzinfo=self._zone)
        at, again = (there.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
        if at.astimezone(self._zone).replace(tzinfo=None) != told:
            raise InputError(f"found {shown(told)}, which clocks skip in {self._zone.key}")
        is_second = again > at and self.last is not None and at < self.last - _BACK
        return again if is_second else at


def amount(value: object, decimal: str = ".") -> Decimal:
    """Return a number as it was written, to the last digit.

    Raises:
        InputError: it is none; says what was expected.

    Examples:
        >>> amount("1999.99"), amount("1999,99", ","), amount(3)
        (Decimal('1999.99'), Decimal('1999.99'), Decimal('3'))
    """
    text = str(value).strip() if not isinstance(value, bool) and value is not None else ""
    if decimal == "," and isinstance(value, str):
        text = "" if "." in text else text.replace(",", ".", 1)
    try:
        found = Decimal(text) if len(text) <= _MAX_DIGITS and "_" not in text else None
    except InvalidOperation:
        found = None
    if found is None or not found.is_finite() or abs(found) > _LARGEST:
        example = f"1999{decimal}99"
        raise InputError(f"found {shown(value)}, expected a number, as {example}")
    return found


def _time(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, bool) or value is None or isinstance(value, date):
        raise InputError(f"found {shown(value)}, expected a time, as 2026-04-18T10:01:00Z")
    text = str(value).strip()
    try:
        if text.replace(".", "", 1).isdecimal():
            return datetime.fromtimestamp(float(text), tz=UTC)
        return datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError) as error:
        raise InputError(
            f"found {shown(value)}, expected a time, as 2026-04-18T10:01:00Z or epoch seconds"
        ) from error


def shown(value: object) -> str:
    """Return a found value, short enough for a message."""
    text = "nothing" if value is None or value == "" else repr(str(value))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…'"
