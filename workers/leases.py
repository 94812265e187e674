"""Leases in Redis: one holder at a time, with a fencing number.

Correctness never rests on them (every write is a compare-and-set in SQL); they keep two workers
from doing the same work twice.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import redis

from aiops.ports import Lease

_RENEW = """
if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end
return 0
"""
_RELEASE = """
if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end
return 0
"""


class RedisLease:
    """Leases kept as Redis keys that expire by themselves."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._renew = client.register_script(_RENEW)
        self._release = client.register_script(_RELEASE)

    def acquire(self, name: str, seconds: float) -> int | None:
        """Take the lease `name` for at most `seconds`; None while somebody else holds it."""
        fencing = int(self._client.incr(f"fence:{name}"))
        taken = self._client.set(f"lease:{name}", fencing, nx=True, px=int(seconds * 1000))
        return fencing if taken else None

    def renew(self, name: str, fencing: int, seconds: float) -> bool:
        """Hold the lease for `seconds` from now on; False when it went to somebody else."""
        return bool(self._renew(keys=[f"lease:{name}"], args=[fencing, int(seconds * 1000)]))

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


@contextmanager
def kept(lease: Lease, name: str, seconds: float) -> Iterator[bool]:
    """Hold a lease while the block runs, however long that takes; give False when it is taken.

    A thread renews it, so it can be short: when we are killed, the next one waits `seconds` at
    most.
    """
    fencing = lease.acquire(name, seconds)
    if fencing is None:
        yield False
        return
    done = threading.Event()
    renewer = threading.Thread(
        target=_keep_renewing,
        args=(lease, name, fencing, seconds, done),
        name=f"lease {name}",
        daemon=True,
    )
    renewer.start()
    try:
        yield True
    finally:
        done.set()
        renewer.join()
        lease.release(name, fencing)


def _keep_renewing(  # a thread's target
    lease: Lease, name: str, fencing: int, seconds: float, done: threading.Event
) -> None:
    while not done.wait(seconds / 3):
        try:
            if not lease.renew(name, fencing, seconds):
                return
        except redis.RedisError:
            continue  # Redis is away: the lease may run out, and costs a pull done twice
