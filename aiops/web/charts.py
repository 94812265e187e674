"""Small pictures of numbers over time, as the points of SVG lines. Pure.

The page draws them itself: its lines take the colours of its theme, light or dark, and a page that
is asked for every few seconds needs no drawing engine (DESIGN §10 names one for pictures sent out).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from aiops.domain.ticks import Floats, Times
from aiops.domain.time import utc

WIDTH: Final = 320
HEIGHT: Final = 64
_MOST_POINTS: Final = 160
_TOP: Final = 0.95
"""How much of the height the highest value takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Two lines over the same time, from zero upwards.

    Args:
        observed: `points` of each stretch without a gap.
        expected: the same of what was expected.
        since: the left edge, aware UTC.
        until: the right edge.
        highest: the value at the top line, `_TOP` of the height.
    """

    observed: tuple[str, ...]
    expected: tuple[str, ...]
    since: datetime
    until: datetime
    highest: float


def chart(times: Times, observed: Floats, expected: Floats) -> Chart | None:
    """Return a picture of readings and expectation, None where there is nothing to draw.

    Zero is always in it: money that does not move lies at the bottom. Many ticks are drawn as the
    means of stretches of equal length; a gap stays one.

    Args:
        times: epoch seconds, ascending, shape (ticks,).
        observed: shape (ticks,), NaN where nothing was read.
        expected: same shape.
    """
    if len(times) < 2 or not np.isfinite(observed).any():
        return None
    both = np.concatenate([observed, expected])
    highest = float(both[np.isfinite(both)].max())
    stretch = -(-len(times) // _MOST_POINTS)
    x = WIDTH * (times - times[0]) / (times[-1] - times[0])
    scale = HEIGHT * _TOP / highest if highest > 0 else 0.0
    return Chart(
        observed=tuple(_lines(x, HEIGHT - scale * np.maximum(observed, 0.0), stretch)),
        expected=tuple(_lines(x, HEIGHT - scale * np.maximum(expected, 0.0), stretch)),
        since=utc(int(times[0])),
        until=utc(int(times[-1])),
        highest=highest,
    )


def _lines(x: Floats, y: Floats, stretch: int) -> Iterator[str]:
    """Yield the points of every stretch without a gap; a point alone is drawn as a short line."""
    points: list[str] = []
    for first in range(0, len(x), stretch):
        rows = slice(first, first + stretch)
        known = np.isfinite(y[rows])
        if known.any():
            points.append(f"{x[rows][known].mean():.1f},{y[rows][known].mean():.1f}")
        elif points:
            yield _line(points)
            points = []
    if points:
        yield _line(points)


def _line(points: list[str]) -> str:
    return " ".join(points if len(points) > 1 else [*points, *points])
