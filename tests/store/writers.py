"""Processes that write at the same time, for the tests; run as a script."""

import os
import random
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, select, update

from aiops.store.accepted import AcceptedBody, BodyStore
from aiops.store.engine import open_engine, reading, writing
from aiops.store.outbox import Outbox
from aiops.store.signals import HistoryStore
from aiops.store.tables import ENVIRONMENTS
from tests.builders import series

NOW = datetime(2026, 4, 18, 12, tzinfo=UTC)


def count(engine: Engine, times: int) -> None:
    """Read a number and write it back one higher, so many times."""
    for _ in range(times):
        with writing(engine) as connection:
            query = select(ENVIRONMENTS.c.next_number).with_for_update()
            number = connection.scalars(query).one()
            connection.execute(update(ENVIRONMENTS).values(next_number=number + 1))


def claim(engine: Engine, _times: int) -> None:
    """Claim and deliver whatever is due, and say the ids."""
    outbox = Outbox(engine)
    while due := outbox.due(NOW, NOW):
        for delivery_id in due:
            claimed = outbox.claim(delivery_id, now=NOW, wall=NOW, lease_seconds=60)
            if claimed is None:
                continue
            say(f"{claimed.id} {claimed.notification.incident_id} {claimed.notification.revision}")
            outbox.delivered(claimed.id, claimed.token, {"key": "x"}, now=NOW)


def accept(engine: Engine, times: int) -> None:
    """Accept bodies one by one and say each once it is accepted."""
    store = BodyStore(engine)
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


def grow(engine: Engine, times: int) -> None:
    """Add series to one shard, mostly the same ones as the others, in an order of one's own."""
    store = HistoryStore(engine)
    own = [series(f"{os.getpid()}", "errors")]
    common = [series(f"{number}", "errors") for number in range(times)]
    random.Random(os.getpid()).shuffle(common)  # noqa: S311 - any order will do
    for one in own + common:
        store.add_series("push.prod.0", "prod", "push", 60, [one])


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
    write = {"count": count, "claim": claim, "accept": accept, "grow": grow}[name]
    engine = open_engine(url, durable=True)
    with reading(engine):
        pass  # The parent has a connection of its own, which no child may go on using.
    if processes == "1":
        write(engine, int(times))
    else:  # One import for all: it takes longer than what the children do.
        fork(int(processes), lambda: write(engine, int(times)))
