"""How an incident's cost is known: measured, estimated, none, or unknown."""

from dataclasses import dataclass
from enum import StrEnum


class CostBasis(StrEnum):
    """What the figures of a cost rest on."""

    MEASURED = "measured"
    ESTIMATED = "estimated"
    NONE = "none"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """How what an incident costs is known; the amounts are its impacts.

    Args:
        basis: measured by a KPI in money, estimated from what a success is worth, none where what
            is hit has a price and lost nothing (or no journey is hit), else unknown.
        reason: why, in words: the KPI, the assumption, or what is missing.
    """

    basis: CostBasis
    reason: str = ""


NOT_ASSESSED = Cost(basis=CostBasis.UNKNOWN, reason="not assessed yet")
"""Before anybody has looked."""
