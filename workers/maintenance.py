"""Planned work as it is announced: by tools, by files and by people; stored and audited."""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from aiops.domain.errors import AiopsError, InputError, SourceError
from aiops.domain.maintenance import EVERYTHING, Maintenance, check_maintenance
from aiops.domain.words import Place
from aiops.ingest.maintenance import MAX_BODY_BYTES, parse, parse_file
from aiops.notify.phrases import clean
from aiops.settings import MAINTENANCE, MaintenanceSourceSettings
from aiops.store.accepted import AcceptedBody
from aiops.store.audit import AuditEntry
from aiops.store.maintenance import Announced, Taken, Tell
from workers.wiring import Parts

STEADY = timedelta(seconds=2)
"""A file that was written within so long is left alone: it may not be whole yet."""

_NAME_CHARACTERS = 80
_WORDS_CHARACTERS = 500
_SHOWN = 10


def receive(parts: Parts, source: MaintenanceSourceSettings, body: bytes) -> Mapping[str, object]:
    """Store the windows a body announces; the same body again changes nothing.

    Returns:
        What became of them, and which names nobody knows, as the sender is answered.

    Raises:
        InputError: it cannot be read; nothing was stored but its beginning.
        StoreError: nothing was stored.
    """
    now, env = parts.clock.now(), parts.settings.default_env
    windows = _read(parts, source, body, lambda: parse(body, now, source.name, env))
    tell, origin = _teller(parts, source.name), parts.settings.origin
    found = parts.maintenance.announce(windows, tell, origin=origin)
    counted = Counter(one.taken.value for one in found)
    strange = unknown_names(parts, [one.window for one in found])
    return {"accepted": len(found), **counted} | ({"unmapped": strange} if strange else {})


def read_files(parts: Parts) -> None:
    """Take in every watched file that changed; one that cannot be read cancels nothing."""
    for source in parts.settings.maintenance_sources:
        if source.path is not None:
            try:
                _read_file(parts, source, source.path)
                trouble = ""
            except AiopsError as error:
                trouble = str(error)
            if parts.health.note(source.name, trouble) and trouble:
                parts.telemetry.fault(MAINTENANCE, f"{source.name}: {trouble}")


def announce(
    parts: Parts,
    services: Sequence[str],
    *,
    ends_at: datetime,
    by: str,
    why: str,
    starts_at: datetime | None = None,
    env: str = "",
    regions: Sequence[str] = (),
    key: str = "",
    place: str = Place.COMMAND_LINE,
) -> Maintenance:
    """Store planned work on a person's word; the same words again are the same window.

    Args:
        parts: of this installation.
        services: what it is about; `*` for everything in the environment.
        ends_at: until when, aware UTC.
        by: who says so.
        why: what is done, in words; others will read it.
        starts_at: from when on, aware UTC; None: now.
        env: where; empty: the default environment.
        regions: the regions it reaches; none for all.
        key: by which it can be said anew: another time, another end; empty: its words.
        place: where they said it, for the audit log.

    Raises:
        InputError: nobody says why, or it ends too early or too late.
    """
    now = parts.clock.now()
    author, title = clean(by, _NAME_CHARACTERS), clean(why, _WORDS_CHARACTERS)
    if not author or not title:
        raise InputError("say who you are and why: it is what others will read of the work")
    start = starts_at or now
    words = repr((sorted(services), env, sorted(regions), start, ends_at, title))
    window = Maintenance(
        key=key or hashlib.blake2b(words.encode(), digest_size=8).hexdigest(),
        env=env or parts.settings.default_env,
        services=tuple(dict.fromkeys(one for one in services if one.strip())),
        regions=tuple(dict.fromkeys(regions)),
        starts_at=start,
        ends_at=ends_at,
        title=title,
        author=author,
    )
    check_maintenance(window)
    if window.ends_at <= now:
        raise InputError(f"ends_at: {window.ends_at:%d %b %H:%M} UTC is over, expected a later one")
    tell, origin = _teller(parts, author, place), parts.settings.origin
    (made,) = parts.maintenance.announce([window], tell, origin=origin)
    return made.window


