"""Windows: times of the week in which planned work may show, as settings declare them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from aiops.domain.silences import Matcher

_DAY = timedelta(days=1)


class WindowKind(StrEnum):
    """What is done in a window."""

    MAINTENANCE = "maintenance"
    DEPLOY = "deploy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A time of day, on some or all days of the week, in which planned work may show.

    Args:
        name: as people call it: `nightly deploy`.
        matchers: what it is about; all have to hold, of each symptom that is sick.
        start: the time of day it begins, in its zone.
        end: the time of day it ends; where that is no later than `start`, on the day after.
        weekdays: on which it begins, 0 for Monday; empty for every day.
        zone: IANA name of the zone its times are of.
        kind: what is done in it.
    """

    name: str
    matchers: tuple[Matcher, ...]
    start: time
    end: time
    weekdays: frozenset[int] = frozenset()
    zone: str = "UTC"
    kind: WindowKind = WindowKind.MAINTENANCE

    def span_of(self, at: datetime) -> tuple[datetime, datetime] | None:
        """Return the beginning and the end, aware UTC, of what it is at a moment; None outside it.

        Examples:
            >>> from aiops.domain.silences import parse_matcher
            >>> night = Window(name="night", matchers=(parse_matcher("service=db"),),
            ...                start=time(22), end=time(2), zone="Europe/Berlin")
            >>> [str(one) for one in night.span_of(datetime(2026, 4, 18, 23, tzinfo=UTC))]
            ['2026-04-18 20:00:00+00:00', '2026-04-19 00:00:00+00:00']
        """
        return next((span for span in self._near(at) if span[0] <= at < span[1]), None)

    def _near(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        zone = ZoneInfo(self.zone)
        today = at.astimezone(zone).date()
        for day in (today - _DAY, today):
            if self.weekdays and day.weekday() not in self.weekdays:
                continue
            last = day if self.end > self.start else day + _DAY
            yield (
                datetime.combine(day, self.start, zone).astimezone(UTC),
                datetime.combine(last, self.end, zone).astimezone(UTC),
            )
