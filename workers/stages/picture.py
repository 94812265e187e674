"""Incidents that sinks show → a picture of each; in the slow worker, for drawing takes its time."""

from collections.abc import Callable, Collection

import numpy as np

from aiops.domain.environment import Knowledge
from aiops.domain.incidents import Incident
from aiops.domain.pictures import IncidentPicture
from aiops.domain.symptoms import Symptom
from aiops.drawing import symptom as drawing
from aiops.drawing.incident import picture_of, subject_of, words_of
from aiops.incident.headline import headline
from aiops.ports import Clock, Queue
from aiops.store.pictures import PictureStore, Wanted
from aiops.store.signals import HistoryStore
from aiops.telemetry import Telemetry

AT_ONCE = 2
"""So many a sweep: as many as a channel takes meanwhile, and never long in the way of a fit."""

MOST_PICTURES = 3
"""So many of one episode: a story that changes more often is told in words."""

MOST_BYTES = 1_000_000

Draw = Callable[[drawing.Picture], bytes | None]


class DrawPictures:
    """Draws each incident once, and again where there is something clearly other to show.

    Args:
        sinks: names of those that show pictures.
        draw: makes the PNG.
    """

    def __init__(
        self,
        *,
        sinks: Collection[str],
        pictures: PictureStore,
        history: HistoryStore,
        knowledge: Callable[[], Knowledge],
        queue: Queue,
        clock: Clock,
        telemetry: Telemetry,
        draw: Draw = drawing.png,
    ) -> None:
        self._sinks = tuple(sorted(sinks))
        self._pictures = pictures
        self._history = history
        self._knowledge = knowledge
        self._queue = queue
        self._clock = clock
        self._telemetry = telemetry
        self._draw = draw

    def run(self) -> None:
        """Draw what has no picture yet, the worst first; running it twice draws nothing twice."""
        if not self._sinks:
            return
        wanted = self._pictures.wanted(self._sinks, self._clock.now(), AT_ONCE)
        knowledge = self._knowledge() if wanted else None
        for one in wanted:
            if knowledge is not None:
                self._serve(one, knowledge)

    def _serve(self, wanted: Wanted, knowledge: Knowledge) -> None:
        incident, now = wanted.incident, self._clock.now()
        if not incident.symptoms:
            return
        told = headline(incident.symptoms, incident.blast, knowledge)
        subject = subject_of(incident, told)
        is_other = wanted.is_drawn and subject != wanted.subject
        if wanted.is_drawn and (not is_other or wanted.number >= MOST_PICTURES):
            self._pictures.looked(incident, wanted.number, now=now)
            return
        number = wanted.number + 1 if is_other else wanted.number
        self._pictures.begin(incident, number, subject, now=now)
        try:
            png = self._drawn(incident, told)
        except Exception as error:  # noqa: BLE001 - a JavaScript engine draws; the next one may do
            why = f"{incident.id} could not be drawn ({type(error).__name__}: {error})"
            self._telemetry.fault("picture", why)
            return
        if png is None:
            self._pictures.give_up(incident, number)
            return
        picture = IncidentPicture(
            incident_id=incident.id,
            episode=incident.episode,
            number=number,
            subject=subject,
            words=words_of(told),
            png=png,
        )
        for row in self._pictures.keep(picture, incident, self._sinks, now=now):
            self._queue.enqueue("deliver.send", row)

    def _drawn(self, incident: Incident, told: Symptom) -> bytes | None:
        """Return the picture of an incident, None where nothing was measured that tells it."""
        samples = self._history.samples(incident.env)
        now = self._clock.now()
        for excerpt in samples.around([told.service], told.onset, now):
            slots = [slot for slot, one in enumerate(excerpt.series) if one.key == told.series.key]
            if not slots or told.is_telemetry:
                continue
            since, until = drawing.span_of(told, excerpt.step_seconds)
            first, last = np.searchsorted(excerpt.times, [since.timestamp(), until.timestamp()])
            rows = slice(int(first), int(last) + 1)
            values = excerpt.values[rows, slots[0]].astype(np.float64)
            png = self._draw(picture_of(incident, told, excerpt.times[rows], values))
            if png is not None and len(png) <= MOST_BYTES:
                return png
        return None
