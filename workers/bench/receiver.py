"""Stands where detection stands: stores symptoms, closes their tick, wakes correlation."""

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import select

from aiops.domain.symptoms import FactKind, Symptom, SymptomFact
from aiops.domain.time import utc
from aiops.store.engine import open_engine, reading
from aiops.store.tables import ENVIRONMENTS, INCIDENT_MEMBERS
from workers.bench.feed import wait_until
from workers.bench.installation import SOURCE
from workers.bench.storm import END, make_storm
from workers.wiring import Parts

BODY = 20
LOOK_SECONDS = 0.01


class Receiver:
    """Gives correlation the symptoms of a storm; bodies of them are the news of a tick.

    Args:
        parts: of the installation, as a client.
        services: about how many there are.
        env: the environment that everything belongs to; nothing is open in it before.
        symptoms: how many there are at most.
    """

    def __init__(self, parts: Parts, services: int, env: str, symptoms: int) -> None:
        self._parts = parts
        self._engine = open_engine(parts.settings.database_url, durable=True)
        self._storm = make_storm(services, symptoms, env)
        self._env = env
        self._shard = f"{SOURCE}.{env}.0"
        self._at = END
        self._received: dict[str, float] = {}
        self._stored: dict[str, float] = {}
        self._seen: int | None = None
        parts.history.add_series(self._shard, env, SOURCE, 1, ())
        parts.history.advance_cursor(self._shard, None, utc(END), b"", profile_version=0)

    def measure(self, pause_seconds: float = 0, body: int = BODY) -> list[float]:
        """Receive all symptoms in bodies; return the seconds until each was in a stored incident.

        Bodies without a pause between them are the news of one tick, others of a tick each.
        """
        symptoms, pause = self._storm.symptoms, threading.Event()
        for first in range(0, len(symptoms), body):
            began = time.perf_counter()
            self._receive(symptoms[first : first + body])
            if pause_seconds or first + body >= len(symptoms):
                self._close()
            while time.perf_counter() - began < pause_seconds:
                self._look()
                pause.wait(LOOK_SECONDS)
        return self._stored_after()

    def measure_between_ticks(self, pause_seconds: float, body: int = BODY) -> list[float]:
        """Receive all symptoms in bodies, as outside alerts come: their tick is worked by then.

        Nothing closes meanwhile, as with a source that is asked once a minute.
        """
        symptoms, pause = self._storm.symptoms, threading.Event()
        self._close()
        for first in range(0, len(symptoms), body):
            began = time.perf_counter()
            self._receive(symptoms[first : first + body], self._at)
            self._wake()
            while time.perf_counter() - began < pause_seconds:
                self._look()
                pause.wait(LOOK_SECONDS)
        return self._stored_after()

    def measure_across(self, kill: Callable[[], None]) -> list[float]:
        """Receive all symptoms in one body; `kill` once a worker has taken them, as `measure`.

        It dies at the worst moment: the environment is its own, and nothing of it is stored.
        """
        self._receive(self._storm.symptoms)
        self._close()
        lease = f"lease:correlate:{self._env}"
        wait_until(lambda: bool(self._parts.redis.exists(lease)), "no worker took the symptoms")
        kill()
        return self._stored_after()

    def incidents(self) -> int:
        """Return how many incidents are open."""
        state, _ = self._parts.incidents.load(self._env)
        return sum(one.is_live for one in state.incidents)

    def _receive(self, symptoms: Sequence[Symptom], tick: int | None = None) -> None:
        """Store symptoms as news of a tick, the one that is open where none is named."""
        at = utc(self._at + 1 if tick is None else tick)
        self._received |= dict.fromkeys((one.id for one in symptoms), time.perf_counter())
        self._parts.symptoms.append_facts(opened(symptoms, at))

    def _close(self) -> None:
        """Close the tick and wake correlation."""
        before, self._at = utc(self._at), self._at + 1
        self._parts.history.advance_cursor(
            self._shard, before, utc(self._at), b"", profile_version=0
        )
        self._wake()

    def _wake(self) -> None:
        """Wake correlation, as detection does after a commit."""
        if self._parts.flags.raise_flag(self._env):
            self._parts.queue.enqueue("correlate.env", self._env)

    def _stored_after(self) -> list[float]:
        """Wait until all that was received is correlated; return how long each symptom took."""
        wait_until(self._is_over, "what was received was not correlated")
        self._look()
        return list(self._stored.values())

    def _is_over(self) -> bool:
        """Tell whether everything received is correlated; look what is stored by now, too."""
        self._look()
        return self._env not in self._parts.symptoms.envs_with_uncorrelated()

    def _look(self) -> None:
        """Note which of the symptoms received are in a stored incident by now."""
        version_of = select(ENVIRONMENTS.c.version).where(ENVIRONMENTS.c.env == self._env)
        with reading(self._engine) as connection:
            version = connection.scalar(version_of)  # every incident that is stored moves it
            if version == self._seen:
                return
            stored = connection.scalars(select(INCIDENT_MEMBERS.c.symptom_id)).all()
        now, self._seen = time.perf_counter(), version
        for name in self._received.keys() & set(stored) - self._stored.keys():
            self._stored[name] = now - self._received[name]


def opened(symptoms: Sequence[Symptom], at: datetime) -> tuple[SymptomFact, ...]:
    """Return the facts that symptoms opened at a tick."""
    return tuple(SymptomFact(kind=FactKind.OPENED, at=at, symptom=one) for one in symptoms)
