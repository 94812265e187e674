"""Where a problem is not: lines and spans from there tell nothing of it. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from aiops.domain.environment import Knowledge
from aiops.domain.symptoms import Symptom
from aiops.domain.visibility import is_harmful, stands


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """Regions and customer segments that a problem leaves out, in lower case."""

    regions: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()

    def holds(self, region: str, segment: str) -> bool:
        """Return whether a line or span is of there; what it does not say, it is not."""
        return region.lower() in self.regions or segment.lower() in self.segments


def elsewhere_of(symptoms: Iterable[Symptom], knowledge: Knowledge) -> Elsewhere:
    """Return the known regions and segments that no symptom of a problem names.

    Where none names any, the problem may be everywhere. A name that the topology does not know
    (a provider's `eu-west-1` for the metrics' `EU`) is nowhere in particular.
    """
    told = [one for one in symptoms if stands(one) and is_harmful(one)]
    return Elsewhere(
        regions=_others({one.region for one in told}, knowledge.graph.regions),
        segments=_others({one.segment for one in told}, knowledge.graph.segments),
    )


def _others(named: Collection[str | None], known: Collection[str]) -> frozenset[str]:
    hit = {one.lower() for one in named if one}
    return frozenset(one.lower() for one in known) - hit if hit else frozenset()
