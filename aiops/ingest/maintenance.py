"""Announcements of planned work: JSON or YAML -> maintenance with a date. Pure.

The user page beside this module lists every field.
"""

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from aiops.domain.errors import InputError
from aiops.domain.maintenance import Maintenance, check_maintenance
from aiops.domain.time import utc
from aiops.ingest.fields import FieldError, Fields
from aiops.ingest.objects import objects_in, refuse
from aiops.settings import read_document

MAX_BODY_BYTES: Final = 1024 * 1024
MAX_WINDOWS: Final = 2_000

_STATUSES = ("planned", "cancelled")
_ZONED = "a time with its offset, as 2026-04-18T22:00+02:00, or a `zone` beside it"


def parse(
    body: bytes, received_at: datetime, source: str, default_env: str
) -> tuple[Maintenance, ...]:
    """Read announcements: one object, a list of them, or one a line. All is taken or none.

    Args:
        body: UTF-8 JSON.
        received_at: when it arrived, aware UTC.
        source: whose it is.
        default_env: the environment of windows that name none.

    Returns:
        The windows in order; the later of two with one id is the one that counts.

    Raises:
        InputError: names every place that is wrong, what was found and what was expected.

    Examples:
        >>> body = b'{"id": "CHG-7", "services": ["db"], "starts_at": 0, "ends_at": 3600}'
        >>> window, = parse(body, utc(0), "calendar", "prod")
        >>> window.key, window.title, window.ends_at.isoformat()
        ('CHG-7', 'CHG-7', '1970-01-01T01:00:00+00:00')
    """
    if len(body) > MAX_BODY_BYTES:
        raise InputError(
            f"found {len(body):,} bytes, expected at most {MAX_BODY_BYTES:,}: send less"
        )
    return _windows(objects_in(body, MAX_WINDOWS), received_at, source, default_env)


def parse_file(
    content: bytes, filename: str, read_at: datetime, source: str, default_env: str
) -> tuple[Maintenance, ...]:
    """Read a file of planned work, in YAML or JSON: `maintenance:` and a list of windows.

    Args:
        content: UTF-8.
        filename: for messages.
        read_at: when it was read, aware UTC.
        source: as for `parse`.
        default_env: as for `parse`.

    Raises:
        InputError: as for `parse`; each place is the line of the file.
    """
    if len(content) > MAX_BODY_BYTES:
        raise InputError(f"found {len(content):,} bytes, expected at most {MAX_BODY_BYTES:,}")
    try:
        document, problems = read_document(content.decode(), filename)
    except UnicodeDecodeError as error:
        raise InputError(f"{filename}: found other bytes, expected UTF-8 ({error})") from error
    if problems:
        raise refuse([str(one) for one in problems])
    windows = document.values.get("maintenance")
    if not isinstance(windows, list) or set(document.values) != {"maintenance"}:
        raise InputError(
            f"{filename}: expected one key, `maintenance:`, with a list of windows; write "
            "`maintenance: []` where nothing is planned"
        )
    if len(windows) > MAX_WINDOWS:
        raise InputError(
            f"{filename}: found {len(windows):,} windows, expected at most {MAX_WINDOWS:,}"
        )
    placed = [(f"{document.place(('maintenance', at))}: ", one) for at, one in enumerate(windows)]
    return _windows(placed, read_at, source, default_env)


def _windows(
    events: list[tuple[str, Any]], at: datetime, source: str, default_env: str
) -> tuple[Maintenance, ...]:
    found: dict[str, Maintenance] = {}
    problems: list[str] = []
    for place, event in events:
        try:
            one = _window(event, at, source, default_env)
        except InputError as error:
            problems.append(f"{place}{error}")
        else:
            found.pop(one.key, None)
            found[one.key] = one
    if problems:
        raise refuse(problems)
    return tuple(found.values())


def _window(event: Any, at: datetime, source: str, default_env: str) -> Maintenance:
    if not isinstance(event, dict):
        raise InputError("found no object, expected one with id, services, starts_at and ends_at")
    fields = Fields("", event)
    key = fields.text("id")
    if not key:
        raise FieldError("id: found nothing, expected the id by which you know the window again")
    is_cancelled = fields.optional_choice("status", _STATUSES) == "cancelled"
    starts_at, ends_at = _moment(fields, "starts_at"), _moment(fields, "ends_at")
    if not is_cancelled and (starts_at is None or ends_at is None):
        missing = "ends_at" if starts_at else "starts_at"
        raise FieldError(f"{missing}: found nothing, expected {_ZONED}")
    window = Maintenance(
        key=key,
        source=source,
        env=fields.text("env") or default_env,
        services=fields.texts("services") or fields.texts("service"),
        regions=fields.texts("regions") or fields.texts("region"),
        starts_at=starts_at or at,
        ends_at=ends_at or starts_at or at,
        title=fields.text("title") or key,
        description=fields.text("description"),
        author=fields.text("author"),
        revised_at=_moment(fields, "revised_at"),
        is_cancelled=is_cancelled,
    )
    check_maintenance(window)
    return window


def _moment(fields: Fields, name: str) -> datetime | None:
    """Return an aware UTC time: a local one by the zone that is named, never by a guess."""
    found = fields.time(name)
    value = fields.values.get(name)
    if found is None or not isinstance(value, str) or not _is_local(value):
        return found
    zone = fields.text("zone")
    if not zone:
        raise FieldError(f"{name}: found {value!r}, expected {_ZONED}")
    try:
        there = ZoneInfo(zone)
    except (KeyError, OSError, ValueError) as error:
        raise FieldError(
            f"zone: found {zone[:60]!r}, expected a time zone, as Europe/Berlin"
        ) from error
    local = datetime.fromisoformat(value.strip()).replace(tzinfo=there)
    return utc(local.timestamp())


def _is_local(value: str) -> bool:
    text = value.strip()
    return not text.replace(".", "", 1).isdecimal() and (
        datetime.fromisoformat(text).tzinfo is None
    )
