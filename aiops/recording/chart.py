"""A picture of one series around an incident: what was measured, and what was expected."""

from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np

from aiops.domain.symptoms import Symptom
from aiops.domain.ticks import Floats, Times
from aiops.recording.values import Recorded

_MOST_POINTS: Final = 360
_LEAST: Final = timedelta(minutes=20)
_A_DAY_SECONDS: Final = 86_400
_WIDTH, _HEIGHT = 640, 120


def picture(symptom: Symptom, recorded: Recorded) -> str | None:
    """Return an SVG of a symptom's series around it, or None where it has no series of its own.

    The line is what was measured, the band what was expected at the strongest tick, the dashed
    rules are onset and end. The same symptom gives the same text; it holds no script and no text
    of the recording.
    """
    slots = [
        slot for slot, one in enumerate(recorded.shard.series) if one.key == symptom.series.key
    ]
    if not slots:
        return None
    times, values = _around(symptom, recorded, slots[0])
    if not np.isfinite(values).any():
        return None
    import vl_convert  # noqa: PLC0415 - it starts a JavaScript engine; only pages need it

    svg: str = vl_convert.vegalite_to_svg(_specification(symptom, times, values))
    return svg


def _around(symptom: Symptom, recorded: Recorded, slot: int) -> tuple[Times, Floats]:
    """Return the readings from before onset until after the end, thinned to what an eye can see."""
    history = recorded.history
    until = symptom.ended_at or max(symptom.last_seen, symptom.detected_at)
    margin = max(until - symptom.onset, _LEAST, timedelta(seconds=20 * recorded.shard.step_seconds))
    first = np.searchsorted(history.times, (symptom.onset - margin).timestamp())
    last = np.searchsorted(history.times, (until + margin / 2).timestamp(), side="right")
    stride = max(-(-int(last - first) // _MOST_POINTS), 1)
    rows = slice(int(first), int(last), stride)
    return history.times[rows], history.values[rows, slot].astype(np.float64)


def _specification(symptom: Symptom, times: Times, values: Floats) -> dict[str, Any]:
    import altair as alt  # noqa: PLC0415 - it takes 0.8 s; only pages need it

    data: Any = alt.Data
    readings = [
        {"at": at * 1000, "value": value if np.isfinite(value) else None}
        for at, value in zip(times.tolist(), values.tolist(), strict=True)
    ]
    clock = "%H:%M" if times[-1] - times[0] < _A_DAY_SECONDS else "%d %b %H:%M"
    ticks = alt.Axis(tickCount=6, format=clock)
    x = alt.X("at:T", title=None, scale=alt.Scale(type="utc"), axis=ticks)
    y = alt.Y("value:Q", title=None, scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=4))
    layers = [
        alt.Chart(data(values=readings)).mark_line(color="#1f4e79").encode(x=x, y=y),
        alt.Chart(data(values=[{"at": at} for at in _edges(symptom)]))
        .mark_rule(color="#a33", strokeDash=[4, 3])
        .encode(x=x),
    ]
    if np.isfinite([symptom.low, symptom.high]).all():
        band = alt.Chart(data(values=[{"value": symptom.low, "high": symptom.high}]))
        layers.insert(0, band.mark_rect(color="#7a7", opacity=0.3).encode(y=y, y2="high:Q"))
    chart = alt.layer(*layers).properties(width=_WIDTH, height=_HEIGHT)
    return dict(chart.configure_view(stroke=None).to_dict())


def _edges(symptom: Symptom) -> list[float]:
    edges: list[datetime] = [symptom.onset]
    if symptom.ended_at is not None:
        edges.append(symptom.ended_at)
    return [edge.timestamp() * 1000 for edge in edges]
