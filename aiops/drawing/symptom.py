"""A symptom as a picture: what was measured against what was expected, and what happened when.

The one specification of it: a page shows it as SVG, a chat as PNG.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from aiops.domain.symptoms import Symptom
from aiops.domain.ticks import Floats, Times
from aiops.drawing import vegalite
from aiops.drawing.scale import Scale, scale_of

_MOST_POINTS: Final = 360
_LEAST: Final = timedelta(minutes=20)
_A_DAY: Final = timedelta(days=1)
_WIDTH, _HEIGHT, _SHARPNESS = 640, 120, 2.0
_FRAMED_HEIGHT: Final = 240
_BEYOND: Final = 0.25
_BLUE, _GREEN, _RED, _GREY, _VIOLET = "#1f4e79", "#77aa77", "#aa3333", "#666666", "#7a3fb0"
_QUIETLY: Final = {"titleFontWeight": "normal", "titleColor": _GREY}


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened, drawn as a rule with words of our own.

    Args:
        at: when, aware.
        words: "began 10:03"; a picture may stand in a page, so no text of the data is among them.
        colour: of rule and words.
        is_before: whether the words stand to the left of the rule.
    """

    at: datetime
    words: str
    colour: str = _RED
    is_before: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """What is drawn of one symptom.

    Args:
        symptom: whose series it is; its band is that of its strongest tick.
        times: epoch seconds, ascending, shape (ticks,).
        values: in the unit of the series, same shape; NaN where nothing was measured.
        marks: what happened; those outside of the times are not drawn.
        title: above it; empty: no title, and a lower picture.
        subtitle: lines of words below the title.
    """

    symptom: Symptom
    times: Times
    values: Floats
    marks: tuple[Mark, ...] = ()
    title: str = ""
    subtitle: tuple[str, ...] = ()


def span_of(symptom: Symptom, step_seconds: int) -> tuple[datetime, datetime]:
    """Return the time a picture of a symptom spans: from well before onset until after the end."""
    until = symptom.ended_at or max(symptom.last_seen, symptom.detected_at)
    margin = max(until - symptom.onset, _LEAST, timedelta(seconds=20 * step_seconds))
    return symptom.onset - margin, until + margin / 2


def marks_of(symptom: Symptom) -> tuple[Mark, ...]:
    """Return when a symptom began, and when it ended, as marks."""
    began = Mark(symptom.onset, f"began {symptom.onset:%H:%M}")
    if symptom.ended_at is None:
        return (began,)
    return began, Mark(symptom.ended_at, f"ended {symptom.ended_at:%H:%M}", _GREY)


def change_mark(at: datetime, kind: str) -> Mark:
    """Return the mark of a change, by its kind; its words stand before the onset's."""
    return Mark(at, f"{kind} {at:%H:%M}", _VIOLET, is_before=True)


def svg(picture: Picture) -> str | None:
    """Return a picture as SVG without script, None where there is nothing to draw.

    The same picture gives the same text.
    """
    specification = _specification(picture)
    return None if specification is None else vegalite.svg(specification)


def png(picture: Picture) -> bytes | None:
    """Return a picture as PNG of some 1,400 by 700 points, None where there is nothing to draw."""
    specification = _specification(picture)
    return None if specification is None else vegalite.png(specification, _SHARPNESS)


def _specification(picture: Picture) -> dict[str, Any] | None:
    """Return the chart in Vega-Lite, None where nothing was measured in its time."""
    known = picture.values[np.isfinite(picture.values)]
    if len(known) == 0 or len(picture.times) < 2:
        return None
    series = picture.symptom.series
    scale = scale_of(series.unit, series.family, float(np.abs(known).max()))
    low, high = _band(picture.symptom, float(known.min()), float(known.max()))
    y = _y(scale, min(float(known.min()), low), max(float(known.max()), high))
    return vegalite.chart(
        [
            *_band_layers(scale, low, high, y),
            vegalite.layer(
                _readings(picture, scale),
                {"type": "line", "color": _BLUE, "strokeWidth": 2},
                x=_x(picture),
                y=y,
            ),
            *_mark_layers(picture),
        ],
        _WIDTH,
        _FRAMED_HEIGHT if picture.title else _HEIGHT,
        **_frame(picture),
    )


