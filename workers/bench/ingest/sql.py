"""Four processes that write to one database at once, a small transaction at a time.

`main` is one of them: it waits for a line, writes, and says how long each write took.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiops.domain.errors import AiopsError, StoreError
from aiops.store.accepted import AcceptedBody, BodyStore
from aiops.store.engine import open_engine
from workers.bench.ingest.processes import COMMAND
from workers.bench.installation import make_installation, quantiles
from workers.databases import migrate_all

PROCESSES = 4
COMMITS = 10_000
_BODY = b"x" * 500
_NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


def measure_sql(scale: float) -> Mapping[str, Any]:
    """Return how many commits go through a second, the 99th percentile, and what failed.

    Each commit accepts one small body as the product does, by the same call and as durably.
    """
    each = max(int(COMMITS * scale) // PROCESSES, 1)
    with tempfile.TemporaryDirectory(prefix="aiops-bench-") as name:
        _, settings = make_installation(Path(name), _NOW, 60)
        migrate_all(settings)
        words = [*COMMAND, "sql", settings.database_url, str(each)]
        writers = [_start([*words, str(number)]) for number in range(PROCESSES)]
        for one in writers:
            _said(one, "ready")
        began = time.perf_counter()
        for one in writers:
            _tell(one)
        told = [one.communicate()[0] for one in writers]
        took = time.perf_counter() - began
    if any(one.returncode for one in writers):
        raise AiopsError("a process that writes SQL failed; it said why above")
    found = [json.loads(one) for one in told]
    seconds = [one for each_one in found for one in each_one["seconds"]]
    return {
        "sql": {
            "commits_per_second": round(len(seconds) / took),
            "p99": quantiles(seconds)["p99"],
            "lock_errors": sum(one["errors"] for one in found),
        }
    }


def _start(words: list[str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603 - ours
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def _said(writer: "subprocess.Popen[str]", expected: str) -> None:
    assert writer.stdout is not None  # noqa: S101  # a pipe was asked for
    if (line := writer.stdout.readline().strip()) != expected:
        raise AiopsError(f"a process that writes SQL said {line!r}, expected {expected!r}")


def _tell(writer: "subprocess.Popen[str]") -> None:
    assert writer.stdin is not None  # noqa: S101  # a pipe was asked for
    writer.stdin.write("go\n")
    writer.stdin.flush()


def _write(url: str, times: int, name: str) -> dict[str, Any]:
    store = BodyStore(open_engine(url, durable=True))
    store.waiting(1)  # connected and imported before it counts
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    seconds: list[float] = []
    errors = 0
    for number in range(times):
        body = AcceptedBody(
            idempotency_key=f"{name}-{number}",
            source="bench",
            content_type="text/plain",
            received_at=_NOW + timedelta(seconds=number),
            body=_BODY,
        )
        began = time.perf_counter()
        try:
            store.keep_all([body])
        except StoreError:
            errors += 1
        else:
            seconds.append(time.perf_counter() - began)
    return {"seconds": seconds, "errors": errors}


def main(url: str, times: str, name: str) -> None:
    """Be one of the writers."""
    sys.stdout.write(json.dumps(_write(url, int(times), name)))
