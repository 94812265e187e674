"""How unusual what was found is against the series' own past, in numbers and in words."""

import numpy as np

from aiops.detect.own_past import Surprise
from aiops.detect.own_past_bars import hours_reaching
from aiops.detect.traits import Slots
from aiops.domain.ticks import Packed

OWN_PAST = ("change", "reached", "hours", "bar")
"""Of a change: its size in usual changes, hours of the past that reached it, hours there are;
how much higher than usual the bar was: by what people marked, and by alerts shortly before."""

_LEAST_HOURS = 24
_FARTHEST = 100
_LITTLE = 0.05


def against_own_past(
    slots: Slots, past: Surprise, boost: Packed, factor: Packed | np.float32
) -> dict[str, Packed]:
    """Return the numbers of `OWN_PAST` at the slots that are outside, 0 elsewhere."""
    found = {name: np.zeros_like(past.fast) for name in OWN_PAST}
    if not len(slots):
        return found
    found["bar"][slots] = (1 + boost[slots]) * (
        factor[slots] if isinstance(factor, np.ndarray) else factor
    )
    slower = past.slow_ratio[slots] >= 1
    for name, answers, chosen in (
        ("fast_hours", past.fast, slots[~slower]),
        ("slow_hours", past.slow, slots[slower]),
    ):
        if len(chosen):
            found["change"][chosen] = answers[chosen]
            hours = past.memory[name][:, chosen]
            found["reached"][chosen], found["hours"][chosen] = hours_reaching(
                hours, answers[chosen]
            )
    return found


def say_unusual(change: float, reached: float, hours: float, bar: float = 1.0) -> str:
    """Return in words how a change compares with the hours before it.

    Args:
        change: in usual changes of the series.
        reached: hours of its past that reached it; old ones count less.
        hours: all of them.
        bar: how much higher than usual its bars were.

    Examples:
        >>> say_unusual(9.31, 0.0, 210.4)
        'a change of 9.3 times the usual, as in fewer than 1 of 210 of its hours'
        >>> say_unusual(3.0, 5.0, 200.0)
        'a change of 3 times the usual, as in 1 of 40 of its hours'
        >>> say_unusual(1.04, 150.0, 200.0)
        'a change of 1 times the usual, as in most of its hours'
        >>> say_unusual(9.31, 0.0, 7.2)
        'only 7 h of its own past are known, too few to say how unusual'
        >>> say_unusual(9.31, 5.0, 200.0, 1.4)
        'a change of 9.3 times the usual, as in 1 of 40 of its hours; at a bar times 1.4'
    """
    raised = "" if abs(bar - 1) < _LITTLE else f"; at a bar times {bar:.2g}"
    if hours < _LEAST_HOURS:
        return f"only {int(hours)} h of its own past are known, too few to say how unusual{raised}"
    size = f"more than {_FARTHEST}" if change > _FARTHEST else f"{change:.2g}"
    if reached > hours / 2:
        often = "most"
    elif reached < 1:
        often = f"fewer than 1 of {int(hours)}"
    else:
        often = f"1 of {hours / reached:.0f}"
    return f"a change of {size} times the usual, as in {often} of its hours{raised}"
