"""Which origins a repository gives out: reports, learning and budgets take live rows only."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, Table

from aiops.domain.symptoms import Origin

LIVE_ONLY: frozenset[Origin] = frozenset({Origin.LIVE})
"""What every repository gives out unless it was built for a demo, a drill or a replay."""


def among(table: Table, origins: Collection[Origin]) -> ColumnElement[bool]:
    """Return the condition that a row of `table` is of one of `origins`."""
    return table.c.origin.in_(sorted(origins))
