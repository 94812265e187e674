import threading

from workers.announcing import Announcer


def test_news_while_an_announcement_is_under_way_is_one_more_and_nobody_waits() -> None:
    begun, may_go_on = threading.Semaphore(0), threading.Semaphore(0)
    calls: list[None] = []

    def announce() -> None:
        calls.append(None)
        begun.release()
        assert may_go_on.acquire(timeout=10)

    tell = Announcer(announce)
    tell()
    assert begun.acquire(timeout=10)
    for _ in range(100):
        tell()
    may_go_on.release()
    assert begun.acquire(timeout=10)
    may_go_on.release()
    assert not begun.acquire(timeout=0.1)
    assert len(calls) == 2
