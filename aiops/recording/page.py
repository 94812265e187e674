"""What a backtest found, as one page to look at: HTML with pictures, no JavaScript."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from aiops.domain.environment import Knowledge
from aiops.domain.figures import format_value
from aiops.domain.incidents import Decision, Incident
from aiops.domain.symptoms import Symptom
from aiops.incident.headline import headline
from aiops.incident.reach import Reached, reach
from aiops.recording.chart import picture
from aiops.recording.values import Recording

MOST_PICTURES: Final = 30
"""Further incidents are told without one: a picture takes a tenth of a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One incident as the page shows it.

    Args:
        incident: its last revision.
        headline: the symptom it is told by.
        picture: that symptom's series as SVG, None where there is none.
        reach: what it reaches, since when and how badly.
    """

    incident: Incident
    headline: Symptom
    picture: Markup | None
    reach: tuple[Reached, ...]


def page(recording: Recording, incidents: Sequence[Incident], knowledge: Knowledge) -> str:
    """Return the page of one recording; every text of the recording is escaped.

    Args:
        recording: what was played.
        incidents: what came of it, in order of detection, without merged ones.
        knowledge: what was known.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters |= {"moment": _moment, "reading": _reading, "percent": "{:.0%}".format}
    text = files("aiops.recording").joinpath("page.html").read_text(encoding="utf-8")
    shown = [
        _shown(one, recording, knowledge, pictured=place < MOST_PICTURES)
        for place, one in enumerate(incidents)
    ]
    return environment.from_string(text).render(
        recording=recording,
        shown=shown,
        counts=counts(incidents),
        spans=[_span(one.history.times) for one in recording.environments],
    )


def counts(incidents: Sequence[Incident]) -> dict[str, int]:
    """Return how many incidents page, ask for a ticket, and are recorded only."""
    return {
        decision.value: sum(one.decision is decision for one in incidents)
        for decision in (Decision.PAGE, Decision.TICKET, Decision.NONE)
    }


def _shown(
    incident: Incident, recording: Recording, knowledge: Knowledge, *, pictured: bool
) -> Shown:
    told = headline(incident.symptoms, incident.blast, knowledge)
    svg = None
    if pictured and not told.is_telemetry:
        (recorded,) = (one for one in recording.environments if one.shard.env == incident.env)
        svg = picture(told, recorded)
    # The picture is our own drawing of numbers; no text of the recording is in it.
    safe = None if svg is None else Markup(svg)  # noqa: S704
    return Shown(incident=incident, headline=told, picture=safe, reach=reach(incident))


def _span(times: Any) -> tuple[datetime, datetime]:
    first, last = (datetime.fromtimestamp(int(times[place]), tz=UTC) for place in (0, -1))
    return first, last


def _moment(at: datetime | None) -> str:
    return "" if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _reading(value: float, symptom: Symptom) -> str:
    return format_value(value, symptom.series.unit, symptom.family)
