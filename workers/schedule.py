"""What beat asks for, and how often; two beats are harmless, every task is idempotent."""

from collections.abc import Iterable
from typing import Any, Protocol

SWEEP_SECONDS = 1.0
FALL_BACK_SECONDS = 10.0
ON_CALL_SECONDS = 60.0
POLL_SECONDS = 5.0
FILES_SECONDS = 10.0
RELIEVE_SECONDS = 5.0
FIT_CHECK_SECONDS = 60.0
REMEMBER_SECONDS = 60.0
FORGET_SECONDS = 3600.0
LEVELS_SECONDS = 60.0
FEEDS_SECONDS = 60.0
PICTURES_SECONDS = 5.0


class Polled(Protocol):
    """A source as beat knows it: by its settings, without what it takes to ask it."""

    @property
    def name(self) -> str:
        """Return its name, as in `aiops.yaml`."""
        ...

    @property
    def step_seconds(self) -> int:
        """Return the distance between two of its ticks."""
        ...


def schedule(
    sources: Iterable[Polled],
    rate: float,
    *,
    pushing: Iterable[Polled] = (),
    pulse_seconds: float | None = None,
    watches_files: bool = False,
) -> dict[str, dict[str, Any]]:
    """Return beat's schedule.

    Args:
        sources: the sources to poll.
        rate: product seconds per real second: 1, except in the demo.
        pushing: the sources that send samples.
        pulse_seconds: how often a pulse is sent, in real seconds; None: never.
        watches_files: whether there are files of planned work to be looked at.

    Examples:
        >>> [name for name in schedule([], rate=1.0) if name.startswith("fit")]
        ['fit.due']
    """
    entries = {
        "ingest.on_call": _entry("ingest.on_call", ON_CALL_SECONDS),
        "ingest.digest": _entry("ingest.digest", SWEEP_SECONDS),
        "ingest.hear": _entry("ingest.hear", SWEEP_SECONDS),
        "ingest.alerts": _entry("ingest.alerts", SWEEP_SECONDS),
        "detect.feeds": _entry("detect.feeds", max(FEEDS_SECONDS / rate, POLL_SECONDS)),
        "detect.sweep": _entry("detect.sweep", SWEEP_SECONDS),
        "correlate.sweep": _entry("correlate.sweep", SWEEP_SECONDS),
        "deliver.changes": _entry("deliver.changes", FALL_BACK_SECONDS),
        "deliver.digest": _entry("deliver.digest", FALL_BACK_SECONDS),
        "deliver.escalate": _entry("deliver.escalate", FALL_BACK_SECONDS),
        "deliver.fall_back": _entry("deliver.fall_back", FALL_BACK_SECONDS),
        "deliver.relieve": _entry("deliver.relieve", RELIEVE_SECONDS),
        "deliver.sweep": _entry("deliver.sweep", SWEEP_SECONDS),
        "fit.due": _entry("fit.due", FIT_CHECK_SECONDS),
        "learn.forget": _entry("learn.forget", FORGET_SECONDS),
        "learn.index_due": _entry("learn.index_due", REMEMBER_SECONDS),
        "learn.sweep": _entry("learn.sweep", REMEMBER_SECONDS),
        "report.levels": _entry("report.levels", max(LEVELS_SECONDS / rate, POLL_SECONDS)),
        "report.pictures": _entry("report.pictures", PICTURES_SECONDS),
    }
    if pulse_seconds is not None:
        entries["ingest.pulse"] = _entry("ingest.pulse", pulse_seconds)
    if watches_files:
        entries["ingest.maintenance"] = _entry("ingest.maintenance", FILES_SECONDS)
    for source in sources:
        often = min(source.step_seconds / rate / 4, POLL_SECONDS)
        entries[f"ingest.poll {source.name}"] = _entry("ingest.poll", often, source.name)
        past = _entry("fit.back_fill", FIT_CHECK_SECONDS, source.name)
        entries[f"fit.back_fill {source.name}"] = past
    for source in pushing:
        often = min(source.step_seconds / rate / 4, POLL_SECONDS)
        entries[f"ingest.gather {source.name}"] = _entry("ingest.gather", often, source.name)
    return entries


def _entry(task: str, seconds: float, *args: str) -> dict[str, Any]:
    # A message that nobody took within two rounds is of no use: the next one does the same.
    return {
        "task": task,
        "schedule": seconds,
        "args": args,
        "options": {"expires": max(2 * seconds, 5.0)},
    }
