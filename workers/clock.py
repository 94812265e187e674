"""The clocks: the real one, and one that runs fast for the demo."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiops.domain.time import spoken

_LOOK_SECONDS = 0.05

CLOCK_TOLERANCE = timedelta(seconds=30)
"""Clocks this far apart cost no tick; NTP keeps them a thousand times closer."""


def clocks_apart(ours: datetime, theirs: datetime) -> str:
    """Say how far the clock of a source is from ours; empty when it does not matter.

    Examples:
        >>> at = datetime(2026, 4, 18, 10, 3, tzinfo=UTC)
        >>> clocks_apart(at, at + timedelta(minutes=5))
        'its clock is 5 min ahead of ours: set both by NTP'
        >>> clocks_apart(at, at + timedelta(seconds=5))
        ''
    """
    ahead = theirs - ours
    if abs(ahead) <= CLOCK_TOLERANCE:
        return ""
    side = "ahead of" if ahead > timedelta(0) else "behind"
    return f"its clock is {spoken(abs(ahead))} {side} ours: set both by NTP"


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present moment, aware UTC."""
        return datetime.now(tz=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class FastClock:
    """A clock that runs `rate` times as fast as the machine's, from `origin` on.

    Args:
        started_at: the machine's epoch seconds at which it showed `origin`.
        origin: the product's time at that moment, aware UTC.
        rate: product seconds per real second, > 0.
        ends_at: product time at which it stops running on, if any.
    """

    started_at: float
    origin: datetime
    rate: float
    ends_at: datetime | None = None

    @classmethod
    def standing(cls, origin: datetime) -> "FastClock":
        """Return a clock that stands still at `origin`."""
        return cls(started_at=0.0, origin=origin, rate=1.0, ends_at=origin)

    def now(self) -> datetime:
        """Return the product's present moment, aware UTC."""
        elapsed = max(time.time() - self.started_at, 0.0)
        now = self.origin + timedelta(seconds=elapsed * self.rate)
        return now if self.ends_at is None else min(now, self.ends_at)

    def to_text(self) -> str:
        """Return the clock as one line, for another process to read.

        Examples:
            >>> clock = FastClock(started_at=0.0, origin=datetime(2026, 1, 1, tzinfo=UTC), rate=60)
            >>> FastClock.from_text(clock.to_text()) == clock
            True
        """
        end = self.ends_at.isoformat() if self.ends_at else "never"
        return f"{self.started_at!r} {self.origin.isoformat()} {self.rate!r} {end}"

    @classmethod
    def from_text(cls, text: str) -> "FastClock":
        """Read what `to_text` wrote.

        Raises:
            ValueError: the text is of another form.
        """
        started, origin, rate, end = text.split()
        return cls(
            started_at=float(started),
            origin=datetime.fromisoformat(origin),
            rate=float(rate),
            ends_at=None if end == "never" else datetime.fromisoformat(end),
        )


class FileClock:
    """A clock kept in a file, so that one process can start and stop the time of all others.

    The file holds a `FastClock` as text, put there by `write_clock` before anybody reads it. It
    is read again every 50 ms at most.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_at = 0.0
        self._clock = self._read()

    def now(self) -> datetime:
        """Return the product's present moment, aware UTC."""
        if time.monotonic() - self._read_at > _LOOK_SECONDS:
            self._clock = self._read()
        return self._clock.now()

    @property
    def rate(self) -> float:
        """Product seconds per real second."""
        return self._clock.rate

    def _read(self) -> FastClock:
        self._read_at = time.monotonic()
        return FastClock.from_text(self._path.read_text(encoding="ascii"))


def write_clock(path: Path, clock: FastClock) -> None:
    """Set the clock of every process that reads `path`, in one step."""
    new = path.with_suffix(".new")
    new.write_text(clock.to_text(), encoding="ascii")
    new.replace(path)
