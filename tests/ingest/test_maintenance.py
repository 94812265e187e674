"""Announcements of planned work: what is read, and what is refused with its place."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from aiops.domain.errors import InputError
from aiops.domain.maintenance import LONGEST, Maintenance
from aiops.ingest.maintenance import MAX_WINDOWS, parse, parse_file
from tests.builders import minute

WINDOW: dict[str, Any] = {
    "id": "CHG-7",
    "services": ["orders-db"],
    "starts_at": "2026-04-18T20:00:00Z",
    "ends_at": "2026-04-18T22:00:00Z",
}


def read(*windows: object) -> tuple[Maintenance, ...]:
    return parse(json.dumps(windows).encode(), minute(0), "calendar", "prod")


def refused(window: object) -> str:
    with pytest.raises(InputError) as found:
        read(WINDOW, window)
    return str(found.value)


def test_a_window_without_more_is_of_the_default_environment_and_called_by_its_id() -> None:
    (one,) = read(WINDOW)
    assert (one.env, one.title, one.source, one.regions) == ("prod", "CHG-7", "calendar", ())
    assert (one.starts_at, one.ends_at) == (
        datetime(2026, 4, 18, 20, tzinfo=UTC),
        datetime(2026, 4, 18, 22, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("local", "zone", "hour"),
    [
        ("2026-04-18T22:00", "Europe/Berlin", 20),
        ("2026-01-18T22:00", "Europe/Berlin", 21),
        ("2026-04-18T10:00", "America/New_York", 14),
    ],
    ids=["summer", "winter", "west"],
)
def test_a_local_time_is_of_the_zone_that_is_named(local: str, zone: str, hour: int) -> None:
    (one,) = read(WINDOW | {"starts_at": local, "ends_at": local[:-5] + "23:59", "zone": zone})
    assert one.starts_at.hour == hour


def test_a_local_time_without_a_zone_is_refused_and_not_guessed() -> None:
    assert "[1]: starts_at: found '2026-04-18T22:00'" in refused(
        WINDOW | {"starts_at": "2026-04-18T22:00"}
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"id": ""}, "id: found nothing"),
        ({"services": []}, "services: found none"),
        ({"services": [{"name": "db"}]}, "services.0: found an object"),
        ({"starts_at": None}, "starts_at: found nothing"),
        ({"ends_at": None}, "ends_at: found nothing"),
        ({"ends_at": WINDOW["starts_at"]}, "ends_at: found 2026-04-18T20:00:00+00:00, expected a"),
        ({"ends_at": "2026-05-18T20:00:01Z"}, f"at most {LONGEST.days} days"),
        ({"services": [f"s{n}" for n in range(201)]}, "services: found 201"),
        ({"starts_at": "2026-04-18T22:00", "zone": "Mars"}, "zone: found 'Mars'"),
        ({"status": "canceled"}, "did you mean 'cancelled'?"),
    ],
)
def test_what_no_window_may_be_is_refused_with_its_place(
    change: dict[str, object], says: str
) -> None:
    assert says in refused(WINDOW | change)


def test_a_window_of_exactly_the_longest_length_is_taken() -> None:
    assert read(WINDOW | {"ends_at": "2026-05-18T20:00:00Z"})


def test_a_cancellation_needs_no_more_than_the_id() -> None:
    (one,) = read({"id": "CHG-7", "status": "cancelled"})
    assert one.is_cancelled


def test_of_two_windows_with_one_id_the_later_counts() -> None:
    (one,) = read(WINDOW | {"title": "old"}, WINDOW | {"title": "new"})
    assert one.title == "new"


def test_too_many_windows_are_refused() -> None:
    with pytest.raises(InputError, match="expected at most 2,000"):
        read(*[WINDOW] * (MAX_WINDOWS + 1))


def in_file(text: str) -> tuple[Maintenance, ...]:
    return parse_file(text.encode(), "planned.yaml", minute(0), "planned", "prod")


def test_a_file_may_be_yaml_or_json() -> None:
    text = """
maintenance:
  - id: CHG-7
    services: [orders-db]
    starts_at: 2026-04-18T22:00
    ends_at: 2026-04-19T00:00
    zone: Europe/Berlin
"""
    as_json = json.dumps({"maintenance": [WINDOW]})
    assert [one.starts_at for one in (*in_file(text), *in_file(as_json))] == [
        datetime(2026, 4, 18, 20, tzinfo=UTC)
    ] * 2


def test_nothing_planned_is_said_and_not_left_out() -> None:
    assert in_file("maintenance: []\n") == ()
    for text in ("", "maintenance:\n", "windows: []\n", "- a\n", "maintenance: []\nmore: 1\n"):
        with pytest.raises(InputError, match=r"planned\.yaml"):
            in_file(text)


def test_what_is_wrong_in_a_file_is_named_with_its_line() -> None:
    with pytest.raises(InputError, match=r"planned\.yaml:4: id: found nothing"):
        in_file("maintenance:\n  - {id: a, services: [b], starts_at: 0, ends_at: 9}\n\n  - {}\n")
    with pytest.raises(InputError, match=r"planned\.yaml"):
        in_file("maintenance: [\n")
