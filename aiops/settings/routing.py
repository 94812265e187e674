"""What settings say of when people are called → the policies that are obeyed."""

from typing import get_args

from aiops.domain.silences import parse_matcher
from aiops.domain.windows import Window
from aiops.settings.fields import Weekday
from aiops.settings.schema import WindowSection

_WEEKDAYS: tuple[str, ...] = get_args(Weekday)


def window_of(section: WindowSection) -> Window:
    """Return the window that a section of the file declares."""
    return Window(
        name=section.name,
        kind=section.kind,
        matchers=tuple(parse_matcher(one) for one in section.matchers),
        start=section.start,
        end=section.end,
        weekdays=frozenset(_WEEKDAYS.index(one) for one in section.weekdays),
        zone=section.zone,
    )
