"""The picture of one series of a recording around an incident."""

import numpy as np

from aiops.domain.symptoms import Symptom
from aiops.domain.ticks import Floats, Times
from aiops.drawing.symptom import Picture, marks_of, span_of, svg
from aiops.recording.values import Recorded


def picture(symptom: Symptom, recorded: Recorded) -> str | None:
    """Return an SVG of a symptom's series around it, or None where it has no series of its own.

    It holds no script and no text of the recording; see `aiops.drawing.symptom`.
    """
    slots = [
        slot for slot, one in enumerate(recorded.shard.series) if one.key == symptom.series.key
    ]
    if not slots:
        return None
    times, values = _around(symptom, recorded, slots[0])
    return svg(Picture(symptom=symptom, times=times, values=values, marks=marks_of(symptom)))


def _around(symptom: Symptom, recorded: Recorded, slot: int) -> tuple[Times, Floats]:
    """Return the readings from before onset until after the end."""
    since, until = span_of(symptom, recorded.shard.step_seconds)
    history = recorded.history
    first = int(np.searchsorted(history.times, since.timestamp()))
    last = int(np.searchsorted(history.times, until.timestamp(), side="right"))
    return history.times[first:last], history.values[first:last, slot].astype(np.float64)
