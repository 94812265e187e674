"""Sending load: requests made beforehand, over connections that stay, from another process."""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

from aiops.domain.errors import AiopsError
from workers.bench.ingest.load import LENGTH_BYTES, PATIENCE_SECONDS
from workers.bench.ingest.processes import COMMAND
from workers.bench.installation import quantiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What came of some load.

    Args:
        per_second: answered requests.
        p50: seconds from a request to its answer, of half of them at most.
        p99: of all but a hundredth.
    """

    per_second: float
    p50: float
    p99: float


def request(path: str, body: bytes, **headers: str) -> bytes:
    """Return a POST as it goes over the wire.

    Args:
        path: of the request.
        body: of the request.
        headers: further ones, with `_` for `-`; JSON unless they say otherwise.

    Examples:
        >>> request("/ingest", b"{}").splitlines()[0]
        b'POST /ingest HTTP/1.1'
    """
    told = {"host": "127.0.0.1", "content_type": "application/json", **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in told.items()]
    head = "\r\n".join((f"POST {path} HTTP/1.1", *lines, f"content-length: {len(body)}", "", ""))
    return head.encode() + body


def send(port: int, requests: Sequence[bytes], *, connections: int, seconds: float) -> Sent:
    """Send requests from another process for a while, round and round; each must be answered 2xx.

    Args:
        port: of a server on 127.0.0.1.
        requests: made by `request`.
        connections: each sends the next one once the one before is answered.
        seconds: how long.

    Raises:
        AiopsError: an answer was another one, or none came.
    """
    with tempfile.NamedTemporaryFile(prefix="aiops-bench-") as file:
        for one in requests:
            file.write(len(one).to_bytes(LENGTH_BYTES, "big") + one)
        file.flush()
        words = (str(port), file.name, str(connections), str(seconds))
        done = subprocess.run(  # noqa: S603 - ours
            [*COMMAND, "load", *words],
            capture_output=True,
            text=True,
            timeout=seconds + 2 * PATIENCE_SECONDS,
            check=False,
        )
    if done.returncode:
        raise AiopsError(f"the load generator failed: {done.stderr.strip()[-500:]}")
    found = json.loads(done.stdout)
    return Sent(per_second=found["per_second"], **quantiles(found["seconds"]))
