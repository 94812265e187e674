"""The plan of a shop: services, calls, people, journeys and KPIs, as a team would declare them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import yaml

from aiops.demo.metrics import Role
from aiops.demo.seasons import Season
from aiops.domain.journeys import Journey, Kpi, Team
from aiops.domain.slos import Slo
from topology.attributes import Service, ServiceKind
from topology.graph import Edge, ServiceGraph


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """Customers of one region and one segment: their season, share of traffic and of money.

    Args:
        region: name of the region.
        segment: name of the segment, or None for all segments of the region together.
        share: of the whole shop's traffic and money, in (0, 1].
        season: when they shop.
    """

    region: str
    share: float
    season: Season
    segment: str | None = None


@dataclass(frozen=True, kw_only=True)
class Blueprint:
    """Everything a shop declares about itself.

    Args:
        services: the nodes; data flows from a queue to its worker, so a queue calls its worker.
        calls: (caller, callee) pairs.
        rates: mean requests per second of every service, all regions together.
        latencies: usual p95 in seconds by service.
        operations: further series by operation: (service, operation).
        peers: (caller, external) pairs measured from the caller's side.
        cohorts: of regions (segment None), then of regions and segments.
        kpi_levels: mean value per minute of each KPI, all cohorts together, by KPI name.
        metric_names: by role, one of `metrics.STYLES`.
    """

    services: tuple[Service, ...]
    calls: tuple[tuple[str, str], ...]
    rates: Mapping[str, float]
    latencies: Mapping[str, float]
    metric_names: Mapping[Role, str]
    teams: tuple[Team, ...]
    journeys: tuple[Journey, ...]
    kpis: tuple[Kpi, ...]
    kpi_levels: Mapping[str, float]
    cohorts: tuple[Cohort, ...]
    operations: tuple[tuple[str, str], ...] = ()
    peers: tuple[tuple[str, str], ...] = ()
    currency: str = "EUR"
    segments: tuple[str, ...] = ()

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions, largest first."""
        return tuple(cohort.region for cohort in self.cohorts if cohort.segment is None)

    @cached_property
    def graph(self) -> ServiceGraph:
        """The topology as the product will know it."""
        edges = (Edge(caller=caller, callee=callee) for caller, callee in self.calls)
        return ServiceGraph.from_edges(self.services, edges)

    def of_kind(self, *kinds: ServiceKind) -> tuple[str, ...]:
        """Return the names of all services of some kinds, in declared order."""
        return tuple(service.name for service in self.services if service.kind in kinds)

    def journeys_through(self, services: frozenset[str]) -> tuple[Journey, ...]:
        """Return the journeys that declare any of the services."""
        return tuple(one for one in self.journeys if services.intersection(one.services))

    def kpis_of(self, journeys: tuple[Journey, ...]) -> tuple[Kpi, ...]:
        """Return the KPIs of some journeys, money first, each once."""
        names = {name for journey in journeys for name in journey.kpis}
        found = [kpi for kpi in self.kpis if kpi.name in names]
        return tuple(sorted(found, key=lambda kpi: kpi.unit != self.currency))

    def topology_yaml(self) -> str:
        """Return the topology in the product's own YAML."""
        services = {service.name: self._service_entry(service) for service in self.services}
        return yaml.safe_dump({"services": services}, sort_keys=False, allow_unicode=True)

    def config(self) -> dict[str, Any]:
        """Return `aiops.yaml` as data: everything but where signals come from and go to."""
        return {
            "currency": self.currency,
            "regions": list(self.regions),
            "segments": list(self.segments),
            "environments": {"prod": {"pages": True}},
            "services": {
                service.name: {"kind": service.kind.value, "owner": service.owner}
                for service in self.services
            },
            "journeys": [_journey_entry(journey) for journey in self.journeys],
            "kpis": [_kpi_entry(kpi) for kpi in self.kpis],
            "teams": {team.name: _team_entry(team) for team in self.teams},
        }

    def _service_entry(self, service: Service) -> dict[str, Any]:
        entry: dict[str, Any] = {"kind": service.kind.value, "owner": service.owner}
        entry["tier"] = service.tier
        entry["regions"] = list(service.regions)
        entry["segments"] = list(service.segments)
        entry["calls"] = [callee for caller, callee in self.calls if caller == service.name]
        return {key: value for key, value in entry.items() if value not in (None, [])}


def _journey_entry(journey: Journey) -> dict[str, Any]:
    slos = [_slo_entry(slo) for slo in journey.slos]
    return ({"slos": slos} if slos else {}) | {
        "name": journey.name,
        "entry": journey.entry,
        "steps": [{"service": step.service, "operation": step.operation} for step in journey.steps],
        "services": list(journey.services),
        "kpis": list(journey.kpis),
        "owner": journey.owner,
        "value_per_success": journey.value_per_success,
    }


def _slo_entry(slo: Slo) -> dict[str, Any]:
    entry: dict[str, Any] = {"sli": slo.sli.value, "objective": round(100 * slo.objective, 6)}
    entry["window_days"] = slo.window_days
    if slo.threshold_seconds is not None:
        entry["threshold_seconds"] = slo.threshold_seconds
    return entry | ({"service": slo.service} if slo.service else {})


def _kpi_entry(kpi: Kpi) -> dict[str, Any]:
    return {
        "name": kpi.name,
        "metric": kpi.metric,
        "service": kpi.service,
        "unit": kpi.unit,
        "per": "minute",
        "journey": kpi.journey,
        "bad_direction": kpi.bad_direction.value,
    }


def _team_entry(team: Team) -> dict[str, Any]:
    entry: dict[str, Any] = {"title": team.title, "members": list(team.members)}
    if team.rotation_start is not None:
        entry["rotation_start"] = team.rotation_start.isoformat()
    return entry
