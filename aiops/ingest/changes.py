"""Change events as anybody can send them: JSON objects -> changes. Pure.

The same form stands in the `events.jsonl` of a recording, one object a line. The user page beside
this module lists every field.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from aiops.domain.changes import Change, ChangeKind
from aiops.domain.errors import InputError
from aiops.ingest.fields import FieldError, Fields
from aiops.ingest.objects import objects_in, refuse

MAX_BODY_BYTES = 8 * 1024 * 1024
MAX_EVENTS = 20_000

_STATUSES = ("on", "off", "started", "finished", "failed")
_OVER = ("finished", "failed")


def parse(body: bytes, received_at: datetime | None, default_env: str) -> tuple[Change, ...]:
    """Read change events: one object, a list of them, or one a line.

    A start and an end in one body become one change. All of it is taken or none.

    Args:
        body: UTF-8 JSON.
        received_at: when it arrived, aware UTC: the start of an event that names no time; None:
            every event must name one.
        default_env: the environment of events that name none.

    Returns:
        The changes by start, then id; the same event always gives the same id.

    Raises:
        InputError: names every place that is wrong, what was found and what was expected.

    Examples:
        >>> body = b'{"timestamp": 0, "kind": "deploy", "service": "shop", "ref": "v2"}'
        >>> change, = parse(body, None, "prod")
        >>> change.kind.value, change.ref, change.started_at.isoformat()
        ('deploy', 'v2', '1970-01-01T00:00:00+00:00')
    """
    if len(body) > MAX_BODY_BYTES:
        raise InputError(
            f"found {len(body):,} bytes, expected at most {MAX_BODY_BYTES:,}: send less"
        )
    changes: list[Change] = []
    problems: list[str] = []
    for place, event in objects_in(body, MAX_EVENTS):
        try:
            changes.append(read(event, received_at, default_env))
        except InputError as error:
            problems.append(f"{place}{error}")
    if problems:
        raise refuse(problems)
    return meet(changes, ())


def read(event: Any, received_at: datetime | None, default_env: str) -> Change:
    """Return the change one event tells of; its end alone is a change that began as it ended.

    Args:
        event: the parsed JSON of one event.
        received_at: as for `parse`.
        default_env: as for `parse`.

    Raises:
        InputError: names the field, what was found and what was expected.
    """
    if not isinstance(event, dict):
        raise InputError("found no object, expected one with kind, service, ref and timestamp")
    try:
        return _change(Fields("", event), received_at, default_env)
    except FieldError as error:
        raise InputError(str(error)) from error


def meet(changes: Iterable[Change], known: Iterable[Change]) -> tuple[Change, ...]:
    """Return the changes with every end joined to the start it belongs to.

    An end that does not say when it began belongs to the latest change of the same environment,
    kind, service and ref that was still going on. A flag's `off` is a change of its own.

    Args:
        changes: what was reported.
        known: changes reported before; they are looked at and not returned.
    """
    going_on = {_identity(one): one for one in _by_start(known) if one.status not in _OVER}
    met: dict[str, Change] = {}
    for change in _by_start(changes):
        started = going_on.get(_identity(change))
        if _is_end(change) and started is not None and started.started_at <= change.started_at:
            joined = _join(started, change)
            del going_on[_identity(change)]
        else:
            joined = change
            if change.status not in _OVER:
                going_on[_identity(change)] = change
        met[joined.id] = _fuller(met.get(joined.id), joined)
    return tuple(_by_start(met.values()))


def change_id(env: str, kind: str, service: str, ref: str, start: datetime) -> str:
    """Return the id of a change: the same facts give the same id anywhere.

    Examples:
        >>> from datetime import UTC
        >>> change_id("prod", "deploy", "shop", "v2", datetime(2026, 4, 18, tzinfo=UTC))[:3]
        'ch-'
    """
    return hashed(env, kind, service, ref, str(int(start.timestamp())))


def hashed(*parts: str) -> str:
    """Return the id of what these parts name: the same parts give the same id anywhere."""
    text = "\x1f".join(parts)
    return "ch-" + hashlib.blake2b(text.encode(), digest_size=10).hexdigest()


def _change(event: Fields, received_at: datetime | None, default_env: str) -> Change:
    attributes = event.mapping("attributes")
    kind = ChangeKind(event.choice("kind", tuple(ChangeKind)))
    status = event.optional_choice("status", _STATUSES)
    service, ref = event.text("service"), event.text("ref")
    if not service and not ref:
        raise FieldError("service: found neither it nor `ref`, expected at least one of the two")
    started_at, ended_at = _times(event, attributes, status, received_at)
    env = event.text("env") or default_env
    given = event.text("id")
    return Change(
        id=hashed(env, "id", given) if given else change_id(env, kind, service, ref, started_at),
        kind=kind,
        service=service,
        ref=ref,
        started_at=started_at,
        ended_at=ended_at,
        env=env,
        region=event.text("region") or None,
        segment=event.text("segment") or None,
        percentage=attributes.share("percentage"),
        reverts=_reverts(attributes),
        status=status,
        description=event.text("description") or _difference(attributes),
        actor=event.text("actor"),
        source=event.text("source") or "events",
    )


def _times(
    event: Fields, attributes: Fields, status: str, received_at: datetime | None
) -> tuple[datetime, datetime | None]:
    told, started = event.time("timestamp"), event.time("started_at")
    ended = event.time("ended_at")
    if status in _OVER and ended is None:
        ended = told or received_at
        start = started or ended
    else:
        start = started or told or received_at
        ended = ended or attributes.time("until")
    if start is None:
        raise FieldError(
            "timestamp: found nothing, expected a time, as 2026-04-18T10:01:00Z or epoch seconds"
        )
    if ended is not None and ended < start:
        raise FieldError(
            f"ended_at: found {ended.isoformat()}, expected a time after the start "
            f"({start.isoformat()})"
        )
    return start, ended


def _reverts(attributes: Fields) -> str | None:
    """Return the ref that is taken back, empty where only that one is; None for no rollback."""
    ref = attributes.text("reverts")
    return ref if ref or attributes.flag("rollback") else None


def _difference(attributes: Fields) -> str:
    old, new = attributes.shown("old"), attributes.shown("new")
    return f"{old} → {new}" if old or new else ""


@dataclass(frozen=True, slots=True)
class _Identity:
    env: str
    kind: ChangeKind
    service: str
    ref: str


def _identity(change: Change) -> _Identity:
    return _Identity(change.env, change.kind, change.service, change.ref)


def _by_start(changes: Iterable[Change]) -> list[Change]:
    return sorted(changes, key=lambda one: (one.started_at, one.status in _OVER, one.id))


def _is_end(change: Change) -> bool:
    return change.status in _OVER and change.ended_at == change.started_at


def _join(started: Change, ended: Change) -> Change:
    return replace(
        started,
        ended_at=ended.ended_at,
        status=ended.status,
        region=started.region or ended.region,
        segment=started.segment or ended.segment,
        percentage=ended.percentage if started.percentage is None else started.percentage,
        reverts=ended.reverts if started.reverts is None else started.reverts,
        description=started.description or ended.description,
        actor=started.actor or ended.actor,
    )


def _fuller(one: Change | None, other: Change) -> Change:
    """Return of two reports of one change the one that knows its end, else the later report."""
    return one if one is not None and one.ended_at is not None and other.ended_at is None else other
