"""`aiops bench correlate`: what grouping and ranking cost, and how soon an incident is stored.

The first figures are of the pure functions in this process. The last one goes through the
processes of `aiops up`: the benchmark stands where detection stands, which is where everything
received ends as symptoms. It stores them (SQL), closes their tick and wakes correlation; what
HTTP would add before that is not in the figure.
"""

import gc
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from aiops import pipeline
from aiops.correlate.causes import rank_causes
from aiops.correlate.grouping import Group, group_symptoms
from aiops.domain.environment import EnvState, EnvTick, Knowledge
from aiops.domain.symptoms import FactKind, Symptom, SymptomFact
from aiops.domain.time import utc
from aiops.store.engine import open_engine, reading
from aiops.store.tables import INCIDENT_MEMBERS
from workers.bench.feed import wait_until
from workers.bench.installation import SOURCE, make_installation, quantiles
from workers.bench.storm import END, ENV, STORM_SECONDS, make_storm
from workers.local import running
from workers.wiring import Parts

OPEN_SYMPTOMS = 1000
ADDED = 30
RECEIVED = 1000
BODY = 20
PACED_PER_SECOND = 100
IDLE_BODIES = 20
IDLE_SECONDS = 0.5
LOOK_SECONDS = 0.004
AT = utc(END + STORM_SECONDS)
_MOST_RANKED = 200

Say = Callable[[str], None]


def bench_correlate(services: int, symptoms: int, say: Say) -> dict[str, Any]:
    """Return the figures of this machine.

    Args:
        services: about how many there are.
        symptoms: how many are grouped in one call.
        say: is told how far it is.
    """
    say(f"{services} services, {symptoms} symptoms …")
    storm = make_storm(services, symptoms)
    knowledge = Knowledge(graph=storm.graph, journeys=storm.shop.journeys)
    gc.collect()
    began = time.perf_counter()
    groups = group_symptoms(storm.symptoms, (), (), AT, knowledge)
    seconds = time.perf_counter() - began
    say("adding and ranking …")
    figures = {
        "services": len(storm.shop.services),
        "symptoms": len(storm.symptoms),
        "correlate_seconds": round(seconds, 4),
        "add_symptom_seconds": quantiles(_adding(services)),
        "rank_seconds": quantiles(_ranking(groups, knowledge)),
    }
    return {**figures, **_through_workers(services, say)}


def _adding(services: int) -> list[float]:
    """Return what it takes to add one symptom to those that are open, again and again."""
    storm = make_storm(services, OPEN_SYMPTOMS + ADDED)
    knowledge = Knowledge(graph=storm.graph, journeys=storm.shop.journeys)
    known, fresh = storm.symptoms[:OPEN_SYMPTOMS], storm.symptoms[OPEN_SYMPTOMS:]
    tick = EnvTick(at=AT, facts=_opened(known, AT))
    live = pipeline.advance(EnvState(env=ENV), tick, knowledge).state.incidents
    seconds = []
    for one in fresh:
        began = time.perf_counter()
        group_symptoms((*known, one), live, (), AT, knowledge)
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


def _opened(symptoms: Sequence[Symptom], at: datetime) -> tuple[SymptomFact, ...]:
    return tuple(SymptomFact(kind=FactKind.OPENED, at=at, symptom=one) for one in symptoms)


def _through_workers(services: int, say: Say) -> dict[str, Any]:
    """Return how long it takes from receiving symptoms until an incident that has them is stored.

    In one burst, at a pace, and one body at a time with nothing else to do: each in an environment
    of its own, in which nothing is open before.
    """
    with tempfile.TemporaryDirectory(prefix="aiops-bench-") as name:
        folder = Path(name)
        topology = make_storm(services, 0).shop.topology_yaml()
        (folder / "topology.yaml").write_text(topology, "utf-8")
        environ, settings = make_installation(folder, AT, step_seconds=1, topology="topology.yaml")
        with running(settings, environ, say) as stack:
            parts = Parts(replace(settings, redis_url=stack.redis_url), "client")
            stack.start_beat()
            _Receiver(parts, services, "warm").measure(BODY, 0)
            say(f"{RECEIVED} symptoms in bodies of {BODY} …")
            receiver = _Receiver(parts, services, "burst")
            burst = receiver.measure(RECEIVED, 0)
            say(f"{PACED_PER_SECOND} symptoms a second …")
            paced = _Receiver(parts, services, "paced").measure(RECEIVED, BODY / PACED_PER_SECOND)
            idle = _Receiver(parts, services, "idle").measure(IDLE_BODIES, IDLE_SECONDS, body=1)
            return {
                "first_incident_seconds": quantiles(burst),
                "first_incident_paced_seconds": quantiles(paced),
                "first_incident_idle_seconds": quantiles(idle),
                "incidents": receiver.incidents(),
            }


class _Receiver:
    """Stands where detection stands: bodies of symptoms are the news of a tick.

    Args:
        parts: of the installation, as a client.
        services: about how many there are.
        env: the environment that everything belongs to.
    """

    def __init__(self, parts: Parts, services: int, env: str) -> None:
        self._parts = parts
        self._engine = open_engine(parts.settings.database_url, durable=True)
        self._storm = make_storm(services, RECEIVED, env)
        self._env = env
        self._shard = f"{SOURCE}.{env}.0"
        self._at = END
        self._received: dict[str, float] = {}
        self._stored: dict[str, float] = {}
        parts.history.add_series(self._shard, env, SOURCE, 1, ())
        parts.history.advance_cursor(self._shard, None, utc(END), b"", profile_version=0)

    def measure(self, count: int, pause_seconds: float, body: int = BODY) -> list[float]:
        """Receive symptoms in bodies; return the seconds until each was stored in an incident.

        Bodies without a pause between them are the news of one tick, others of a tick each.
        """
        symptoms, pause = self._storm.symptoms[:count], threading.Event()
        for first in range(0, len(symptoms), body):
            began = time.perf_counter()
            self._receive(symptoms[first : first + body])
            if pause_seconds or first + body >= count:
                self._close()
            while time.perf_counter() - began < pause_seconds:
                self._look()
                pause.wait(LOOK_SECONDS)
        wait_until(self._is_over, "what was received was not correlated")
        self._look()
        return list(self._stored.values())

    def incidents(self) -> int:
        """Return how many incidents are open."""
        state, _ = self._parts.incidents.load(self._env)
        return sum(one.is_live for one in state.incidents)

    def _receive(self, symptoms: Sequence[Symptom]) -> None:
        """Store symptoms as news of the tick that is open."""
        self._received |= dict.fromkeys((one.id for one in symptoms), time.perf_counter())
        self._parts.symptoms.append_facts(_opened(symptoms, utc(self._at + 1)))

    def _close(self) -> None:
        """Close the tick and wake correlation."""
        before, self._at = utc(self._at), self._at + 1
        self._parts.history.advance_cursor(
            self._shard, before, utc(self._at), b"", profile_version=0
        )
        if self._parts.flags.raise_flag(self._env):
            self._parts.queue.enqueue("correlate.env", self._env)

    def _is_over(self) -> bool:
        """Tell whether everything received is correlated; look what is stored by now, too."""
        self._look()
        return self._env not in self._parts.symptoms.envs_with_uncorrelated()

    def _look(self) -> None:
        """Note which of the symptoms received are in a stored incident by now."""
        with reading(self._engine) as connection:
            stored = connection.scalars(select(INCIDENT_MEMBERS.c.symptom_id)).all()
        now = time.perf_counter()
        for name in self._received.keys() & set(stored) - self._stored.keys():
            self._stored[name] = now - self._received[name]
