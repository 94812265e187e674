"""What takes the bodies that others send: durably, before their sender is answered."""

from collections.abc import Mapping
from concurrent.futures import Future
from datetime import datetime
from typing import Protocol

from aiops.ingest.catalog import Pushed
from aiops.settings import (
    CaseSourceSettings,
    ChangeSourceSettings,
    LogSourceSettings,
    MaintenanceSourceSettings,
    PushedSourceSettings,
)


class ExportTaker(Protocol):
    """Stores what the body of an OTLP export comes down to, durably, before it returns."""

    def __call__(self, signal: str, body: bytes, content_type: str) -> tuple[int, str]:
        """Return how many records were not taken, and why.

        Args:
            signal: `logs` or `traces`.
            body: unpacked.
            content_type: of the body, without parameters.

        Raises:
            InputError: it cannot be read; nothing was stored.
            AiopsError: it cannot be stored now.
        """
        ...


class SampleTaker(Protocol):
    """Takes a body of samples."""

    def __call__(
        self, source: PushedSourceSettings, body: bytes, content_type: str
    ) -> tuple["Future[None]", Pushed]:
        """Return what is done once the samples are durable, and what was found in the body.

        Args:
            source: whose token it came with.
            body: as it came, or unpacked where its packing is HTTP's.
            content_type: of the body, without parameters but the one that tells remote write 2.0.

        Raises:
            InputError: it cannot be read.
            BusyError: too much waits: it is to be sent again later.
            AiopsError: it cannot be stored now.
        """
        ...


class AlertTaker(Protocol):
    """Takes the body of an outside monitor."""

    def __call__(self, source: str, body: bytes, at: datetime) -> "Future[None]":
        """Return what is done once the body is durable; waits for nothing itself.

        One that cannot be read is kept, too, and the future fails with the InputError then.

        Args:
            source: as `aiops.yaml` names it.
            body: as it came, without secrets.
            at: when it arrived, aware UTC.

        Raises:
            BusyError: too much waits already.
            AiopsError: it cannot be stored now.
        """
        ...


class LogTaker(Protocol):
    """Takes logs as JSON lines."""

    def __call__(self, source: LogSourceSettings, body: bytes) -> Mapping[str, object]:
        """Store what they come down to, durably, and return what the sender is answered.

        Raises:
            InputError: nothing of it can be taken; nothing was stored.
            AiopsError: it cannot be stored now.
        """
        ...


class ReportTaker(Protocol):
    """Takes what a tool tells of changes."""

    def __call__(
        self, source: ChangeSourceSettings, body: bytes, headers: Mapping[str, str]
    ) -> Mapping[str, object]:
        """Store the changes durably, and return what the tool is answered.

        Args:
            source: whose token or signature it came with.
            body: as it came.
            headers: those that say what it is, by name in lower case.

        Raises:
            InputError: it cannot be read.
            AiopsError: it cannot be stored now.
        """
        ...


class MaintenanceTaker(Protocol):
    """Takes planned work that is announced."""

    def __call__(self, source: MaintenanceSourceSettings, body: bytes) -> Mapping[str, object]:
        """Store the windows durably, and return what the sender is answered.

        Raises:
            InputError: it cannot be read.
            AiopsError: it cannot be stored now.
        """
        ...


class CaseTaker(Protocol):
    """Takes event logs of cases."""

    def __call__(
        self, source: CaseSourceSettings, body: bytes, *, is_json: bool
    ) -> Mapping[str, object]:
        """Store the events durably, and return what the sender is answered.

        Raises:
            InputError: nothing of it can be taken.
            AiopsError: it cannot be stored now.
        """
        ...
