"""What every process of the product begins with."""

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from aiops import settings as configuration
from aiops.settings import Settings

if TYPE_CHECKING:
    from workers.wiring import Parts

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


def load(config: Path | None) -> Settings:
    """Return the settings of this process."""
    return configuration.load(config, os.environ)


def client(config: Path | None) -> "Parts":
    """Return the parts of an installation for a command that a person gave."""
    from workers.wiring import Parts  # noqa: PLC0415 - keeps --help fast

    return Parts(load(config), "client")


def log_to_stderr(settings: Settings) -> None:
    """Log as the settings say; others only what is wrong."""
    logging.basicConfig(format=LOG_FORMAT, level=settings.log_level, force=True)
    for noisy in ("httpx", "httpcore", "kombu", "celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
