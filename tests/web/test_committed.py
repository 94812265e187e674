"""What another thread commits reaches the event loop: once for a group, and to each its own."""

import asyncio
from concurrent.futures import Future
from threading import Thread
from typing import Any

import pytest

from aiops.domain.errors import StoreError
from aiops.web.committed import Committed


async def outcomes(committed: Committed, kept: list["Future[None]"]) -> list[object]:
    waits = [committed.wait(one) for one in kept]
    return await asyncio.gather(*waits, return_exceptions=True)


def test_a_group_wakes_the_loop_once_and_each_hears_its_own() -> None:
    calls = []

    async def run() -> list[object]:
        loop = asyncio.get_running_loop()
        plain = loop.call_soon_threadsafe

        def counted(call: Any, *args: Any) -> Any:
            calls.append(call)
            return plain(call, *args)

        loop.call_soon_threadsafe = counted  # type: ignore[assignment, method-assign]
        kept: list[Future[None]] = [Future() for _ in range(100)]

        def commit() -> None:
            for number, one in enumerate(kept):
                if number == 7:
                    one.set_exception(StoreError("full"))
                else:
                    one.set_result(None)

        loop.call_soon(lambda: loop.call_soon(commit))  # while nobody else has a turn
        return await outcomes(Committed(5), kept)

    found = asyncio.run(run())
    assert len(calls) == 1
    assert [number for number, one in enumerate(found) if one is not None] == [7]
    assert isinstance(found[7], StoreError)


def test_those_who_wait_for_the_same_commit_all_hear_of_it_though_one_went_away() -> None:
    async def run(error: StoreError | None) -> list[object]:
        kept: Future[None] = Future()
        committed = Committed(5)
        waits = [asyncio.ensure_future(committed.wait(kept)) for _ in range(3)]
        await asyncio.sleep(0)
        waits[1].cancel()
        kept.set_exception(error) if error else kept.set_result(None)
        late = committed.wait(kept)
        return await asyncio.gather(*waits, late, return_exceptions=True)

    assert [type(one) for one in asyncio.run(run(None))] == [
        type(None),
        asyncio.CancelledError,
        type(None),
        type(None),
    ]
    full = StoreError("full")
    first, _, *others = asyncio.run(run(full))
    assert [first, *others] == [full] * 3


def test_what_another_thread_commits_meanwhile_is_not_forgotten() -> None:
    async def run() -> list[object]:
        kept: list[Future[None]] = [Future() for _ in range(2000)]

        def commit() -> None:
            for one in kept:
                one.set_result(None)

        asyncio.get_running_loop().call_soon(Thread(target=commit).start)
        return await outcomes(Committed(5), kept)

    assert set(asyncio.run(run())) == {None}


def test_a_database_that_does_not_answer_is_given_up_and_may_answer_later() -> None:
    async def run() -> None:
        kept: Future[None] = Future()
        with pytest.raises(TimeoutError):
            await Committed(0.01).wait(kept)
        kept.set_result(None)
        await asyncio.sleep(0.01)

    asyncio.run(run())


def test_it_serves_one_loop_after_the_other() -> None:
    committed = Committed(1)
    for _ in range(2):
        done: Future[None] = Future()
        done.set_result(None)
        asyncio.run(committed.wait(done))
