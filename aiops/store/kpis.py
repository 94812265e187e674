"""KPI readings as rows, and as the window over time that impact is computed from."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Connection, select, update

from aiops.domain.errors import InputError
from aiops.domain.series import Series
from aiops.domain.ticks import Floats, KpiTick, KpiWindow
from aiops.store.codec import decode
from aiops.store.history_tables import KPI_TICKS, SERIES, SHARDS
from aiops.store.upsert import Row, insert_missing
from aiops.store.vectors import Slots, pack_kpis, unpack_kpis


class KpiRows(NamedTuple):
    """KPI ticks of several shards as read: `(shard, at, blob)`, and what names their columns."""

    ticks: Sequence[Any]
    series: Sequence[Any]
    step_seconds: Mapping[str, int]


def kpi_rows(
    connection: Connection, shard_id: str, ticks: Sequence[KpiTick], origin: str
) -> list[Row]:
    """Return KPI ticks of one shard as rows.

    Raises:
        InputError: the shard has no such series.
    """
    if not ticks:
        return []
    names = {one.key.fingerprint for tick in ticks for one in tick.series}
    query = select(SERIES.c.fingerprint, SERIES.c.slot).where(
        SERIES.c.shard_id == shard_id, SERIES.c.fingerprint.in_(sorted(names))
    )
    slots: Mapping[str, int] = dict(connection.execute(query).all())
    missing = names - slots.keys()
    if missing:
        raise InputError(f"shard {shard_id} has no series {min(missing)}")
    env = connection.scalar(select(SHARDS.c.env).where(SHARDS.c.id == shard_id))
    of_shard = {"shard_id": shard_id, "env": env, "origin": origin}
    return [
        of_shard | {"at": int(one.at.timestamp()), "blob": _packed(one, slots)} for one in ticks
    ]


def _packed(tick: KpiTick, slots: Mapping[str, int]) -> bytes:
    where: Slots = np.array([slots[one.key.fingerprint] for one in tick.series], dtype=np.int32)
    rows: Floats = np.stack([tick.observed, tick.expected, tick.scale]).astype(np.float64)
    return pack_kpis(where, rows)


def fill_readings(connection: Connection, rows: Sequence[Row]) -> None:
    """Put late readings into ticks that are there already; what a tick has stays."""
    table = KPI_TICKS.c
    for row in rows:
        mine = (table.shard_id == row["shard_id"], table.at == row["at"])
        known = connection.scalar(select(table.blob).where(*mine))
        blob = row["blob"] if known is None else _filled(known, row["blob"])
        insert_missing(connection, KPI_TICKS, [row])
        connection.execute(update(KPI_TICKS).where(*mine).values(blob=blob))


def _filled(known: bytes, late: bytes) -> bytes:
    slots, readings = unpack_kpis(known)
    late_slots, late_readings = unpack_kpis(late)
    filled = readings.copy()
    _, here, there = np.intersect1d(slots, late_slots, return_indices=True)
    missing = ~np.isfinite(readings[0, here])
    filled[:, here[missing]] = late_readings[:, there[missing]]
    return pack_kpis(slots, filled)


def read_rows(connection: Connection, env: str, since: datetime, until: datetime) -> KpiRows:
    """Read what `window` needs, in the caller's snapshot."""
    table = KPI_TICKS.c
    ticks = connection.execute(
        select(table.shard_id, table.at, table.blob)
        .where(table.env == env)
        .where(table.at.between(int(since.timestamp()), int(until.timestamp())))
        .order_by(table.at, table.shard_id)
    ).all()
    slots = {(tick.shard_id, slot) for tick in ticks for slot in unpack_kpis(tick.blob)[0].tolist()}
    names = sorted({shard for shard, _ in slots})
    known = connection.execute(
        select(SERIES.c.shard_id, SERIES.c.slot, SERIES.c.doc)
        .where(SERIES.c.shard_id.in_(names))
        .where(SERIES.c.slot.in_(sorted({slot for _, slot in slots})))
        .order_by(SERIES.c.shard_id, SERIES.c.slot)
    ).all()
    steps = connection.execute(
        select(SHARDS.c.id, SHARDS.c.step_seconds).where(SHARDS.c.id.in_(names))
    ).all()
    used = [row for row in known if (row.shard_id, row.slot) in slots]
    return KpiRows(ticks, used, {row.id: row.step_seconds for row in steps})


def window(rows: KpiRows) -> KpiWindow | None:
    """Return the readings as one table over time, or None when there are none.

    A row for every tick any shard has; NaN where a shard has none there. Between shards of
    different steps the finest one is told.
    """
    if not rows.ticks:
        return None
    columns = {(row.shard_id, row.slot): column for column, row in enumerate(rows.series)}
    series: tuple[Series, ...] = tuple(decode(Series, row.doc) for row in rows.series)
    times = np.unique(np.array([tick.at for tick in rows.ticks], dtype=np.int64))
    table = np.full((3, times.size, len(series)), np.nan)
    for tick in rows.ticks:
        slots, values = unpack_kpis(tick.blob)
        at = int(np.searchsorted(times, tick.at))
        table[:, at, [columns[tick.shard_id, slot] for slot in slots.tolist()]] = values
    return KpiWindow(
        series=series,
        step_seconds=min(rows.step_seconds.values()),
        times=times,
        observed=table[0],
        expected=table[1],
        scale=table[2],
    )
