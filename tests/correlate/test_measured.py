"""Causes ranked by what was measured around a problem, and not by its symptoms alone."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TypeVar

import numpy as np

from aiops.correlate.causes import rank_causes
from aiops.correlate.measured import MOST_SERVICES
from aiops.detect.tick_log import TickLog
from aiops.domain.environment import Knowledge
from aiops.domain.incidents import Cause
from aiops.domain.samples import Excerpt
from aiops.domain.symptoms import Symptom
from aiops.domain.ticks import Shard, Tick
from tests.builders import change, minute, revenue, series, symptom
from tests.correlate.worlds import calls, errors, full, slow

ONSET, NOW = 3, 20
CHAIN = calls("gateway > checkout > payments > payments-db")
LATENCY = "latency_p95_seconds"
Place = TypeVar("Place", bound=tuple[str, ...])
"""Service and metric, and the region where it is of one."""


class Asked:
    """Samples that remember whose were wanted."""

    def __init__(self, log: TickLog) -> None:
        self.log = log
        self.services: list[str] = []

    def around(
        self, services: Collection[str], since: datetime, until: datetime
    ) -> tuple[Excerpt, ...]:
        self.services += services
        return self.log.around(services, since, until)

    def hourly(
        self, services: Collection[str], since: datetime, until: datetime
    ) -> tuple[Excerpt, ...]:
        return self.log.hourly(services, since, until)


def measured(
    normal: Mapping[Place, float], trouble: Mapping[Place, float], *, first: int = -120
) -> Asked:
    """Make samples: a level by service and metric, and those that are others since the onset."""
    rng = np.random.default_rng(3)
    names = sorted(normal)
    of = tuple(series(*name[:2], region=name[2] if len(name) > 2 else None) for name in names)
    log = TickLog(Shard(id="pull.prod.0", env="prod", step_seconds=60, series=of), None)
    for at in range(first, NOW + 1):
        now = {**normal, **trouble} if at >= ONSET else normal
        levels = np.array([now[name] for name in names])
        noise = 1 + 0.03 * rng.standard_normal(len(names))
        log.append(Tick(at=minute(at), values=(levels * noise).astype(np.float32)))
    return Asked(log)


def ranked(
    world: Knowledge, symptoms: list[Symptom], samples: Asked | None, **more: object
) -> tuple[Cause, ...]:
    changes = more.get("changes", ())
    assert isinstance(changes, tuple)
    return rank_causes(symptoms, changes, minute(NOW), world, samples)[0]


def test_of_two_services_far_beyond_their_past_the_further_one_is_the_cause() -> None:
    levels = {("orders", "cpu_utilisation"): 0.1, ("stock", "cpu_utilisation"): 0.001}
    samples = measured(
        levels, {("orders", "cpu_utilisation"): 0.9, ("stock", "cpu_utilisation"): 0.9}
    )
    world = calls("gateway > orders", "gateway > stock")
    symptoms = [full("orders", strength=5000), full("stock", strength=5000)]
    alone = ranked(world, symptoms, None)
    assert alone[0].service == "orders"  # both count as far away, so the name decides
    assert ranked(world, symptoms, samples)[0].service == "stock"


def test_a_service_without_a_symptom_is_named_where_its_samples_speak_loudly() -> None:
    levels = {("payments", LATENCY): 0.1, ("payments-db", "cpu_utilisation"): 0.01}
    samples = measured(levels, {("payments", LATENCY): 0.15, ("payments-db", "cpu_utilisation"): 1})
    causes = ranked(CHAIN, [slow("payments", strength=10)], samples)
    assert causes[0].service == "payments-db"
    text = causes[0].evidence[0].text
    assert text.startswith("on payments-db, ")
    assert "against a normal" in text
    assert "since 10:03 UTC" in text


def test_what_is_felt_at_the_top_is_traced_to_where_it_begins() -> None:
    levels = {(name, LATENCY): 0.1 for name in ("gateway", "checkout", "payments")}
    trouble = {("gateway", LATENCY): 1.1, ("checkout", LATENCY): 1.0, ("payments", LATENCY): 0.12}
    symptoms = [slow("gateway"), slow("checkout"), slow("payments", strength=100)]
    causes = ranked(CHAIN, symptoms, measured(levels, trouble))
    assert causes[0].service == "checkout"
    said = [clause.text for clause in causes[0].evidence]
    assert any(f"of the excess {LATENCY} on gateway begins in checkout" in one for one in said)


def test_what_is_felt_is_where_most_trouble_arrives_and_not_what_is_loudest() -> None:
    levels = {(name, "latency_avg"): 0.1 for name in ("cron", "gateway", "checkout", "payments")}
    trouble = {
        ("cron", "latency_avg"): 9.0,
        ("gateway", "latency_avg"): 1.1,
        ("checkout", "latency_avg"): 1.0,
        ("payments", "latency_avg"): 0.2,
    }
    world = calls("gateway > checkout > payments", "cron > payments")
    symptoms = [slow(name) for name in ("gateway", "checkout", "payments")]
    causes = ranked(world, [*symptoms, slow("cron", strength=100)], measured(levels, trouble))
    said = " ".join(clause.text for cause in causes for clause in cause.evidence)
    assert "on gateway begins in checkout" in said
    assert "on cron begins" not in said


def test_a_callee_that_measures_something_else_may_be_where_it_begins() -> None:
    levels = {("checkout", LATENCY): 0.1, ("payments", LATENCY): 0.1}
    levels |= {("payments-db", "cpu_utilisation"): 0.3}
    trouble = {place: 9 * level for place, level in levels.items()}
    trouble["payments-db", "cpu_utilisation"] = 1.0
    symptoms = [slow("checkout"), slow("payments"), full("payments-db")]
    causes = ranked(CHAIN, symptoms, measured(levels, trouble))
    assert causes[0].service == "payments-db"
    assert "as far as its callers tell" in " ".join(one.text for one in causes[0].evidence)


def test_a_change_still_counts_beside_what_was_measured() -> None:
    levels = {("orders", "cpu_utilisation"): 0.1, ("stock", "cpu_utilisation"): 0.1}
    samples = measured(levels, dict.fromkeys(levels, 0.9))
    world = calls("gateway > orders", "gateway > stock")
    deploy = change("stock", at=2)
    got = ranked(world, [full("orders"), full("stock")], samples, changes=(deploy,))
    assert got[0].change == deploy


def test_a_changed_worker_is_blamed_before_the_louder_queue_in_front_of_it() -> None:
    levels = {("checkout", LATENCY): 0.1, ("queue", "oldest_message_age"): 1.0}
    levels |= {("worker", "cpu_utilisation"): 0.3}
    trouble = {("checkout", LATENCY): 0.9, ("queue", "oldest_message_age"): 90.0}
    trouble["worker", "cpu_utilisation"] = 0.5
    symptoms = [slow("checkout"), slow("queue", strength=100), full("worker", strength=20)]
    world = calls("gateway > checkout > queue > worker")
    config = change("worker", at=2)
    got = ranked(world, symptoms, measured(levels, trouble), changes=(config,))
    assert got[0].change == config


def test_business_numbers_are_no_trouble_of_the_service_that_reports_them() -> None:
    money = revenue("EU")
    place = (money.key.service, money.key.metric)
    samples = measured({place: 100.0, ("payments", LATENCY): 0.1}, {place: 1.0})
    by_symptoms = ranked(CHAIN, [errors("payments")], None)
    assert ranked(CHAIN, [errors("payments")], samples)[0].service == by_symptoms[0].service


def test_without_samples_before_the_onset_the_symptoms_decide() -> None:
    levels = {("payments", LATENCY): 0.1}
    young = measured(levels, {("payments", LATENCY): 2.0}, first=ONSET)
    assert ranked(CHAIN, [slow("payments")], young) == ranked(CHAIN, [slow("payments")], None)


def test_what_goes_on_in_another_region_is_another_problem() -> None:
    world = calls("gateway > billing", "gateway > vouchers > partner")
    ill = [("billing", LATENCY, "US"), ("gateway", LATENCY, "US"), ("vouchers", LATENCY, "EU")]
    ill += [("gateway", LATENCY, "EU")]
    levels = dict.fromkeys((*ill, ("billing", LATENCY, "EU")), 0.1)
    samples = measured(levels, {**dict.fromkeys(ill[2:], 0.9), **dict.fromkeys(ill[:2], 9.0)})
    of = {name: series(name, LATENCY, unit="s", region="EU") for name in ("gateway", "vouchers")}
    assert ranked(world, [symptom(one) for one in of.values()], samples)[0].service == "vouchers"


def test_only_the_services_around_a_problem_are_asked_for() -> None:
    far = [f"gateway > s{number} > t{number}" for number in range(2 * MOST_SERVICES)]
    samples = measured({("payments", LATENCY): 0.1}, {("payments", LATENCY): 2.0})
    ranked(calls("gateway > checkout > payments", *far), [slow("payments")], samples)
    assert samples.services[:3] == ["payments", "checkout", "gateway"]
    assert len(samples.services) == MOST_SERVICES
