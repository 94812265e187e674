"""From a fault to its page, stage by stage: what of the time was spent on what."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

STAGES: Final = ("scrape", "close", "persistence", "correlate", "decide", "settle")
"""In order: until the first bad sample's tick, until that tick was complete, until its symptom was
found, until an incident held it, until the incident was one to call people for, until the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """Seconds, over all faults; None where there was nothing to measure."""

    p50: float | None
    p95: float | None

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Delay":
        """Return the percentiles of some seconds."""
        if not seconds:
            return cls(p50=None, p95=None)
        p50, p95 = np.percentile(seconds, [50, 95])
        return cls(p50=round(float(p50), 1), p95=round(float(p95), 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestones:
    """When an incident came how far, by its own record (event time).

    Args:
        bad_at: tick of the first sample outside its band.
        found_at: tick at which the first symptom was found.
        held_at: tick at which the incident was assembled.
        called_at: tick at which it was first one to call people for.
    """

    bad_at: datetime
    found_at: datetime
    held_at: datetime
    called_at: datetime


def stages(
    hurts_at: datetime, told_at: datetime, reached: Milestones, answer: timedelta
) -> dict[str, float]:
    """Return the seconds each of `STAGES` took; together the time from the fault to its page.

    What was reached before users met the fault took no time: a first sign may come earlier.

    Args:
        hurts_at: from when on users meet the fault.
        told_at: when the page went out, `answer` included.
        reached: by the incident that paged.
        answer: how long after a tick its source is asked for it.
    """
    ends = (
        reached.bad_at,
        reached.bad_at + answer,
        reached.found_at + answer,
        reached.held_at + answer,
        reached.called_at + answer,
        told_at,
    )
    seconds: dict[str, float] = {}
    before = hurts_at
    for name, end in zip(STAGES, ends, strict=True):
        after = max(before, min(end, told_at))
        seconds[name] = (after - before).total_seconds()
        before = after
    return seconds


def by_stage(measured: Iterable[Mapping[str, float]]) -> dict[str, Delay]:
    """Return the percentiles of every stage; those of the whole are not their sum."""
    rows = list(measured)
    return {name: Delay.of([row[name] for row in rows]) for name in STAGES}
