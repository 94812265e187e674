"""What the product needs from outside, as Protocols: the clock, the queue, sources and sinks.

Adapters implement them, `workers.wiring` puts them together, tests use fakes of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from aiops.domain.changes import Change
from aiops.domain.digests import Digest
from aiops.domain.incidents import Incident
from aiops.domain.notifications import Notification
from aiops.domain.pacing import Rate
from aiops.domain.pictures import IncidentPicture
from aiops.domain.pulled import Sample
from aiops.domain.status_updates import StatusUpdate


class Clock(Protocol):
    """Tells the product's time: aware UTC; the demo's runs fast."""

    def now(self) -> datetime:
        """Return the present moment."""
        ...


class Queue(Protocol):
    """Takes work for another process: ids and small values only."""

    def enqueue(self, task: str, *args: str | int, after_seconds: float = 0.0) -> None:
        """Ask for `task` to be run soon, at least once.

        Args:
            task: its name.
            args: ids and small values.
            after_seconds: not before then, in real seconds; at most a second or two.
        """
        ...


class Lease(Protocol):
    """A lock with a time limit, given to one holder at a time."""

    def acquire(self, name: str, seconds: float) -> int | None:
        """Return a fencing number that grows with every holder, or None while it is taken."""
        ...

    def renew(self, name: str, fencing: int, seconds: float) -> bool:
        """Hold it for `seconds` from now on; False when somebody else holds it by now."""
        ...

    def release(self, name: str, fencing: int) -> None:
        """Give it back; without effect when somebody else holds it by now."""
        ...


class Source(Protocol):
    """A place metrics are pulled from.

    Args:
        name: as the settings call it.
        step_seconds: distance between two ticks.
        delay_seconds: how long after a tick its values are complete.
        complaints: why something was missing from the last pull, by signal; empty when all was
            there.
    """

    name: str
    step_seconds: int
    delay_seconds: int
    complaints: Mapping[str, str]

    def pull(self, start: datetime, end: datetime, step_seconds: int) -> Sequence[Sample]:
        """Return every declared series at start, start + step … end (inclusive).

        Raises:
            SourceError: no answer, or an error; nothing may be concluded from it.
        """
        ...

    def now(self) -> datetime | None:
        """Return what time its own clock says it is, aware UTC; None where it does not tell.

        Raises:
            SourceError: no answer.
        """
        ...

    def close(self) -> None:
        """Let go of connections; the next pull opens them again."""
        ...


@runtime_checkable
class Reporting(Protocol):
    """A source that has what others wrote: it may not have the newest ticks yet."""

    def reported_until(self) -> datetime:
        """Return up to when it has all there is, aware UTC.

        Raises:
            SourceError: it has nothing.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a sink gave back: its own reference (dedup key, message ts …) by name."""

    reference: Mapping[str, str]


class Sender(Protocol):
    """Sends what a notification says; its constructor only keeps parameters.

    Args:
        name: as the settings call it.
        rate: how often the vendor lets us.
    """

    name: str
    rate: Rate

    def send(
        self, notification: Notification, payload: Mapping[str, Any], *, repeated: bool
    ) -> Receipt:
        """Send it once.

        Args:
            notification: which delivery this is.
            payload: from `payload`.
            repeated: an earlier attempt may have arrived without our knowing: look first, where
                the sink has no key of its own against doubles.

        Raises:
            DeliveryError: it was not taken, or may or may not have been (`ambiguous`).
        """
        ...


@runtime_checkable
class Notifier(Sender, Protocol):
    """A sink for notifications."""

    def payload(
        self, incident: Incident, notification: Notification, reference: Mapping[str, str]
    ) -> Mapping[str, Any]:
        """Return what will be sent, within the vendor's limits. Pure.

        Args:
            incident: the revision to tell of.
            notification: which delivery this is.
            reference: what this sink gave back earlier in this episode; empty at first.
        """
        ...


@runtime_checkable
class PulseNotifier(Sender, Protocol):
    """Tells an outside monitor that signals come through."""

    def pulse_payload(self, began_at: datetime, now: datetime) -> Mapping[str, Any]:
        """Return what will be sent of a pulse. Pure.

        Args:
            began_at: when it began its way, aware UTC.
            now: the product's clock.

        Raises:
            InputError: it is too old to say anything.
        """
        ...


@runtime_checkable
class PictureNotifier(Sender, Protocol):
    """Shows pictures below the messages of a sink.

    Args:
        shown_on: name of that sink.
    """

    shown_on: str

    def picture_payload(
        self, picture: IncidentPicture, reference: Mapping[str, str]
    ) -> Mapping[str, Any]:
        """Return what will be sent, within the vendor's limits. Pure.

        Args:
            picture: what to show.
            reference: what the sink it is shown on gave back for the episode.
        """
        ...


@runtime_checkable
class ChangeNotifier(Sender, Protocol):
    """Shows changes beside the messages of a sink."""

    def change_payload(self, change: Change) -> Mapping[str, Any]:
        """Return what will be sent, within the vendor's limits. Pure."""
        ...


@runtime_checkable
class UpdateNotifier(Sender, Protocol):
    """Sends what people tell stakeholders, beside the messages of a sink.

    Args:
        shown_on: name of that sink.
        lacks: what the settings lack for it, in words; empty for nothing.
    """

    shown_on: str
    lacks: str

    def update_payload(
        self, update: StatusUpdate, reference: Mapping[str, str]
    ) -> Mapping[str, Any]:
        """Return what will be sent, within the vendor's limits. Pure.

        Args:
            update: what to tell.
            reference: what the sink it is shown on gave back for the episode.
        """
        ...


@runtime_checkable
class DigestNotifier(Protocol):
    """A sink that also takes digests: one message for several incidents."""

    def digest_payload(
        self, digest: Digest, notification: Notification, reference: Mapping[str, str]
    ) -> Mapping[str, Any]:
        """Return what will be sent by `Sender.send`, within the vendor's limits. Pure.

        Args:
            digest: what to tell.
            notification: which delivery this is; its `incident_id` is the digest's.
            reference: what this sink gave back for it before; empty at first.
        """
        ...


@runtime_checkable
class AdoptingNotifier(Protocol):
    """A sink that can also write to pages of others about the same problem.

    Args:
        notes: what does; None where it may not. A notification's `sink` says which page.
    """

    @property
    def notes(self) -> Notifier | None:
        """Return what writes to pages of others, None where nothing may."""
        ...
