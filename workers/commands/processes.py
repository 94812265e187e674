"""What runs inside the workers and the web server."""

import gc
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from celery.signals import (
    worker_before_create_process,
    worker_process_init,
    worker_process_shutdown,
)

from aiops.detect.registry import all_detectors
from aiops.domain.environment import Knowledge
from aiops.domain.errors import AiopsError
from aiops.settings import Settings
from workers.app import QUEUES, Role
from workers.commands.start import load, log_to_stderr
from workers.knowledge import standing
from workers.tasks import register
from workers.wiring import Parts

SWITCH_SECONDS = 0.0005
"""How long the event loop of a busy web process may keep the thread that commits from going on; a
commit is ten steps, and each of them waits as long."""


def run_worker(role: Role, config: Path | None, concurrency: int) -> None:
    """Work the queues of a role until told to stop."""
    collect_from_the_fork_on()
    settings = load(config)
    log_to_stderr(settings)
    parts = _per_process(settings, role, None if role == "slow" else _known(settings))
    app = Parts(settings, role).celery
    register(app, parts)
    if role == "fast":
        _share_with_pool()
    app.worker_main(
        [
            "worker",
            f"--queues={','.join(QUEUES[role])}",
            f"--concurrency={concurrency}",
            f"--hostname={role}@%h",
            "--pool=prefork",
            f"--loglevel={settings.log_level}",
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
        ]
    )


def run_web(config: Path | None) -> None:
    """Serve HTTP until told to stop."""
    import uvicorn  # noqa: PLC0415 - only the web process needs it

    from workers.certificates import require_certificate  # noqa: PLC0415
    from workers.console import make_console  # noqa: PLC0415

    settings = load(config)
    log_to_stderr(settings)
    require_certificate(settings.web)
    sys.setswitchinterval(SWITCH_SECONDS)
    parts = Parts(settings, "client")
    with parts.feed_counter:
        uvicorn.run(
            make_console(parts),
            host=settings.web.host,
            port=settings.web.port,
            log_level=settings.log_level.lower(),
            access_log=False,
            proxy_headers=False,  # nothing asks who a proxy says it is for, or by which scheme
            ssl_certfile=settings.web.certificate,
            ssl_keyfile=settings.web.key,
        )


def collect_from_the_fork_on() -> None:
    """Collect no garbage until the pool is forked, and then none of what was there before.

    What a start makes stays, so each look at it while it grows is time lost; and a collection
    writes into every object it looks at, which copies the page that the pool shares.
    """
    gc.disable()

    def forking(**_: object) -> None:
        gc.collect()
        gc.freeze()
        gc.enable()

    worker_before_create_process.connect(forking, weak=False)


def _share_with_pool() -> None:
    """Import before the fork what the pool will need; its processes share what nobody touches.

    A fit's libraries are none of it: they are large, and a worker that does not fit has no use
    for them.
    """
    import networkx  # noqa: F401, PLC0415

    all_detectors()


def _known(settings: Settings) -> Knowledge | None:
    """Read before the fork what stands: a large topology takes seconds that a page would wait for.

    What cannot be read is None: the first task that needs it says why.
    """
    try:
        return standing(settings)
    except AiopsError:
        return None


def _per_process(settings: Settings, role: Role, known: Knowledge | None) -> Callable[[], Parts]:
    """Return a giver of parts that builds them anew in every process of the pool."""

    @lru_cache(maxsize=1)
    def parts() -> Parts:
        return Parts(settings, role, known)

    worker_process_init.connect(lambda **_: parts.cache_clear(), weak=False)
    worker_process_shutdown.connect(lambda **_: parts().close(), weak=False)
    return parts
