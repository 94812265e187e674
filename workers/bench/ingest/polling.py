"""Polling a Prometheus: what asking for many series and storing their tick costs a minute."""

import gzip
import statistics
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Receive, Scope, Send

from aiops.domain.errors import AiopsError
from aiops.receivers.server import serve
from workers.bench.ingest.processes import nothing_said
from workers.bench.ingest.web import NOW
from workers.bench.installation import make_installation
from workers.clock import FastClock, write_clock
from workers.databases import migrate_all
from workers.embedded import EmbeddedRedis
from workers.wiring import Parts

SERIES = 100_000
POLLS = 5
MINUTE = 60
SERVICES = 500

_QUERY = "requests_total"
_NOTHING = b'{"status":"success","data":{"resultType":"vector","result":[]}}'
_AT = b"1111111111"
"""Stands in the prepared answer where the time goes."""


def measure_polling(scale: float) -> Mapping[str, Any]:
    """Return which share of a core polling takes, once every series is known.

    CPU of the thread that polls, so of reading, parsing and storing; the answer is gzip, as
    Prometheus sends it. The series are learned by the first polls, which do not count.
    """
    answer = _answer(max(int(SERIES * scale), 1))
    with (
        tempfile.TemporaryDirectory(prefix="aiops-bench-") as name,
        serve(_prometheus(answer)) as url,
        EmbeddedRedis(Path(name) / "redis", say=nothing_said) as redis,
    ):
        folder = Path(name)
        signal = {"name": "requests", "query": _QUERY, "labels": ["instance"]}
        source = {"kind": "prometheus", "url": url, "back_fill_days": 0, "signals": [signal]}
        _, settings = make_installation(folder, NOW, MINUTE, sources={"prom": source})
        migrate_all(settings)
        parts = Parts(replace(settings, redis_url=redis.url), "fast")
        with ExitStack() as stack:
            for one in parts.sources.values():
                stack.callback(one.close)
            seconds = [_poll(parts, folder, number) for number in range(2 + POLLS)]
    return {"poll_cpu_share": round(statistics.median(seconds[2:]) / MINUTE, 4)}


def _poll(parts: Parts, folder: Path, number: int) -> float:
    now = NOW + timedelta(seconds=MINUTE * number)
    write_clock(folder / "clock", FastClock.standing(now + timedelta(seconds=MINUTE / 2)))
    while parts.clock.now() < now:  # it looks at its file now and then
        time.sleep(0.01)
    began = time.thread_time()
    parts.poll.run("prom")
    took = time.thread_time() - began
    if parts.extents.closed_until("prom") != now:
        raise AiopsError(f"the poll at {now} was not stored; what was in the way stands above")
    return took


def _answer(series: int) -> bytes:
    rows = (
        '{"metric":{"__name__":"requests_total","env":"prod","job":"api",'
        f'"service":"service-{number % SERVICES}","instance":"10.0.{number // 250}.{number % 250}"'
        f'}},"value":[{_AT.decode()},"{number * 1.25:g}"]}}'
        for number in range(series)
    )
    text = f'{{"status":"success","data":{{"resultType":"vector","result":[{",".join(rows)}]}}}}'
    return text.encode()


def _prometheus(answer: bytes) -> ASGIApp:
    """Return a server that answers one query with a value a series, and knows nothing else."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        form = await _form(scope, receive)
        found = (
            answer.replace(_AT, form["time"][0].encode()) if form["query"] == [_QUERY] else _NOTHING
        )
        body = gzip.compress(found, 1)
        headers = [(b"content-type", b"application/json"), (b"content-encoding", b"gzip")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


async def _form(scope: Scope, receive: Receive) -> dict[str, list[str]]:
    text = scope["query_string"]
    while scope["method"] == "POST":
        message = await receive()
        text += message.get("body", b"")
        if not message.get("more_body"):
            break
    return parse_qs(text.decode())
