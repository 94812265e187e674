"""Runs `writers.py` in a process of its own."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parent / "writers.py"


def command(task: str, url: str, times: int, processes: int) -> list[str]:
    """Return the command line of so many writers."""
    return [sys.executable, str(SCRIPT), task, url, str(times), str(processes)]


def writers(task: str, url: str, times: int, *, processes: int) -> list[str]:
    """Run writers side by side and return the lines they said."""
    done = subprocess.run(
        command(task, url, times, processes), stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout.splitlines()
