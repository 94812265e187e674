"""What a value was compared with, in words."""

from aiops.detect.calendar import say_time_of_day, say_weekday
from aiops.detect.clock_change import say_change
from aiops.detect.protocol import Frame, Memory
from aiops.detect.season_medians import DAILY, LEVEL, WEEKLY
from aiops.detect.season_stl import WINDOW_DAYS


def say_season(fitted: Memory, subject: int, at: int, frame: Frame) -> str:
    """Return the season of a series in words: `Saturdays 10:00-10:15 of the last 3 weeks`.

    Args:
        fitted: the profile of the seasonal detector.
        subject: the slot.
        at: epoch seconds of the value.
        frame: the tick.
    """
    zone = next(name for name, slots in frame.traits.zones if slots is None or subject in slots)
    days = int(fitted["days"][subject])
    moved = say_change(int(fitted["moved"][subject]))
    match int(fitted["kind"][subject]):
        case kind if kind == WEEKLY:
            day, weeks = say_weekday(at, zone, frame.holidays), max(days // 7, 2)
            since = f"of the last {weeks} weeks"
            if days == WINDOW_DAYS:
                since = f"as they have become in the last {days} days"
            return f"{day} {say_time_of_day(at, zone)} {since}{moved}"
        case kind if kind == DAILY:
            return f"{say_time_of_day(at, zone)} of the last {days} days{moved}"
        case kind if kind == LEVEL:
            return f"the last {frame.policy.level_memory_seconds // 3600} h"
        case _:
            times = frame.recent.times
            span = (frame.at - times[0]) // 60 if times else 0
            return f"the last {max(span, 1)} min"
