"""Leases in Redis: one holder at a time, with a fencing number.

Correctness never rests on them (every write is a compare-and-set in SQL); they keep two workers
from doing the same work twice.
"""

import redis

_RELEASE = """
if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end
return 0
"""


class RedisLease:
    """Leases kept as Redis keys that expire by themselves."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._release = client.register_script(_RELEASE)

    def acquire(self, name: str, seconds: float) -> int | None:
        """Take the lease `name` for at most `seconds`; None while somebody else holds it."""
        fencing = int(self._client.incr(f"fence:{name}"))
        taken = self._client.set(f"lease:{name}", fencing, nx=True, px=int(seconds * 1000))
        return fencing if taken else None

    def release(self, name: str, fencing: int) -> None:
        """Give the lease back; without effect when it expired and went to somebody else."""
        self._release(keys=[f"lease:{name}"], args=[fencing])


class DirtyFlags:
    """At most one task per environment and 200 ms: the setter of the flag enqueues it."""

    def __init__(self, client: redis.Redis, lifetime_ms: int = 2000) -> None:
        self._client = client
        self._lifetime_ms = lifetime_ms

    def raise_flag(self, env: str) -> bool:
        """Mark `env` dirty; True for the one caller that should enqueue the work."""
        return bool(self._client.set(f"dirty:{env}", 1, nx=True, px=self._lifetime_ms))

    def lower(self, env: str) -> None:
        """Take the flag down, before reading what is new."""
        self._client.delete(f"dirty:{env}")
