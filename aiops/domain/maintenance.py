"""Maintenance with a date: what is planned, of which services, from when until when."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aiops.domain.changes import Change, ChangeKind
from aiops.domain.errors import InputError
from aiops.domain.series import DEFAULT_ENV

LONGEST = timedelta(days=30)
"""Planned work ends; what goes on for longer is how things are, and belongs into the settings."""

MOST_NAMES = 200
"""Services, and regions, of one window at most; more are everything."""

EVERYTHING = "*"
"""Stands for every service of an environment, where somebody says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """Planned work from `starts_at` until `ends_at`, both aware UTC.

    It keeps trouble of its services from calling people. Nothing is recorded less for it, and
    correlation knows it as a change.

    Args:
        id: `MNT-7`; empty until it is stored.
        key: by which its source knows it again.
        source: which source announced it; empty for a person.
        services: what it is about; `*` for every service of its environment.
        regions: the regions it reaches, empty for all.
        title: as people call it: a ticket, or the work in words.
        description: more of it, in words.
        author: who announced it.
        revised_at: when its source changed it last, where it says so: an older word never
            replaces a newer one.
        is_cancelled: it does not take place; nothing is held back for it any more.
        ended_by: who ended it here, before its time; empty where nobody did.
    """

    id: str = ""
    key: str
    source: str = ""
    env: str = DEFAULT_ENV
    services: tuple[str, ...]
    regions: tuple[str, ...] = ()
    starts_at: datetime
    ends_at: datetime
    title: str
    description: str = ""
    author: str = ""
    revised_at: datetime | None = None
    is_cancelled: bool = False
    ended_by: str = ""

    def holds(self, at: datetime) -> bool:
        """Return whether the work is under way at a moment, the end excluded."""
        return not self.is_cancelled and self.starts_at <= at < self.ends_at


def check_maintenance(one: Maintenance) -> None:
    """Refuse what no maintenance may be.

    Raises:
        InputError: it ends before it begins, goes on for longer than `LONGEST`, or does not say
            of what it is. What is cancelled may be anything.
    """
    if one.is_cancelled:
        return
    if one.ends_at <= one.starts_at:
        raise InputError(
            f"ends_at: found {one.ends_at.isoformat()}, expected a time after the start "
            f"({one.starts_at.isoformat()})"
        )
    if one.ends_at - one.starts_at > LONGEST:
        raise InputError(
            f"ends_at: found {one.ends_at.isoformat()}, expected one at most {LONGEST.days} days "
            f"after the start ({one.starts_at.isoformat()})"
        )
    if not one.services:
        raise InputError(
            f"services: found none, expected their names, or {EVERYTHING!r} for everything in "
            f"{one.env}"
        )
    for name, found in (("services", one.services), ("regions", one.regions)):
        if len(found) > MOST_NAMES:
            raise InputError(f"{name}: found {len(found)}, expected at most {MOST_NAMES}")


def revised(known: Maintenance | None, told: Maintenance, before: str) -> Maintenance | None:
    """Return what is to be kept once a source announced something, None where nothing changes.

    What a person ended here stays over while its source only repeats itself.

    Args:
        known: what is kept, if anything.
        told: what the source says now.
        before: what stands for what it said last, from `said`.
    """
    if known is None:
        return told
    if said(told) == before or _is_older(told, known):
        return None
    if told.is_cancelled:
        at = told.revised_at or known.revised_at
        return replace(known, is_cancelled=True, ended_by="", revised_at=at)
    return replace(told, id=known.id)


def said(told: Maintenance) -> str:
    """Return what stands for the words of a source: other words, another one."""
    words: object = replace(told, id="")
    if told.is_cancelled:
        words = ("cancelled", told.key, told.revised_at)
    return hashlib.blake2b(repr(words).encode(), digest_size=16).hexdigest()


def ended(known: Maintenance, at: datetime, by: str) -> Maintenance:
    """Return a window that somebody ends: now where it has begun, else it does not take place.

    Raises:
        InputError: it is over, or was cancelled.
    """
    if known.is_cancelled:
        raise InputError(f"{known.id} was cancelled already")
    if known.ends_at <= at:
        raise InputError(f"{known.id} is over since {known.ends_at:%d %b %H:%M} UTC")
    if known.starts_at >= at:
        return replace(known, is_cancelled=True, ended_by=by)
    return replace(known, ends_at=at, ended_by=by)


def changes_of(one: Maintenance) -> Iterator[Change]:
    """Yield a window as changes, one for each service and region; none where it is cancelled."""
    if one.is_cancelled:
        return
    for service in one.services:
        for region in one.regions or (None,):
            text = "\x1f".join((one.source, one.key, service, region or ""))
            yield Change(
                id="mt-" + hashlib.blake2b(text.encode(), digest_size=10).hexdigest(),
                kind=ChangeKind.MAINTENANCE,
                service="" if service == EVERYTHING else service,
                ref=one.title,
                started_at=one.starts_at,
                ended_at=one.ends_at,
                env=one.env,
                region=region,
                description=one.description,
                actor=one.author,
                source=one.source,
            )


def _is_older(told: Maintenance, known: Maintenance) -> bool:
    if told.revised_at is None or known.revised_at is None:
        return False
    return told.revised_at < known.revised_at
