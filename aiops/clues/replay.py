"""Recorded logs and traces, given out as they would have become known. Pure."""

from collections import deque
from datetime import datetime

from aiops.clues.log import KEPT, ClueLog
from aiops.clues.needs import ClueNeeds
from aiops.domain.clues import ClueWindow, LogLines, TelemetryBatch, TraceExample
from aiops.domain.time import MINUTE


class ClueReplay:
    """The logs and traces of a recording up to a tick.

    Args:
        recorded: all of it, in any order; None: nothing was recorded.
    """

    def __init__(self, recorded: TelemetryBatch | None) -> None:
        self._log: ClueLog | None = None
        found = recorded or TelemetryBatch()
        both: tuple[LogLines | TraceExample, ...] = (*found.lines, *found.traces)
        self.holds_any = bool(both)
        self._waiting = deque(sorted(both, key=lambda one: (one.minute, one.service)))

    def reach(self, at: datetime) -> None:
        """Take in the minutes that are over at a tick.

        Logs are listened to from the first tick on, whether or not there are any.
        """
        if self._log is None:
            self._log = ClueLog(at)
        lines: list[LogLines] = []
        traces: list[TraceExample] = []
        while self._waiting and self._waiting[0].minute + MINUTE <= at:
            one = self._waiting.popleft()
            if isinstance(one, LogLines):
                lines.append(one)
            else:
                traces.append(one)
        if lines or traces:
            self._log.take(TelemetryBatch(lines=tuple(lines), traces=tuple(traces)))
            self._log.forget(at - KEPT)

    def window(self, needs: ClueNeeds | None, at: datetime) -> ClueWindow | None:
        """Return what is known of what a tick needs; None where it needs nothing."""
        return self._log.window(needs, at) if self._log is not None else None
