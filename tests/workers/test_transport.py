"""A worker whose Redis goes away while all its places are taken gets them back."""

from pathlib import Path
from typing import Any

import pytest
from kombu import Connection, Consumer, Queue, transport
from kombu.transport import redis
from redis.exceptions import RedisError

from workers.app import make_app
from workers.embedded import EmbeddedRedis
from workers.transport import Transport


def taken(connection: Connection) -> tuple[Any, Any]:
    """Return a channel with place for one message, and the message that takes it."""
    connection.SimpleQueue("ingest").put({"work": 1})
    messages: list[Any] = []
    channel: Any = connection.channel()
    channel.basic_qos(0, 1)
    consumer = Consumer(channel, [Queue("ingest")], on_message=messages.append)
    consumer.consume()
    connection.drain_events(timeout=5)
    assert not channel.qos.can_consume()
    return channel, messages[0]


@pytest.mark.parametrize("give", ["ack", "reject", "requeue"])
def test_a_place_is_free_again_although_redis_cannot_be_told(tmp_path: Path, give: str) -> None:
    server = EmbeddedRedis(tmp_path, say=lambda _line: None)
    server.start()
    try:
        with make_app(server.broker_url, "fast").connection_for_read() as connection:
            assert isinstance(connection.transport, Transport)
            channel, message = taken(connection)
            server.stop()
            with pytest.raises((RedisError, OSError)):
                getattr(message, give)()
            assert channel.qos.can_consume()
    finally:
        server.stop()


def test_a_message_that_was_acknowledged_does_not_come_back(
    empty_broker_url: str, empty_redis_url: str
) -> None:
    import redis

    with make_app(empty_broker_url, "fast").connection_for_read() as connection:
        channel, message = taken(connection)
        message.ack()
        assert channel.qos.can_consume()
    with redis.Redis.from_url(empty_redis_url) as client:
        assert client.llen("ingest") == client.hlen("unacked_fast") == 0


def test_our_transport_is_taken_also_where_kombus_own_was_before() -> None:
    transport._transport_cache["redis"] = redis.Transport  # type: ignore[attr-defined]
    app = make_app("redis://127.0.0.1:1/0", "fast")
    assert isinstance(app.connection_for_read().transport, Transport)
