"""Fitted profiles as rows: in parts, for one blob of many megabytes holds every writer up."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select

from aiops.store.history_tables import PROFILES

PART_BYTES = 4_000_000
KEPT_VERSIONS = 2
"""The newest, and the one before it, which a detection under way may still be reading."""


def parts_of(blob: bytes) -> list[bytes]:
    """Return a blob in parts of 4 MB at most; an empty one is one empty part.

    Examples:
        >>> [len(part) for part in parts_of(bytes(9_000_000))]
        [4000000, 4000000, 1000000]
    """
    return [blob[at : at + PART_BYTES] for at in range(0, max(len(blob), 1), PART_BYTES)]


def add_profile(
    connection: Connection, shard_id: str, parts: list[bytes], fitted_at: datetime, origin: str
) -> int:
    """Write a profile as the next version of its shard, forget old ones, return the version."""
    table = PROFILES
    of_shard = table.c.shard_id == shard_id
    version = (connection.scalar(select(func.max(table.c.version)).where(of_shard)) or 0) + 1
    row: dict[str, Any] = {"shard_id": shard_id, "version": version, "fitted_at": fitted_at}
    rows = [
        row | {"part": number, "blob": part, "origin": origin} for number, part in enumerate(parts)
    ]
    connection.execute(table.insert(), rows)
    old = delete(table).where(of_shard, table.c.version <= version - KEPT_VERSIONS)
    connection.execute(old)
    return version


def read_profile(connection: Connection, shard_id: str) -> tuple[int, bytes] | None:
    """Return the newest version of a shard's profile, or None when it was never fitted."""
    table = PROFILES.c
    newest = select(func.max(table.version)).where(table.shard_id == shard_id).scalar_subquery()
    query = (
        select(table.version, table.blob)
        .where(table.shard_id == shard_id, table.version == newest)
        .order_by(table.part)
    )
    rows = connection.execute(query).all()
    return (rows[0].version, b"".join(row.blob for row in rows)) if rows else None
