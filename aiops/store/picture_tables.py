"""The table of pictures that sinks are shown."""

from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field

from aiops.store.columns import AiopsRow, UtcDateTime, table_of


class PictureRow(AiopsRow, table=True):
    """A picture of an episode of an incident; without `png` while it is not drawn yet.

    `attempts` counts how often drawing it was begun; `looked_at` says when it was last seen to
    that it shows what there is to be shown.
    """

    __tablename__ = "pictures"

    incident_id: str = Field(primary_key=True)
    episode: int = Field(primary_key=True)
    number: int = Field(primary_key=True)
    subject: str = Field(sa_type=Text)
    words: str = Field(sa_type=Text)
    png: bytes | None
    attempts: int
    looked_at: datetime = Field(sa_type=UtcDateTime, index=True)


PICTURES_TABLE = table_of(PictureRow)
