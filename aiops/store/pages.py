"""Pages that others sent, as their webhooks told of them."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, Engine, or_, select

from aiops.domain.pages import OutsidePage
from aiops.domain.symptoms import Origin
from aiops.store.accepted import BodyState, finish_body
from aiops.store.codec import decode, encode
from aiops.store.engine import reading, writing
from aiops.store.origins import LIVE_ONLY, among
from aiops.store.page_tables import OUTSIDE_PAGES
from aiops.store.upsert import insert


class PageStore:
    """Keeps what the pager called people for; gives out what is of the origins it was built for."""

    def __init__(self, engine: Engine, *, origins: Collection[Origin] = LIVE_ONLY) -> None:
        self._engine = engine
        self._origins = origins

    def keep(self, page: OutsidePage, origin: Origin, body_id: int) -> None:
        """Store a page and finish the body it came with, in one step.

        News that are older than what is known, or the same, change nothing: webhooks come twice
        and out of order.

        Args:
            page: as the body tells of it.
            origin: of this installation.
            body_id: of the accepted body.
        """
        with writing(self._engine) as connection:
            if finish_body(connection, body_id, BodyState.DONE):
                _upsert(connection, page, origin)

    def between(self, since: datetime, until: datetime) -> tuple[OutsidePage, ...]:
        """Return the pages that were opened in a stretch of time, or were still open in it."""
        went_on = or_(OUTSIDE_PAGES.c.ended_at.is_(None), OUTSIDE_PAGES.c.ended_at >= since)
        query = (
            select(OUTSIDE_PAGES.c.doc)
            .where(among(OUTSIDE_PAGES, self._origins))
            .where(OUTSIDE_PAGES.c.opened_at < until, went_on)
            .order_by(OUTSIDE_PAGES.c.opened_at, OUTSIDE_PAGES.c.id)
        )
        with reading(self._engine) as connection:
            docs = connection.scalars(query).all()
        return tuple(decode(OutsidePage, doc) for doc in docs)


def _upsert(connection: Connection, page: OutsidePage, origin: Origin) -> None:
    row = {
        "id": page.id,
        "opened_at": page.opened_at,
        "ended_at": page.ended_at,
        "seen_at": page.seen_at,
        "doc": encode(OutsidePage, page),
        "origin": origin,
    }
    statement = insert(connection, OUTSIDE_PAGES).values(row)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["id"],
            set_={name: statement.excluded[name] for name in row if name != "id"},
            where=OUTSIDE_PAGES.c.seen_at < statement.excluded.seen_at,
        )
    )
