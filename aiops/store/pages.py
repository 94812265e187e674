"""Pages that others sent, as their webhooks told of them."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, and_, or_, select, update

from aiops.domain.pages import OutsidePage, joined
from aiops.domain.symptoms import Origin
from aiops.store.accepted import BodyState, finish_body
from aiops.store.codec import decode, encode
from aiops.store.engine import reading, writing
from aiops.store.origins import LIVE_ONLY, among
from aiops.store.page_tables import OUTSIDE_PAGES
from aiops.store.prune import delete_in_steps
from aiops.store.upsert import insert_missing

FORGOTTEN_AFTER = timedelta(days=7)
"""A page nobody has ever told the end of is no news after so long: a webhook was lost."""


class PageStore:
    """Keeps what the pager called people for; gives out what is of the origins it was built for."""

    def __init__(self, engine: Engine, *, origins: Collection[Origin] = LIVE_ONLY) -> None:
        self._engine = engine
        self._origins = origins

    def keep(self, page: OutsidePage, origin: Origin, body_id: int) -> None:
        """Store a page and finish the body it came with, in one step.

        Webhooks come twice and out of order; what is kept is the same, see `joined`.

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

    def near(self, at: datetime) -> tuple[OutsidePage, ...]:
        """Return the pages of the week before a moment that are open or ended within its hour.

        The pager's clock may be a minute ahead of ours.
        """
        return tuple(
            one
            for one in self.between(at - timedelta(hours=1), at + timedelta(minutes=1))
            if one.opened_at > at - FORGOTTEN_AFTER
        )

    def get(self, page_id: str) -> OutsidePage | None:
        """Return a page by the pager's id of it, or None."""
        query = select(OUTSIDE_PAGES.c.doc).where(
            OUTSIDE_PAGES.c.id == page_id, among(OUTSIDE_PAGES, self._origins)
        )
        with reading(self._engine) as connection:
            doc = connection.scalar(query)
        return None if doc is None else decode(OutsidePage, doc)

    def prune(self, before: datetime) -> int:
        """Forget the pages that ended before a moment, or were opened then and never told of."""
        table = OUTSIDE_PAGES.c
        is_silent = and_(table.ended_at.is_(None), table.seen_at < before)
        return delete_in_steps(self._engine, OUTSIDE_PAGES, or_(table.ended_at < before, is_silent))


def _upsert(connection: Connection, page: OutsidePage, origin: Origin) -> None:
    insert_missing(connection, OUTSIDE_PAGES, [{**_values(page), "id": page.id, "origin": origin}])
    mine = OUTSIDE_PAGES.c.id == page.id
    doc = connection.scalars(select(OUTSIDE_PAGES.c.doc).where(mine).with_for_update()).one()
    known = decode(OutsidePage, doc)
    news = joined(known, page)
    if news != known:
        connection.execute(update(OUTSIDE_PAGES).where(mine).values(**_values(news)))


def _values(page: OutsidePage) -> dict[str, object]:
    return {
        "opened_at": page.opened_at,
        "ended_at": page.ended_at,
        "seen_at": page.seen_at,
        "doc": encode(OutsidePage, page),
    }
