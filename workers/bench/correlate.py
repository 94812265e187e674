"""`aiops bench correlate`: what grouping and ranking cost, and how soon an incident is stored.

The first figures are of the pure functions in this process. The last one goes through the
processes of `aiops up`: the benchmark stands where detection stands, which is where everything
received ends as symptoms. It stores them (SQL), closes their tick and wakes correlation; what
HTTP would add before that is not in the figure.
"""

import gc
import os
import signal
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from aiops import pipeline
from aiops.correlate.causes import rank_causes
from aiops.correlate.grouping import Group, group_symptoms
from aiops.domain.environment import EnvState, EnvTick, Knowledge
from aiops.domain.time import utc
from workers.bench.installation import make_installation, quantiles
from workers.bench.receiver import BODY, Receiver, opened
from workers.bench.storm import END, ENV, STORM_SECONDS, make_storm
from workers.local import Stack, running
from workers.wiring import Parts

OPEN_SYMPTOMS = 1000
ADDED = 30
RECEIVED = 1000
PACED_PER_SECOND = 100
IDLE_BODIES = 20
IDLE_SECONDS = 0.5
PAIR = 2
"""One symptom that no user feels is no incident yet: of two in a body both are in one at once."""

STORM = 10_000
AT = utc(END + STORM_SECONDS)
_MOST_RANKED = 200

Say = Callable[[str], None]


def bench_correlate(
    services: int, symptoms: int, say: Say, *, storm: bool = False
) -> dict[str, Any]:
    """Return the figures of this machine.

    Args:
        services: about how many there are.
        symptoms: how many are grouped in one call.
        say: is told how far it is.
        storm: whether a storm of a minute goes through the workers, too.
    """
    say(f"{services} services, {symptoms} symptoms …")
    made = make_storm(services, symptoms)
    knowledge = Knowledge(graph=made.graph, journeys=made.shop.journeys)
    gc.collect()
    began = time.perf_counter()
    groups = group_symptoms(made.symptoms, (), (), AT, knowledge)
    seconds = time.perf_counter() - began
    say("adding and ranking …")
    figures = {
        "services": len(made.shop.services),
        "symptoms": len(made.symptoms),
        "correlate_seconds": round(seconds, 4),
        "add_symptom_seconds": quantiles(_adding(services)),
        "rank_seconds": quantiles(_ranking(groups, knowledge)),
    }
    return {**figures, **_through_workers(services, say, storm=storm)}


def _adding(services: int) -> list[float]:
    """Return what it takes to add one symptom to those that are open, again and again."""
    storm = make_storm(services, OPEN_SYMPTOMS + ADDED)
    knowledge = Knowledge(graph=storm.graph, journeys=storm.shop.journeys)
    known, fresh = storm.symptoms[:OPEN_SYMPTOMS], storm.symptoms[OPEN_SYMPTOMS:]
    tick = EnvTick(at=AT, facts=opened(known, AT))
    env = pipeline.advance(EnvState(env=ENV), tick, knowledge).state
    seconds = []
    for one in fresh:
        began = time.perf_counter()
        group_symptoms((*env.symptoms, one), env.incidents, (), AT, knowledge)
        seconds.append(time.perf_counter() - began)
    return seconds


def _ranking(groups: Sequence[Group], knowledge: Knowledge) -> list[float]:
    """Return what it takes to rank the causes of each of the largest problems."""
    largest = sorted(groups, key=lambda group: -len(group.symptoms))[:_MOST_RANKED]
    seconds = []
    for group in largest:
        began = time.perf_counter()
        rank_causes(group.symptoms, (), AT, knowledge)
        seconds.append(time.perf_counter() - began)
    return seconds


def _through_workers(services: int, say: Say, *, storm: bool) -> dict[str, Any]:
    """Return how long it takes from receiving symptoms until an incident that has them is stored.

    In one burst, at a pace, one body at a time with nothing else to do, and across a `kill -9` of
    the workers: each in an environment of its own, in which nothing is open before.
    """
    with tempfile.TemporaryDirectory(prefix="aiops-bench-") as name:
        folder = Path(name)
        topology = make_storm(services, 0).shop.topology_yaml()
        (folder / "topology.yaml").write_text(topology, "utf-8")
        environ, settings = make_installation(folder, AT, step_seconds=1, topology="topology.yaml")
        with running(settings, environ, say) as stack:
            parts = Parts(replace(settings, redis_url=stack.redis_url), "client")
            receive = partial(Receiver, parts, services)
            stack.start_beat()
            receive("warm", BODY).measure()
            say(f"{RECEIVED} symptoms in bodies of {BODY} …")
            receiver = receive("burst", RECEIVED)
            figures = {"first_incident_seconds": quantiles(receiver.measure())}
            say(f"{PACED_PER_SECOND} symptoms a second …")
            paced = receive("paced", RECEIVED).measure(BODY / PACED_PER_SECOND)
            figures["first_incident_paced_seconds"] = quantiles(paced)
            idle = receive("idle", IDLE_BODIES * PAIR).measure(IDLE_SECONDS, PAIR)
            figures["first_incident_idle_seconds"] = quantiles(idle)
            if storm:
                figures |= _storm(receive, say)
            killed = receive("killed", BODY).measure_across(partial(_kill, stack))
            figures["first_incident_after_kill_seconds"] = quantiles(killed)
            return {**figures, "incidents": receiver.incidents()}


def _storm(receive: Callable[[str, int], Receiver], say: Say) -> dict[str, Any]:
    """Return how far behind a storm of a minute leaves the workers, and what it ends in.

    Once with a tick a second, as the step of the source is, and once as alerts from outside, which
    come between the ticks of a source that is asked once a minute.
    """
    ticks = receive("storm", STORM)
    alerts = receive("alerts", STORM)
    measures: dict[str, tuple[Receiver, Callable[[], list[float]]]] = {
        "storm": (ticks, lambda: ticks.measure(1.0, -(-STORM // STORM_SECONDS))),
        "alert_storm": (alerts, lambda: alerts.measure_between_ticks(STORM_SECONDS * BODY / STORM)),
    }
    figures: dict[str, Any] = {}
    for name, (receiver, measure) in measures.items():
        say(f"{STORM} symptoms in {STORM_SECONDS} s, {name} …")
        began = time.perf_counter()
        figures[f"{name}_incident_seconds"] = quantiles(measure())
        figures[f"{name}_over_seconds"] = round(time.perf_counter() - began, 4)
        figures[f"{name}_incidents"] = receiver.incidents()
    return figures


def _kill(stack: Stack) -> None:
    """Kill the fast worker with its pool, as `kill -9` does."""
    os.killpg(stack.pids()["fast"], signal.SIGKILL)
