"""A fresh installation for every test of the workers."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests import builders
from tests.builders import minute
from tests.workers.installation import HandClock, Installation, go_on, settings_in
from tests.workers.tables import source


@pytest.fixture
def parts(tmp_path: Path, empty_redis_url: str) -> Iterator[Installation]:
    """The small shop's installation two seconds after 10:00, with nothing in it."""
    clock = HandClock(minute(0) + timedelta(seconds=2))
    made = Installation(settings_in(tmp_path, empty_redis_url), clock, builders.shop())
    yield made
    made.dispose()


@pytest.fixture
def shop(parts: Installation) -> Installation:
    """The small shop at 10:10, in the middle of its incident."""
    parts.fed["shop"] = source(3, 60)
    parts.poll.back_fill("shop", timedelta(hours=4), 60)
    go_on(parts, until=10)
    return parts
