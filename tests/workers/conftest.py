"""A fresh installation for every test of the workers."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.builders import minute, shop
from tests.workers.installation import HandClock, Installation, settings_in


@pytest.fixture
def parts(tmp_path: Path, empty_redis_url: str) -> Iterator[Installation]:
    """The small shop's installation two seconds after 10:00, with nothing in it."""
    clock = HandClock(minute(0) + timedelta(seconds=2))
    made = Installation(settings_in(tmp_path, empty_redis_url), clock, shop())
    yield made
    made.dispose()
