"""Leases and flags on a real Redis."""

import time

import pytest
from redis import Redis
from redis.exceptions import RedisError

from workers.health import SourceHealth
from workers.leases import DirtyFlags, RedisLease, kept


@pytest.fixture
def client(empty_redis_url: str) -> Redis:
    return Redis.from_url(empty_redis_url)


@pytest.fixture
def lease(client: Redis) -> RedisLease:
    return RedisLease(client)


def test_only_one_holds_a_lease(lease: RedisLease) -> None:
    assert lease.acquire("prod", 5) is not None
    assert lease.acquire("prod", 5) is None
    assert lease.acquire("staging", 5) is not None


def test_the_fencing_number_grows_with_every_holder(lease: RedisLease) -> None:
    numbers = []
    for _ in range(4):
        held = lease.acquire("prod", 5)
        assert held is not None
        numbers.append(held)
        lease.release("prod", held)
    assert numbers == sorted(set(numbers))


def test_a_lease_runs_out_by_itself(lease: RedisLease) -> None:
    first = lease.acquire("prod", 0.02)
    time.sleep(0.05)
    second = lease.acquire("prod", 5)
    assert first is not None
    assert second is not None
    assert second > first


def test_an_old_holder_can_give_nothing_back_and_renew_nothing(lease: RedisLease) -> None:
    old = lease.acquire("prod", 0.02)
    time.sleep(0.05)
    new = lease.acquire("prod", 5)
    assert old is not None
    assert new is not None
    lease.release("prod", old)
    assert not lease.renew("prod", old, 5)
    assert lease.acquire("prod", 5) is None
    lease.release("prod", new)
    assert lease.acquire("prod", 5) is not None


def test_a_lease_is_kept_for_as_long_as_the_work_takes(lease: RedisLease) -> None:
    with kept(lease, "prod", 0.09) as mine:
        assert mine
        time.sleep(0.25)
        assert lease.acquire("prod", 5) is None
        with kept(lease, "prod", 5) as again:
            assert not again
    assert lease.acquire("prod", 5) is not None


def test_work_that_fails_gives_its_lease_back(lease: RedisLease) -> None:
    with pytest.raises(ZeroDivisionError), kept(lease, "prod", 5):
        raise ZeroDivisionError
    assert lease.acquire("prod", 5) is not None


def test_without_redis_there_is_no_lease() -> None:
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    away = Redis(unix_socket_path="/nowhere/redis.sock", retry=Retry(NoBackoff(), 0))
    with pytest.raises(RedisError):
        RedisLease(away).acquire("prod", 5)


def test_one_caller_is_told_to_enqueue_until_the_flag_is_lowered(client: Redis) -> None:
    flags = DirtyFlags(client)
    assert flags.raise_flag("prod")
    assert not flags.raise_flag("prod")
    assert flags.raise_flag("staging")
    flags.lower("prod")
    assert flags.raise_flag("prod")


def test_a_flag_nobody_lowers_falls_by_itself(client: Redis) -> None:
    flags = DirtyFlags(client, lifetime_ms=20)
    assert flags.raise_flag("prod")
    time.sleep(0.05)
    assert flags.raise_flag("prod")


def test_trouble_of_a_source_is_news_once(client: Redis) -> None:
    health = SourceHealth(client)
    assert not health.note("shop", "")
    assert health.note("shop", "refused")
    assert not health.note("shop", "refused")
    assert health.trouble("shop") == "refused"
    assert health.note("shop", "")
    assert health.trouble("shop") == ""