def end(
    parts: Parts, name: str, *, by: str, why: str = "", place: str = Place.COMMAND_LINE
) -> Maintenance:
    """End planned work now; one that has not begun does not take place.

    Raises:
        InputError: there is no such window, or it is over, or nobody says so.
    """
    author = clean(by, _NAME_CHARACTERS)
    if not author:
        raise InputError("say who you are: it is what others will read of the work")
    reason = clean(why, _WORDS_CHARACTERS) or "no reason given"
    entry = AuditEntry(
        at=parts.clock.now(),
        actor=author,
        action="end maintenance",
        subject=name,
        detail=f"{reason} (said on {place})",
        origin=parts.settings.origin,
    )
    return parts.maintenance.end(name, entry)


def unknown_names(parts: Parts, windows: Sequence[Maintenance]) -> list[str]:
    """Return the services and environments of windows that nobody knows: they hold nothing back."""
    knowledge = parts.knowledge()
    known = {EVERYTHING, *knowledge.graph.services}
    environments = knowledge.policies.paging.known_environments
    standing = [one for one in windows if not one.is_cancelled]
    strange = [f"service {name}" for one in standing for name in one.services if name not in known]
    strange += [f"environment {one.env}" for one in standing if one.env not in environments]
    return list(dict.fromkeys(strange))


def _read_file(parts: Parts, source: MaintenanceSourceSettings, path: Path) -> None:
    now, env = parts.clock.now(), parts.settings.default_env
    try:
        changed_at = path.stat().st_mtime
        if abs(parts.real_clock.now().timestamp() - changed_at) < STEADY.total_seconds():
            return
        with path.open("rb") as stream:
            content = stream.read(MAX_BODY_BYTES + 1)
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read ({error.strerror}); what it said holds"
        ) from error
    if parts.read_before.get(source.name) == (digest := hashlib.sha256(content).hexdigest()):
        return
    windows = _read(
        parts, source, content, lambda: parse_file(content, path.name, now, source.name, env)
    )
    tell, origin = _teller(parts, source.name), parts.settings.origin
    parts.maintenance.replace_all(source.name, windows, tell, now=now, origin=origin)
    parts.read_before[source.name] = digest
    if strange := unknown_names(parts, windows):
        raise SourceError(
            f"nobody knows {', '.join(strange[:_SHOWN])}: it holds nothing back there"
        )


def _read(
    parts: Parts,
    source: MaintenanceSourceSettings,
    body: bytes,
    read: Callable[[], tuple[Maintenance, ...]],
) -> tuple[Maintenance, ...]:
    """Return what was read; keep the beginning of what cannot be."""
    try:
        return read()
    except InputError as error:
        name = f"{MAINTENANCE}:{source.name}"
        refused = AcceptedBody(
            idempotency_key=f"{name}:refused:{hashlib.sha256(body).hexdigest()}",
            source=name,
            content_type="application/json",
            received_at=parts.clock.now(),
            body=body,
            traceparent=parts.telemetry.traceparent(),
            origin=parts.settings.origin,
        )
        parts.bodies.refuse(refused, str(error))
        raise


def _teller(parts: Parts, actor: str, place: str = "") -> Tell:
    """Return what gives the audit log its lines."""
    now, origin = parts.clock.now(), parts.settings.origin
    verbs = {Taken.ADDED: "announce", Taken.CHANGED: "change", Taken.CANCELLED: "cancel"}
    where = f" (said on {place})" if place else ""

    def entry(made: Announced) -> AuditEntry:
        return AuditEntry(
            at=now,
            actor=made.window.author or actor,
            action=f"{verbs[made.taken]} maintenance",
            subject=made.window.id,
            detail=f"{in_words(made.window)}{where}",
            origin=origin,
        )

    return entry


def in_words(one: Maintenance) -> str:
    """Return a window as people read it: what, where, from when until when, and why."""
    what = ", ".join(one.services[:_SHOWN]) if one.services else "nothing"
    more = f" and {len(one.services) - _SHOWN} more" if len(one.services) > _SHOWN else ""
    reach = f" ({', '.join(one.regions)})" if one.regions else ""
    when = f"{one.starts_at:%d %b %H:%M} to {one.ends_at:%d %b %H:%M} UTC"
    return f"{what}{more}{reach} in {one.env}, {when}: {one.title}"
