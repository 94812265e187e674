"""Outbox → sinks: claim one delivery, render it, send it, record what came back."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from aiops.domain.errors import DeliveryError, InputError
from aiops.domain.notifications import DeliveryAction, address, page_of, sink_of
from aiops.ports import AdoptingNotifier, Clock, Queue, Sender
from aiops.route.adoption import covering_page, page_words
from aiops.route.silence import silence_of
from aiops.store.deliveries import Delivery
from aiops.store.incidents import IncidentStore
from aiops.store.outbox import Outbox
from aiops.store.pages import PageStore
from aiops.store.silences import SilenceStore
from aiops.telemetry import Telemetry
from workers.stages.contents import Contents

LEASE_SECONDS = 30.0
"""Longer than the send timeout (10 s) with its look before a repeat; real seconds."""

MAX_ATTEMPTS = 12
"""After this many attempts a delivery is dead: visible, and replayable by a person."""

MAX_AGE = timedelta(days=1)
"""What no sink took for so long is dead too: told later it would only mislead."""

HOLD_AGAIN_AFTER = timedelta(minutes=1)
"""Whether a silence still holds is looked at again after so long: somebody may have ended it."""

FALL_BACK_AFTER = timedelta(minutes=2)
"""A call that nobody took for so long goes to the sink that stands in."""


class Deliver:
    """Delivers what the outbox holds; the lease keeps two workers off one delivery."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        incidents: IncidentStore,
        silences: SilenceStore,
        pages: PageStore,
        contents: Contents,
        sinks: Mapping[str, Sender],
        fallbacks: Mapping[str, str],
        queue: Queue,
        clock: Clock,
        real_clock: Clock,
        telemetry: Telemetry,
    ) -> None:
        self._outbox = outbox
        self._incidents = incidents
        self._silences = silences
        self._pages = pages
        self._contents = contents
        self._sinks = sinks
        self._fallbacks = fallbacks
        self._notes = {
            name: sink.notes
            for name, sink in sinks.items()
            if isinstance(sink, AdoptingNotifier) and sink.notes is not None
        }
        rates = {name: sink.rate for name, sink in sinks.items()}
        self._rates = rates | {address(name, ""): one.rate for name, one in self._notes.items()}
        self._queue = queue
        self._clock = clock
        self._real_clock = real_clock
        self._telemetry = telemetry

    def sweep(self) -> None:
        """Enqueue every delivery that is due, or whose sender died."""
        for row in self._outbox.due(self._clock.now(), self._real_clock.now(), self._rates):
            self._queue.enqueue("deliver.send", row)

    def next(self, sink: str) -> None:
        """Send the most urgent delivery that waits for a sink, if it may be told now."""
        waiting = self._outbox.next_of(sink, self._clock.now(), self._real_clock.now())
        if waiting is not None:
            self.run(waiting)

    def fall_back(self) -> None:
        """Give what a sink did not take in time to the one that stands in for it."""
        now = self._clock.now()
        for sink, stand_in in self._fallbacks.items():
            late = now - FALL_BACK_AFTER
            for row in self._outbox.fall_back(sink, stand_in, now=now, due_before=late):
                self._telemetry.fault("deliver", f"{sink} took nothing in time: {stand_in} is told")
                self._queue.enqueue("deliver.send", row)

    def run(self, delivery_id: int) -> None:
        """Send one delivery, if it is still to be sent and nobody else is at it."""
        delivery = self._outbox.claim(
            delivery_id,
            now=self._clock.now(),
            wall=self._real_clock.now(),
            lease_seconds=LEASE_SECONDS,
            rates=self._rates,
        )
        if delivery is None:
            return
        with self._telemetry.continued("deliver.send", delivery.traceparent):
            self._send(delivery)

    def _send(self, delivery: Delivery) -> None:
        note = delivery.notification
        if delivery.attempt > MAX_ATTEMPTS:
            self._give_up(delivery, f"{MAX_ATTEMPTS} attempts were begun and none of them ended")
            return
        sink = self._sink(note.sink)
        if sink is None:
            self._give_up(delivery, f"no sink is named {note.sink!r} in aiops.yaml")
            return
        if self._is_held(delivery):
            return
        try:
            payload = self._contents.payload(sink, delivery)
        except InputError as error:
            self._give_up(delivery, str(error))
            return
        try:
            receipt = sink.send(note, payload, repeated=delivery.repeated)
        except DeliveryError as error:
            self._fail(delivery, error)
            return
        now = self._clock.now()
        self._outbox.delivered(delivery.id, delivery.token, receipt.reference, now=now)
        self._telemetry.delivered(note, now)
        wait = self._outbox.wait(note.sink, sink.rate, self._real_clock.now())
        self._queue.enqueue("deliver.next", note.sink, after_seconds=wait.total_seconds())

    def _sink(self, name: str) -> Sender | None:
        """Return what tells a sink, or a page of others that a sink writes notes to."""
        return self._notes.get(sink_of(name)) if page_of(name) else self._sinks.get(name)

    def _is_held(self, delivery: Delivery) -> bool:
        """Hold a call back that nobody has begun to make while something makes it needless.

        A silence is about its incident, or others were called for it meanwhile; the call was
        decided before that. It is made when that ends; never once the incident is over.
        """
        note, now = delivery.notification, self._clock.now()
        is_first = note.action is DeliveryAction.TRIGGER and delivery.attempt == 1
        may_wait = is_first and not delivery.repeated and not page_of(note.sink)
        silences = self._silences.holding(now) if may_wait else ()
        pages = self._pages.near(now) if may_wait and note.sink in self._notes else ()
        if not (silences or pages or delivery.held):
            return False
        incident = self._incidents.get(note.incident_id)
        if incident is None:
            return False
        if delivery.held and (not incident.is_live or incident.episode != note.episode):
            return self._outbox.let_go(delivery)
        silence, page = silence_of(incident, silences), covering_page(incident, pages, now)
        if silence is None and page is None:
            return False
        again = now + HOLD_AGAIN_AFTER
        if silence is not None:
            again = min(silence.ends_at, again)
        why = silence.id if silence is not None else page_words(page) if page else ""
        return self._outbox.hold(delivery.id, delivery.token, f"held by {why}", again)

    def _fail(self, delivery: Delivery, error: DeliveryError) -> None:
        self._telemetry.delivery_failed(delivery.notification, str(error))
        why = self._hopeless(delivery, error)
        self._outbox.failed(
            delivery.id,
            delivery.token,
            error,
            wall=self._real_clock.now(),
            next_attempt_at=None if why else self._again_at(delivery, error),
            dead_reason=why,
        )

    def _hopeless(self, delivery: Delivery, error: DeliveryError) -> str:
        """Return why there is no use in trying again; empty when there is."""
        if not error.retryable:
            return str(error)
        if delivery.attempt >= MAX_ATTEMPTS:
            return f"{MAX_ATTEMPTS} attempts failed, the last: {error}"
        if self._clock.now() - delivery.decided_at >= MAX_AGE:
            return f"nobody took it for {MAX_AGE.total_seconds() / 3600:.0f} hours: {error}"
        return ""

    def _give_up(self, delivery: Delivery, why: str) -> None:
        self._outbox.give_up(delivery.id, delivery.token, why)

    def _again_at(self, delivery: Delivery, error: DeliveryError) -> datetime:
        """Return when to try again: what the sink asked for, else doubling up to five minutes.

        The jitter comes from the delivery's id and the time, so a replay waits as long as the first
        run, and no delivery keeps step with a sink that fails every so often.
        """
        now = self._clock.now()
        mixed = delivery.id * 2654435761 + int(now.timestamp()) * 40503
        wait = error.retry_after_seconds or min(2.0 ** min(delivery.attempt, 9), 300.0)
        return now + timedelta(seconds=wait * (1.0 + mixed % 1000 / 4000))
