"""Whom and what an incident reaches: each since when, how bad, and through what."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ReachKind(StrEnum):
    """What sort of thing is reached."""

    SICK = "sick"
    REACHED = "reached"
    REGION = "region"
    SEGMENT = "segment"
    JOURNEY = "journey"
    KPI = "kpi"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One service, region, segment, journey or KPI that an incident reaches.

    Args:
        kind: what sort of thing it is; a service is sick itself or reached through another.
        name: its name.
        since: first onset there, aware UTC; of a reached service that of the sick one behind it.
        until: when the last symptom there had ended; None while one goes on.
        worst: id of the worst symptom there, in the incident; empty where there is none.
        through: the calls by which it is reached, from the next service to the sick one; of a
            journey the sick services behind what its users meet. Empty where it is hit itself.
    """

    kind: ReachKind
    name: str
    since: datetime
    until: datetime | None = None
    worst: str = ""
    through: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BlastRadius:
    """Whom and what an incident reaches; all names sorted, `sick` by strength.

    Args:
        sick: services with symptoms of their own.
        reached: services that depend on a sick one, without symptoms yet.
        regions: regions hit; empty means all or unknown.
        segments: customer segments hit; empty means all or unknown.
        journeys: journeys that pass a sick service users meet.
        kpis: KPIs that moved.
        hits: each of these since when and how bad, at most some of each kind; where all regions
            or segments are hit, those that show it themselves.
    """

    sick: tuple[str, ...] = ()
    reached: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    journeys: tuple[str, ...] = ()
    kpis: tuple[str, ...] = ()
    hits: tuple[Hit, ...] = ()


NOWHERE = BlastRadius()
"""Of what reaches nobody, or whose reach is not known yet."""
