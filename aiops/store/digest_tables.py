"""Tables of what owners are told in one message: what was held back for it, and the digests."""

from datetime import datetime

from sqlalchemy import Index, Text, text
from sqlmodel import Field

from aiops.store.columns import ROW_ID, AiopsRow, UtcDateTime, table_of


class HeldBackRow(AiopsRow, table=True):
    """An episode of an incident that waits for a digest; `digest_id` says which one told of it."""

    __tablename__ = "held_back"
    __table_args__ = (
        Index(
            "ix_held_back_waiting",
            "owner",
            sqlite_where=text("digest_id IS NULL"),
            postgresql_where=text("digest_id IS NULL"),
        ),
    )

    incident_id: str = Field(primary_key=True)
    episode: int = Field(primary_key=True)
    owner: str
    held_at: datetime = Field(sa_type=UtcDateTime)
    digest_id: int | None


class DigestRow(AiopsRow, table=True):
    """One message for what an owner was not told of one by one; never changed."""

    __tablename__ = "digests"

    id: int | None = Field(default=None, primary_key=True, sa_type=ROW_ID)
    doc: str = Field(sa_type=Text)


HELD_BACK = table_of(HeldBackRow)
DIGESTS = table_of(DigestRow)