def _frame(picture: Picture) -> dict[str, Any]:
    """Return the words above a picture that stands alone, on white whatever is around it."""
    if not picture.title:
        return {}
    title = {
        "text": picture.title,
        "subtitle": [line for line in picture.subtitle if line],
        "anchor": "start",
        "offset": 22,
        "fontSize": 16,
        "subtitleFontSize": 12,
    }
    return {"title": title, "padding": 14, "background": "white"}


def _readings(picture: Picture, scale: Scale) -> list[dict[str, Any]]:
    """Return what was measured, thinned to what an eye can see: the farthest of each stretch."""
    stride = max(-(-len(picture.times) // _MOST_POINTS), 1)
    usual = picture.symptom.expected if np.isfinite(picture.symptom.expected) else 0.0
    drawn = []
    for first in range(0, len(picture.times), stride):
        some = picture.values[first : first + stride]
        far = np.where(np.isfinite(some), np.abs(some - usual), -1.0)
        place = int(far.argmax())
        value = float(some[place]) * scale.factor if far[place] >= 0 else None
        drawn.append({"at": int(picture.times[first + place]) * 1000, "value": value})
    return drawn


def _band(symptom: Symptom, lowest: float, highest: float) -> tuple[float, float]:
    """Return the band as far as it is drawn.

    One that is far wider than what was measured, or open at an end, ends a little beyond it; it
    does not go below zero where nothing measured does.
    """
    low, high = symptom.low, symptom.high
    if np.isnan(low) and np.isnan(high):
        return lowest, lowest
    beyond = _BEYOND * (highest - lowest) or abs(highest) or 1.0
    low = max(low, lowest - beyond) if np.isfinite(low) else lowest - beyond
    high = min(high, highest + beyond) if np.isfinite(high) else highest + beyond
    return (max(low, 0.0) if lowest >= 0 else low), high


def _band_layers(scale: Scale, low: float, high: float, y: vegalite.Channel) -> list[Any]:
    if high <= low:
        return []
    band = {"value": low * scale.factor, "high": high * scale.factor}
    area = {"type": "rect", "color": _GREEN, "opacity": 0.3}
    return [vegalite.layer([band], area, y=y, y2={"field": "high"})]


def _mark_layers(picture: Picture) -> list[Any]:
    first, last = int(picture.times[0]), int(picture.times[-1])
    x = {"field": "at", "type": "temporal"}
    layers = []
    for mark in picture.marks:
        if not first <= mark.at.timestamp() <= last:
            continue
        data = [{"at": mark.at.timestamp() * 1000, "words": mark.words}]
        rule = {"type": "rule", "color": mark.colour, "strokeDash": [4, 3], "strokeWidth": 1.5}
        layers.append(vegalite.layer(data, rule, x=x))
        if picture.title:
            side, away = ("right", -4) if mark.is_before else ("left", 4)
            words = {"type": "text", "align": side, "dx": away, "dy": -8, "fontSize": 12}
            top, said = {"value": 0}, {"field": "words", "type": "nominal"}
            layers.append(
                vegalite.layer(data, words | {"color": mark.colour}, x=x, y=top, text=said)
            )
    return layers


def _x(picture: Picture) -> vegalite.Channel:
    """Return the time axis: UTC, and below it the clock people of the series live by."""
    span = timedelta(seconds=int(picture.times[-1] - picture.times[0]))
    clock = "%H:%M" if span < _A_DAY else "%d %b %H:%M"
    zone = picture.symptom.series.zone
    written, title = f"utcFormat(datum.value, '{clock}')", "UTC"
    ahead = picture.symptom.onset.astimezone(ZoneInfo(zone)).utcoffset() or timedelta(0)
    if ahead:
        local = f"time(datum.value) + {int(ahead.total_seconds() * 1000)}"
        written = f"[{written}, utcFormat({local}, '{clock}')]"
        title = f"UTC, below it {zone}"
    return {
        "field": "at",
        "type": "temporal",
        "title": title if picture.title else None,
        "scale": {"type": "utc"},
        "axis": {"tickCount": 6, "labelExpr": written, "grid": False, **_QUIETLY},
    }


def _y(scale: Scale, lowest: float, highest: float) -> vegalite.Channel:
    """Return the value axis; it begins at zero where that does not flatten what is to be seen."""
    return {
        "field": "value",
        "type": "quantitative",
        "title": scale.unit or None,
        "scale": {"zero": 0 <= lowest <= highest / 2, "nice": True},
        "axis": {"tickCount": 5, **_QUIETLY},
    }
