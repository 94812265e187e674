"""How the measurements start processes of their own."""

import sys
from typing import Final

COMMAND: Final = (sys.executable, "-m", "workers.bench.ingest")
"""The beginning of the command line; a name of `__main__` and what it wants follow."""


def nothing_said(_line: str) -> None:
    """Take a line about starts and restarts that the benchmark does not show."""
