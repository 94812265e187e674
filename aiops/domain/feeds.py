"""Feeds: what others send of their own accord, counted by the minute."""

from dataclasses import dataclass
from typing import Final

DETECTOR: Final = "feeds"
"""What finds that a feed is silent, or far too quiet."""

PER_MINUTE: Final = "1/min"
"""The unit of how much a feed sends."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Feed:
    """What one source sends for one environment.

    Args:
        source: as in `aiops.yaml`, or the kind: `otlp_logs`.
        env: the environment it speaks of.
    """

    source: str
    env: str


DOOR: Final = Feed(source="", env="")
"""Heard in every minute in which our own door is open: when it is shut, nobody can be heard."""
