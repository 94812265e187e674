"""What `aiops up` says while it runs."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from aiops.domain.symptoms import FactKind, SymptomFact
from aiops.settings import PrometheusSettings
from tests.builders import ended, minute, shop, story
from tests.workers.installation import HandClock, Installation, TableSource, settings_in
from tests.workers.tables import source
from workers.watch import Watch

SHOP = PrometheusSettings(
    name="shop", url="http://127.0.0.1:1", back_fill_days=1, back_fill_step_seconds=300
)


@pytest.fixture
def table() -> TableSource:
    return source()


@pytest.fixture
def parts(tmp_path: Path, empty_redis_url: str, table: TableSource) -> Iterator[Installation]:
    settings = replace(settings_in(tmp_path, empty_redis_url), sources=(SHOP,))
    made = Installation(settings, HandClock(minute(0.1)), shop())
    made.fed["shop"] = table
    yield made
    made.dispose()


def poll(parts: Installation, minutes: float) -> None:
    """Let some minutes go by, and the source be asked."""
    parts.hand.move(60 * minutes)
    parts.poll.run("shop")
    parts.drain()


def test_a_source_is_greeted_once_with_the_number_of_its_series(parts: Installation) -> None:
    lines: list[str] = []
    watch = Watch(parts, lines.append)
    watch.look()
    assert lines == []
    for _ in range(2):
        poll(parts, 1)
        watch.look()
    assert lines == ["10:01:06  shop is watched: 3 series, seen up to 10:01:00 UTC"]


def test_trouble_is_told_when_it_begins_and_when_it_is_over(
    parts: Installation, table: TableSource
) -> None:
    poll(parts, 1)
    lines: list[str] = []
    watch = Watch(parts, lines.append)
    for down in (True, True, False, False):
        table.down = down
        poll(parts, 1)
        watch.look()
    assert [line.partition("  ")[2] for line in lines] == [
        "shop is in trouble: connection refused",
        "shop answers in full again",
        "shop is watched: 3 series, seen up to 10:04:00 UTC",
    ]


def test_an_incident_is_told_with_its_story_and_address_then_its_state(
    parts: Installation,
) -> None:
    poll(parts, 1)
    lines: list[str] = []
    watch = Watch(parts, lines.append)
    symptoms = story()
    found = [SymptomFact(kind=FactKind.OPENED, at=minute(4), symptom=one) for one in symptoms]
    parts.symptoms.append_facts(found)
    poll(parts, 4)
    for _ in range(2):
        watch.look()
    first, told, address = lines[-3:]
    assert first.startswith("10:05:06  INC-1001 P")
    assert told.startswith("          At 10:0")
    assert address.strip() == "http://127.0.0.1:8080/incidents/INC-1001"

    over = [
        SymptomFact(kind=FactKind.ENDED, at=minute(6), symptom=ended(one, 6)) for one in symptoms
    ]
    parts.symptoms.append_facts(over)
    for _ in range(20):
        poll(parts, 1)
    del lines[:]
    watch.look()
    assert [" mitigated, " in line for line in lines] == [True]


def test_incidents_from_before_the_start_are_not_told_again(parts: Installation) -> None:
    poll(parts, 1)
    found = [SymptomFact(kind=FactKind.OPENED, at=minute(4), symptom=one) for one in story()]
    parts.symptoms.append_facts(found)
    poll(parts, 4)
    lines: list[str] = []
    Watch(parts, lines.append).look()
    assert lines == []


def test_what_cannot_be_looked_at_is_said_once_and_ends_nothing(parts: Installation) -> None:
    lines: list[str] = []
    watch = Watch(parts, lines.append)
    database = Path(parts.settings.history_url.removeprefix("sqlite:///"))
    parts.dispose()
    database.rename(database.with_suffix(".away"))
    for _ in range(2):
        watch.look()
    assert len(lines) == 1
    assert "cannot look around for now: database sqlite:///" in lines[0]
