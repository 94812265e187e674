"""Symptoms that no tick of ours found: stored, and correlated at once."""

import logging
from collections.abc import Collection, Sequence

from redis.exceptions import RedisError

from aiops.domain.symptoms import SymptomFact
from workers.wiring import Parts

_LOG = logging.getLogger(__name__)


def take_outside(parts: Parts, facts: Sequence[SymptomFact]) -> None:
    """Store what others found (a monitor, a person), and wake correlation: the one way in.

    It waits for no tick: an incident exists within two seconds. The same fact again, by symptom,
    time and kind, changes nothing.

    Args:
        parts: of this installation.
        facts: their `at` is the product's clock now; of any environments, in any order.

    Raises:
        StoreError: nothing was stored.
    """
    parts.symptoms.append_facts(facts, parts.telemetry.traceparent(), outside=True)
    wake(parts, {one.symptom.series.key.env for one in facts})


def wake(parts: Parts, envs: Collection[str]) -> None:
    """Have correlated what some environments have news of; without Redis the next sweep does."""
    try:
        for env in sorted(envs):
            if parts.flags.raise_flag(env):
                parts.queue.enqueue("correlate.env", env)
    except RedisError as error:
        _LOG.warning("stored, but nobody could be told (%s); the next sweep correlates it", error)
