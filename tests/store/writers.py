"""Processes that write at the same time, for the tests; run as a script."""

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update

from aiops.store.accepted import AcceptedBody, BodyStore
from aiops.store.engine import open_engine, writing
from aiops.store.outbox import Outbox
from aiops.store.tables import ENVIRONMENTS

NOW = datetime(2026, 4, 18, 12, tzinfo=UTC)


def count(url: str, times: int) -> None:
    """Read a number and write it back one higher, so many times."""
    engine = open_engine(url, durable=True)
    for _ in range(times):
        with writing(engine) as connection:
            query = select(ENVIRONMENTS.c.next_number).with_for_update()
            number = connection.scalars(query).one()
            connection.execute(update(ENVIRONMENTS).values(next_number=number + 1))


def claim(url: str, _times: int) -> None:
    """Claim and deliver whatever is due, and say the ids."""
    outbox = Outbox(open_engine(url, durable=True))
    while due := outbox.due(NOW, NOW):
        for delivery_id in due:
            claimed = outbox.claim(delivery_id, now=NOW, wall=NOW, lease_seconds=60)
            if claimed is None:
                continue
            say(f"{claimed.id} {claimed.notification.incident_id} {claimed.notification.revision}")
            outbox.delivered(claimed.id, claimed.token, {"key": "x"}, now=NOW)


def accept(url: str, times: int) -> None:
    """Accept bodies one by one and say each once it is accepted."""
    store = BodyStore(open_engine(url, durable=True))
    for number in range(times):
        body = AcceptedBody(
            idempotency_key=f"{number}",
            source="test",
            content_type="text/plain",
            received_at=NOW + timedelta(seconds=number),
            body=b"x" * 1000,
        )
        store.accept([body])
        say(str(number))


def say(line: str) -> None:
    """Write a line that is out before the next step."""
    os.write(1, f"{line}\n".encode())


def fork(processes: int, task: Callable[[], None]) -> None:
    """Run a task in so many children at once; fails when one of them does."""
    children = []
    for _ in range(processes):
        child = os.fork()
        if child == 0:
            task()
            os._exit(0)
        children.append(child)
    if any(os.waitpid(child, 0)[1] for child in children):
        sys.exit("a writer failed")


if __name__ == "__main__":
    name, url, times, processes = sys.argv[1:]
    write = {"count": count, "claim": claim, "accept": accept}[name]
    if processes == "1":
        write(url, int(times))
    else:  # One import for all: it takes longer than what the children do.
        fork(int(processes), lambda: write(url, int(times)))
