"""A picture of one scored series: what was measured, the band it was judged by, the anomalies."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from aiops.domain.ticks import Floats, Packed, Times
from aiops.drawing import vegalite

MOST_STRETCHES: Final = 600
"""More than an eye can tell apart: each is drawn from its lowest to its highest value."""

_WIDTH, _HEIGHT = 1200, 260
_BLUE, _GREEN, _RED = "#1f4e79", "#7a7", "#c22"
_WIDEST: Final = 3.0

Bools = npt.NDArray[np.bool_]


def draw_series(
    times: Times, values: Packed, *, low: Floats, high: Floats, is_anomaly: Bools
) -> str:
    """Return an SVG of a series; the same input gives the same text, and no script is in it.

    The axis spans what was measured; a band that is far wider is cut at it.

    Args:
        times: epoch seconds, never descending, shape (rows,).
        values: NaN where nothing was measured, as `low` and `high` of the band.
        low: lower end of the band.
        high: upper end.
        is_anomaly: rows to mark.
    """
    stretches = _stretches(times, values.astype(np.float64), low, high, is_anomaly)
    return vegalite.svg(_specification(stretches))


def _stretches(
    times: Times, values: Floats, low: Floats, high: Floats, is_anomaly: Bools
) -> list[dict[str, Any]]:
    """Return what is drawn: a point per stretch of rows, with what is in it at most."""
    lowest, highest = _axis(values)
    edges = np.linspace(0, len(times), min(len(times), MOST_STRETCHES) + 1).astype(np.intp)[:-1]
    columns = {
        "least": np.fmin.reduceat(values, edges),
        "most": np.fmax.reduceat(values, edges),
        "low": np.clip(np.fmin.reduceat(low, edges), lowest, highest),
        "high": np.clip(np.fmax.reduceat(high, edges), lowest, highest),
    }
    flagged = np.maximum.reduceat(is_anomaly, edges)
    drawn: list[dict[str, Any]] = []
    for place, at in enumerate(times[edges].tolist()):
        point: dict[str, Any] = {"at": at * 1000, "flagged": bool(flagged[place])}
        for name, column in columns.items():
            value = float(column[place])
            point[name] = value if np.isfinite(value) else None
        drawn.append(point)
    return drawn


def _axis(values: Floats) -> tuple[float, float]:
    """Return how far a band is drawn: some of the values' own span beyond them."""
    known = values[np.isfinite(values)]
    if not len(known):
        return -np.inf, np.inf
    lowest, highest = float(known.min()), float(known.max())
    beyond = (highest - lowest) / _WIDEST or 1.0
    return lowest - beyond, highest + beyond


def _specification(stretches: list[dict[str, Any]]) -> dict[str, Any]:
    marked = [one for one in stretches if one["flagged"]]
    x = {
        "field": "at",
        "type": "temporal",
        "title": None,
        "scale": {"type": "utc"},
        "axis": {"tickCount": 10},
    }

    def y(name: str) -> vegalite.Channel:
        axis, scale = {"tickCount": 5}, {"zero": False}
        kind = "quantitative"
        return {"field": name, "type": kind, "title": None, "scale": scale, "axis": axis}

    band = {"type": "area", "color": _GREEN, "opacity": 0.3}
    line = {"type": "line", "color": _BLUE, "strokeWidth": 1}
    rule = {"type": "rule", "color": _RED, "opacity": 0.25, "strokeWidth": 3}
    point = {"type": "point", "color": _RED, "filled": True, "size": 18}
    layers = [
        vegalite.layer(stretches, band, x=x, y=y("low"), y2={"field": "high"}),
        vegalite.layer(stretches, line, x=x, y=y("most")),
        vegalite.layer(
            stretches, {"type": "rule", "color": _BLUE}, x=x, y=y("least"), y2={"field": "most"}
        ),
        vegalite.layer(marked, rule, x=x),
        vegalite.layer(marked, point, x=x, y=y("most")),
    ]
    return vegalite.chart(layers, _WIDTH, _HEIGHT)
