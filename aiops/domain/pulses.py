"""The pulse: an alert of our own that travels the whole way, and moves an outside monitor."""

from datetime import timedelta
from typing import Final

PULSE_ENV: Final = "aiops-heartbeat"
"""The environment of the pulse alone: nobody is told of it, and nothing counts it."""

PULSE_SOURCE: Final = "(heartbeat)"
"""The source of the pulse; no source of aiops.yaml can be called so, nor a sink."""

PULSE_SINK: Final = "(heartbeat)"
"""The sink that tells the outside monitor."""

PULSE_ID: Final = "PULSE"
"""What stands in the outbox where else an incident's id does."""

STALE_PULSES: Final = 3
"""A pulse that took longer than so many of its intervals proves nothing any more."""


def is_stale(age: timedelta, every_seconds: int) -> bool:
    """Return whether a pulse of an age says nothing of how things are now."""
    return age > timedelta(seconds=STALE_PULSES * every_seconds)
