"""Tells the workers of news, without whoever has the news waiting for Redis."""

import threading
import time
from collections.abc import Callable

PAUSE_SECONDS = 0.02
"""Between two announcements: what comes meanwhile is one."""


class Announcer:
    """A thread that announces; it starts with the first news.

    Args:
        announce: tells the workers; may wait.
    """

    def __init__(self, announce: Callable[[], None]) -> None:
        self._announce = announce
        self._news = threading.Event()
        self._gate = threading.Lock()
        self._thread: threading.Thread | None = None

    def __call__(self) -> None:
        """Have it announced that there is news; return at once."""
        if self._news.is_set():
            return
        self._news.set()
        if self._thread is None:
            with self._gate:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="news", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        while self._news.wait():
            self._news.clear()
            self._announce()
            time.sleep(PAUSE_SECONDS)
