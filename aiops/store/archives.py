"""The index of ended incidents: made by the slow worker, searched by the fast one.

It is derived from memory and outcomes and can be made again from them at any time, so only the
newest is kept, and one of another form is as good as none.
"""

from typing import NamedTuple

from sqlalchemy import Engine, delete, insert, select

from aiops.detect import blob
from aiops.domain.errors import StateFormatError
from aiops.domain.outcomes import Archive, PastIncident
from aiops.domain.symptoms import Origin
from aiops.store.codec import decode_all, encode_all
from aiops.store.engine import reading, writing
from aiops.store.history_tables import ARCHIVES

FORM = f"1.{blob.VERSION}"
"""Grows with every change of what an archive holds, or of how `blob` packs it."""

_KIND = "archive"


class Standing(NamedTuple):
    """The newest archive: its number, and the judgement up to which it knows all."""

    number: int
    judged: int


class ArchiveStore:
    """Keeps the newest archive of one origin."""

    def __init__(self, engine: Engine, *, origin: Origin = Origin.LIVE) -> None:
        self._engine = engine
        self._mine = (ARCHIVES.c.origin == origin, ARCHIVES.c.form == FORM)
        self._origin = origin

    def save(self, archive: Archive, judged: int) -> None:
        """Store an archive in place of the one before.

        Args:
            archive: of every ended incident.
            judged: the number of the last judgement it knows.
        """
        about = {"tokens": list(archive.tokens), "bar": archive.bar}
        arrays: blob.Arrays = {
            "starts": archive.starts,
            "rows": archive.rows,
            "weights": archive.weights,
        }
        row = {
            "form": FORM,
            "judged": judged,
            "past": encode_all(PastIncident, archive.past),
            "blob": blob.pack(_KIND, about, arrays),
            "origin": self._origin,
        }
        with writing(self._engine) as connection:
            connection.execute(delete(ARCHIVES).where(ARCHIVES.c.origin == self._origin))
            connection.execute(insert(ARCHIVES), row)

    def standing(self) -> Standing | None:
        """Return which archive is the newest, None where there is none that can be read."""
        query = select(ARCHIVES.c.id, ARCHIVES.c.judged).where(*self._mine)
        with reading(self._engine) as connection:
            row = connection.execute(query.order_by(ARCHIVES.c.id.desc()).limit(1)).one_or_none()
        return None if row is None else Standing(number=row.id, judged=row.judged)

    def load(self, number: int) -> Archive | None:
        """Return an archive; None when a newer one has taken its place.

        Raises:
            StateFormatError: it is cut off or damaged.
        """
        query = select(ARCHIVES.c.past, ARCHIVES.c.blob).where(*self._mine, ARCHIVES.c.id == number)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        about, arrays = blob.unpack(_KIND, row.blob)
        past = decode_all(PastIncident, row.past)
        if arrays["rows"].size and arrays["rows"].max() >= len(past):
            raise StateFormatError(f"archive {number}: it speaks of more than its {len(past)} rows")
        return Archive(
            past=past,
            tokens=tuple(about["tokens"]),
            starts=arrays["starts"],
            rows=arrays["rows"],
            weights=arrays["weights"],
            bar=about["bar"],
        )
