"""kombu's Redis transport, without the hole that leaves a worker deaf after Redis was away.

A worker takes no more messages than it has places for. Redis going away while every place is
taken, kombu cannot acknowledge these messages, keeps their places taken, and so never asks Redis
for another: it hangs for ever, connected to nothing (seen with kombu 5.7.0). Here the place is
free again; the worker asks, meets the lost connection, and connects anew. The message comes back
after its visibility timeout, as that of a worker that was killed.
"""

from typing import Any

from kombu import transport
from kombu.transport import redis
from kombu.transport.virtual import QoS
from redis.exceptions import RedisError


class FreeingQoS(redis.QoS):
    """Frees the place of a message also when Redis cannot be told."""

    def ack(self, delivery_tag: str) -> None:
        """Acknowledge a message."""
        try:
            super().ack(delivery_tag)
        except (RedisError, OSError):
            QoS.ack(self, delivery_tag)
            raise

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Give a message back."""
        try:
            super().reject(delivery_tag, requeue=requeue)
        except (RedisError, OSError):
            QoS.ack(self, delivery_tag)
            raise


class Channel(redis.Channel):
    """Counts messages with `FreeingQoS`."""

    QoS: Any = FreeingQoS


class Transport(redis.Transport):
    """The transport of every application of ours."""

    Channel: Any = Channel


def use_it() -> None:
    """Let kombu take this transport for every Redis address, also where it took its own before."""
    name = f"{Transport.__module__}:{Transport.__qualname__}"
    for scheme in ("redis", "rediss"):
        transport.TRANSPORT_ALIASES[scheme] = name
        transport._transport_cache.pop(scheme, None)  # type: ignore[attr-defined]
