"""The load generator, a process of its own.

It is kept cheap, because on a small machine it takes its time from what it measures: raw HTTP/1.1
on `asyncio.Protocol`, no parsing but for the code and the end of each answer.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any, cast

LENGTH_BYTES = 4
"""What stands before each request in the file of requests: its length, big-endian."""

PATIENCE_SECONDS = 60.0


class _Connection(asyncio.Protocol):
    """Sends one request after the other, and notes how long each took."""

    def __init__(self, requests: Iterator[bytes], until: float, codes: Counter[bytes]) -> None:
        self._requests = requests
        self._until = until
        self._codes = codes
        self._answer = b""
        self._began = 0.0
        self._transport: asyncio.Transport
        self.seconds: list[float] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, end, body = self._answer.partition(b"\r\n\r\n")
        if not end or len(body) < _length(head):
            return
        self._codes[head[9:12]] += 1
        self._answer = b""
        self.seconds.append(time.perf_counter() - self._began)
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server closed the connection"))

    def _next(self) -> None:
        self._began = time.perf_counter()
        if self._began > self._until:
            self.done.set_result(None)
            self._transport.close()
        else:
            self._transport.write(next(self._requests))


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0] or 0)


async def _run(port: int, requests: Sequence[bytes], count: int, seconds: float) -> dict[str, Any]:
    loop, turns, codes = asyncio.get_running_loop(), cycle(requests), Counter[bytes]()
    began = time.perf_counter()
    made = [
        await loop.create_connection(
            lambda: _Connection(turns, began + seconds, codes), "127.0.0.1", port
        )
        for _ in range(count)
    ]
    protocols = [protocol for _, protocol in made]
    waiting = asyncio.gather(*(one.done for one in protocols))
    await asyncio.wait_for(waiting, seconds + PATIENCE_SECONDS)
    took = time.perf_counter() - began
    if wrong := {code.decode(): many for code, many in codes.items() if code[:1] != b"2"}:
        raise SystemExit(f"not every request was accepted: {wrong}")
    found = [one for protocol in protocols for one in protocol.seconds]
    return {"per_second": len(found) / took, "seconds": found}


def _read(path: Path) -> list[bytes]:
    data, at, found = path.read_bytes(), 0, []
    while at < len(data):
        begin = at + LENGTH_BYTES
        at = begin + int.from_bytes(data[at:begin], "big")
        found.append(data[begin:at])
    return found


def main(port: str, file: str, connections: str, seconds: str) -> None:
    """Be the load generator."""
    made = asyncio.run(_run(int(port), _read(Path(file)), int(connections), float(seconds)))
    sys.stdout.write(json.dumps(made))
