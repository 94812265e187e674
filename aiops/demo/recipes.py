"""One recipe per kind of fault: what moves, how, and how much of the money goes with it."""

from collections.abc import Callable
from typing import Final

from aiops.demo.faults import FaultKind, Plan, Trouble, load_effects
from aiops.demo.metrics import Role
from aiops.demo.scene import Scene
from aiops.demo.simulation import Shape
from aiops.domain.changes import ChangeKind
from topology.attributes import ServiceKind

ROOT_KIND: Final[dict[FaultKind, ServiceKind]] = {
    FaultKind.DEPLOY_ERRORS: ServiceKind.APP,
    FaultKind.FLAG_REGION: ServiceKind.APP,
    FaultKind.SHARED_CONFIG: ServiceKind.DB,
    FaultKind.PROVIDER_OUTAGE: ServiceKind.EXTERNAL,
    FaultKind.DB_SATURATION: ServiceKind.DB,
    FaultKind.QUEUE_BACKLOG: ServiceKind.WORKER,
    FaultKind.LATENCY_REGRESSION: ServiceKind.APP,
    FaultKind.MEMORY_LEAK: ServiceKind.APP,
    FaultKind.SURGE: ServiceKind.APP,
    FaultKind.KPI_DROP: ServiceKind.APP,
    FaultKind.TRAFFIC_LOSS: ServiceKind.APP,
}
"""The kind of service at which each kind of fault begins."""


def plan_fault(scene: Scene) -> Plan:
    """Write a fault of the scene's kind."""
    return _RECIPES[scene.kind](scene)


def _deploy_errors(scene: Scene) -> Plan:
    errors = scene.draw(0.015, 0.2)
    scene.spread.at(scene.root, Trouble(errors=errors, slowdown=scene.draw(1.0, 2.5)))
    scene.spread.upwards(scene.root)
    for database in _databases(scene)[: int(scene.rng.integers(0, 2))]:
        scene.move(database, Role.CONNECTION_ERRORS, add=scene.draw(8, 60))
        scene.move(database, Role.CONNECTIONS, factor=scene.draw(1.4, 2.2))
    scene.blame(ChangeKind.DEPLOY)
    return scene.finish(-min(0.6, scene.draw(1.5, 3.5) * errors + 0.04))


def _flag_region(scene: Scene) -> Plan:
    errors = scene.draw(0.015, 0.15)
    scene.spread.at(scene.root, Trouble(errors=errors, slowdown=scene.draw(1.0, 1.8)))
    scene.spread.upwards(scene.root)
    scene.blame(ChangeKind.FLAG)
    return scene.finish(-min(0.6, scene.draw(1.5, 3.0) * errors + 0.05))


def _shared_config(scene: Scene) -> Plan:
    scene.spread.at(
        scene.root, Trouble(errors=scene.draw(0.015, 0.12), slowdown=scene.draw(2.0, 9.0))
    )
    scene.spread.upwards(scene.root)
    scene.move(scene.root, Role.CONNECTION_ERRORS, add=scene.draw(20, 120))
    scene.move(scene.root, Role.CONNECTIONS, factor=scene.draw(0.3, 0.6))
    scene.blame(ChangeKind.CONFIG)
    return scene.finish(-scene.draw(0.06, 0.4))


def _provider_outage(scene: Scene) -> Plan:
    errors = scene.draw(0.12, 0.9)
    scene.spread.at(scene.root, Trouble(errors=errors, slowdown=scene.draw(2.0, 8.0)))
    scene.spread.upwards(scene.root)
    return scene.finish(-min(0.7, 0.1 + 0.6 * errors))


def _db_saturation(scene: Scene) -> Plan:
    scene.spread.at(
        scene.root, Trouble(errors=scene.draw(0.01, 0.08), slowdown=scene.draw(2.0, 8.0))
    )
    scene.spread.upwards(scene.root)
    scene.move(scene.root, Role.CPU, factor=0.0, add=scene.draw(0.95, 0.99), rise=60)
    scene.move(scene.root, Role.CONNECTIONS, factor=scene.draw(1.8, 3.0), rise=90)
    scene.move(scene.root, Role.CONNECTION_ERRORS, add=scene.draw(5, 40))
    return scene.finish(-scene.draw(0.05, 0.35))


def _queue_backlog(scene: Scene) -> Plan:
    scene.spread.at(scene.root, Trouble(errors=scene.draw(0.0, 0.03)))
    scene.move(scene.root, Role.PROCESSED, factor=scene.draw(0.2, 0.6))
    scene.move(scene.root, Role.CPU, factor=0.0, add=scene.draw(0.94, 0.99))
    producers: list[str] = []
    for queue in scene.shop.graph.callers(scene.root):
        scene.move(queue, Role.QUEUE_LENGTH, factor=scene.draw(20, 80), shape=Shape.RAMP, fall=240)
        scene.move(queue, Role.QUEUE_AGE, factor=scene.draw(40, 200), shape=Shape.RAMP, fall=240)
        producers += scene.shop.graph.callers(queue)
    # A full queue pushes back: whoever puts into it waits.
    for producer in producers:
        scene.spread.at(producer, Trouble(slowdown=scene.draw(1.6, 3.5)), hops=3)
        scene.spread.upwards(producer)
    scene.also = scene.shop.graph.callers(scene.root)
    if scene.rng.random() < 0.6:
        scene.blame(ChangeKind.CONFIG)
    return scene.finish(-scene.draw(0.06, 0.4))


