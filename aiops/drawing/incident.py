"""What of an incident is drawn: the symptom it is told by, with the change that is blamed. Pure."""

from aiops.domain.changes import Change
from aiops.domain.figures import format_value
from aiops.domain.incidents import Incident
from aiops.domain.symptoms import Symptom
from aiops.domain.ticks import Floats, Times
from aiops.domain.time import clock_time
from aiops.drawing.symptom import Picture, change_mark, marks_of
from aiops.incident.wording import capital, change_words, subject_words, values_words

_LINE_CHARACTERS = 95
_NONE = ""


def subject_of(incident: Incident, told: Symptom) -> str:
    """Return what a picture shows: the series, and the change that is marked in it.

    Where both are as they were, another picture would say nothing new.
    """
    change = _blamed(incident)
    return f"{told.series.key.fingerprint} {change.id if change else _NONE}".rstrip()


def words_of(told: Symptom) -> str:
    """Return in one line what is to be seen.

    As in "Error rate on /checkout in EU: 0.3% → 7.2%, expected 0.2% to 0.4%, since 10:03 UTC".
    """
    parts = [values_words(told), _expected(told), f"since {clock_time(told.onset)}"]
    return f"{capital(subject_words(told))}: {', '.join(part for part in parts if part)}"


def picture_of(incident: Incident, told: Symptom, times: Times, values: Floats) -> Picture:
    """Return the picture of an incident.

    Args:
        incident: as it stands.
        told: the symptom it is told by.
        times: epoch seconds around it, ascending, shape (ticks,).
        values: what its series measured then, same shape, NaN where nothing was.
    """
    change = _blamed(incident)
    marks = marks_of(told)
    expected = f"{_expected(told)} (green)" if _expected(told) else ""
    lines = [", ".join(part for part in (values_words(told), expected) if part)]
    if change is not None:
        marks = (change_mark(change.started_at, change.kind.value), *marks)
        lines.append(f"{change_words(change)} at {clock_time(change.started_at)}")
    return Picture(
        symptom=told,
        times=times,
        values=values,
        marks=marks,
        title=_cut(f"{incident.id}: {capital(subject_words(told))}"),
        subtitle=tuple(_cut(line) for line in lines),
    )


def _blamed(incident: Incident) -> Change | None:
    return incident.causes[0].change if incident.causes else None


def _expected(told: Symptom) -> str:
    if not told.low <= told.high:  # NaN: nothing was expected
        return ""
    unit, family = told.series.unit, told.family
    low, high = (format_value(edge, unit, family) for edge in (told.low, told.high))
    # A band is as wide below as above, also where what is measured cannot be negative.
    is_open = told.low < 0 <= min(told.expected, told.observed, told.before)
    return f"expected up to {high}" if is_open else f"expected {low} to {high}"


def _cut(text: str) -> str:
    """Return a line as long as the picture is wide; control characters have no place in one."""
    line = "".join(char if char.isprintable() else " " for char in text)
    return line if len(line) <= _LINE_CHARACTERS else line[: _LINE_CHARACTERS - 1] + "…"
