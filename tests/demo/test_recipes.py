import numpy as np
import pytest

from aiops.demo.faults import FaultKind, Span, Spread, Trouble, load_effects
from aiops.demo.gauges import build_gauges
from aiops.demo.metrics import Role
from aiops.demo.recipes import ROOT_KIND, plan_fault
from aiops.demo.scene import Scene
from aiops.demo.simulation import Effect, Shape, Simulation
from aiops.demo.storefront import build_storefront

SHOP = build_storefront(None).blueprint
HOUR = np.arange(0, 3600, 60, dtype=np.int64)


def scene(kind: FaultKind, root: str, seed: int = 1) -> Scene:
    return Scene(
        id="fault",
        kind=kind,
        shop=SHOP,
        root=root,
        start=600.0,
        end=1800.0,
        rng=np.random.Generator(np.random.PCG64(seed)),
        ref="ref-1",
        region="EU",
    )


@pytest.mark.parametrize("kind", FaultKind)
@pytest.mark.parametrize("seed", range(3))
def test_every_kind_of_fault_can_begin_at_every_service_of_its_kind(
    kind: FaultKind, seed: int
) -> None:
    gauges = build_gauges(SHOP, np.random.Generator(np.random.PCG64(0)), tidy=True)
    for root in SHOP.of_kind(ROOT_KIND[kind]):
        plan = plan_fault(scene(kind, root, seed))
        simulation = Simulation.build(gauges, SHOP.cohorts, 1, plan.effects)
        calm = Simulation.build(gauges, SHOP.cohorts, 1)
        same = np.isclose(simulation.values(HOUR), calm.values(HOUR), equal_nan=True)
        moved = [gauges[column].series.key for column in np.flatnonzero(~same.all(axis=0))]

        assert plan.fault.service == root
        assert {key.region for key in moved} <= {"EU"}
        assert {key.service for key in moved} <= set(plan.fault.services)
        assert same[HOUR < 600].all()
        assert (plan.fault.change_ref is None) == (plan.changes == ())


def test_errors_travel_to_callers_and_fade_on_the_way() -> None:
    spread = Spread(SHOP, Span(start=0, end=600))
    spread.at("payment-service", Trouble(errors=0.2, slowdown=4))
    spread.upwards("payment-service")
    errors = {name: trouble.errors for name, trouble in spread.reached.items()}

    assert errors["payment-service"] > errors["checkout"] > errors["edge-gateway"] > 0
    assert "payments-db" not in errors
    assert "catalog" not in errors


def test_trouble_at_a_queue_does_not_reach_those_who_put_into_it() -> None:
    spread = Spread(SHOP, Span(start=0, end=600))
    spread.at("orders-worker", Trouble(errors=0.5, slowdown=5))
    spread.upwards("orders-worker")

    assert "checkout" not in spread.reached


def test_load_travels_to_callees_only() -> None:
    moved = {effect.service for effect in load_effects(SHOP, "checkout", 3.0, Span(start=0, end=9))}

    assert {"checkout", "payment-service", "payments-db"} <= moved
    assert "edge-gateway" not in moved


def test_a_leak_hurts_long_after_its_deploy() -> None:
    plan = plan_fault(scene(FaultKind.MEMORY_LEAK, "cart"))
    deploy = plan.changes[0]

    assert plan.fault.hurts_at is not None
    assert (plan.fault.started_at - deploy.started_at).total_seconds() > 7000
    assert plan.fault.hurts_at > plan.fault.started_at


def test_a_flag_is_one_change_with_an_end_and_a_deploy_is_rolled_back_by_another() -> None:
    (flag,) = plan_fault(scene(FaultKind.FLAG_REGION, "cart")).changes
    deploy, rollback = plan_fault(scene(FaultKind.DEPLOY_ERRORS, "cart")).changes

    assert flag.ended_at is not None
    assert rollback.reverts == deploy.ref
    assert not deploy.is_rollback


def test_a_ramp_grows_until_its_end_and_falls_after_it() -> None:
    ramp = Effect(service="x", role=Role.CPU, start=60, end=660, shape=Shape.RAMP, fall_seconds=60)
    strength = ramp.strength(np.asarray([0, 60, 360, 659, 690, 720], dtype=np.int64))

    assert strength == pytest.approx([0, 0, 0.5, 1, 0.5, 0], abs=0.01)


def test_an_effect_on_nothing_is_refused() -> None:
    gauges = build_gauges(SHOP, np.random.Generator(np.random.PCG64(0)))
    nowhere = Effect(service="nobody", role=Role.CPU, start=0, end=1)

    with pytest.raises(ValueError, match="no series of the shop is moved"):
        Simulation.build(gauges, SHOP.cohorts, 1, [nowhere])