def _latency_regression(scene: Scene) -> Plan:
    slowdown = scene.draw(1.7, 5.0)
    scene.spread.at(scene.root, Trouble(errors=scene.draw(0.0, 0.01), slowdown=slowdown))
    scene.spread.upwards(scene.root)
    scene.move(scene.root, Role.CPU, factor=scene.draw(1.2, 1.8))
    scene.blame(ChangeKind.DEPLOY)
    return scene.finish(-scene.draw(0.05, 0.18))


def _memory_leak(scene: Scene) -> Plan:
    """Memory fills for a while; only when it is full do users meet errors."""
    scene.hurt_seconds = 0.4 * (scene.end - scene.start)
    rise = scene.hurt_seconds
    scene.move(scene.root, Role.MEMORY, factor=0.3, add=0.8, rise=rise, fall=90)
    scene.spread.span = scene.span(scene.hurt_seconds)
    scene.spread.at(
        scene.root, Trouble(errors=scene.draw(0.015, 0.12), slowdown=scene.draw(1.5, 3.0))
    )
    scene.spread.upwards(scene.root)
    scene.lead_seconds = max(scene.lead_seconds, scene.draw(2, 6) * 3600)
    scene.blame(ChangeKind.DEPLOY)
    return scene.finish(-scene.draw(0.05, 0.3))


def _surge(scene: Scene) -> Plan:
    """More customers than the shop can carry: load travels down, slowness comes back up."""
    entries = [one.entry for one in scene.shop.journeys if scene.root in one.services]
    scene.effects += load_effects(
        scene.shop, (entries or [scene.root])[0], scene.draw(2.0, 3.5), scene.span()
    )
    # What the bottleneck cannot take never reaches the services behind it.
    behind = scene.shop.graph.reach(scene.root, limit=4)
    scene.effects = [one for one in scene.effects if one.service not in behind]
    scene.move(scene.root, Role.REQUESTS, factor=scene.draw(1.7, 2.6), rise=120, fall=180)
    scene.move(scene.root, Role.CPU, factor=0.0, add=scene.draw(0.94, 0.99), rise=120)
    scene.spread.at(
        scene.root, Trouble(errors=scene.draw(0.02, 0.08), slowdown=scene.draw(3.0, 6.0)), hops=3
    )
    scene.spread.upwards(scene.root)
    scene.also = (*entries[:1],)
    scene.hurt_seconds = 60.0
    return scene.finish(-scene.draw(0.05, 0.25))


def _kpi_drop(scene: Scene) -> Plan:
    """Everything answers well and sells nothing: a wrong price, a broken button."""
    reached = scene.shop.journeys_through(frozenset({scene.root}))
    scene.also = tuple(sorted({kpi.service for kpi in scene.shop.kpis_of(reached) if kpi.service}))
    scene.effects.clear()
    return scene.finish(-scene.draw(0.15, 0.55))


def _traffic_loss(scene: Scene) -> Plan:
    """A service gets nothing any more: a route, a name or a certificate is gone."""
    scene.effects += load_effects(scene.shop, scene.root, 0.0, scene.span())
    for caller in scene.shop.graph.callers(scene.root):
        share = scene.shop.rates[scene.root] / max(scene.shop.rates[caller], 1e-9)
        scene.spread.at(caller, Trouble(errors=min(0.5, 0.4 * min(1.0, share) + 0.02)), hops=1)
        scene.spread.upwards(caller)
    scene.also = scene.shop.graph.callers(scene.root)
    return scene.finish(-scene.draw(0.3, 0.7))


def _databases(scene: Scene) -> list[str]:
    graph = scene.shop.graph
    return [
        name for name in graph.callees(scene.root) if graph.service(name).kind is ServiceKind.DB
    ]


_RECIPES: Final[dict[FaultKind, Callable[[Scene], Plan]]] = {
    FaultKind.DEPLOY_ERRORS: _deploy_errors,
    FaultKind.FLAG_REGION: _flag_region,
    FaultKind.SHARED_CONFIG: _shared_config,
    FaultKind.PROVIDER_OUTAGE: _provider_outage,
    FaultKind.DB_SATURATION: _db_saturation,
    FaultKind.QUEUE_BACKLOG: _queue_backlog,
    FaultKind.LATENCY_REGRESSION: _latency_regression,
    FaultKind.MEMORY_LEAK: _memory_leak,
    FaultKind.SURGE: _surge,
    FaultKind.KPI_DROP: _kpi_drop,
    FaultKind.TRAFFIC_LOSS: _traffic_loss,
}
