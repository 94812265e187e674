"""Where detection of a shard stands and what came after that: all a task asks for, at one moment.

The statements are built once: building them costs more than SQLite takes to answer.
"""

from typing import NamedTuple

from sqlalchemy import Engine, bindparam, select

from aiops.domain.ticks import Tick
from aiops.domain.time import utc
from aiops.store.engine import reading
from aiops.store.history_tables import TICKS
from aiops.store.late import LATE_AFTER, LateTick, late_tick
from aiops.store.standing import STANDING, Standing, standing_of
from aiops.store.vectors import unpack_tick

_TICKS_AFTER = (
    select(TICKS.c.at, TICKS.c.blob)
    .where(TICKS.c.shard_id == bindparam("shard"), TICKS.c.at > bindparam("cursor"))
    .order_by(TICKS.c.at)
    .limit(bindparam("most"))
)


class Unscored(NamedTuple):
    """What detection has not worked through.

    Args:
        standing: how far it has come.
        ticks: the first closed ticks after that, in order.
        late: the late rows that are not judged, in order, whatever tick they came behind.
    """

    standing: Standing
    ticks: tuple[Tick, ...]
    late: tuple[LateTick, ...]


def read_unscored(engine: Engine, shard_id: str, limit: int) -> Unscored:
    """Return where detection of a shard stands, and at most `limit` ticks after that.

    Raises:
        InputError: there is no such shard.
    """
    with reading(engine) as connection:
        row = connection.execute(STANDING, {"shard": shard_id}).one_or_none()
        standing = standing_of(shard_id, row)
        cursor = -1 if standing.cursor is None else int(standing.cursor.timestamp())
        ticks = connection.execute(
            _TICKS_AFTER, {"shard": shard_id, "cursor": cursor, "most": limit}
        ).all()
        late = connection.execute(LATE_AFTER, {"shard": shard_id, "number": standing.late}).all()
    return Unscored(
        standing,
        tuple(Tick(at=utc(at), values=unpack_tick(blob)) for at, blob in ticks),
        tuple(late_tick(row) for row in late),
    )
