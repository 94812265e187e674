"""`aiops bench detect`: what detection costs on this machine, through the real processes.

Celery workers, the embedded Redis and both databases are those of `aiops up`, in a directory of
their own; the benchmark itself stands where polling stands (`workers.bench.feed`).
"""

import os
import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from aiops.domain.time import utc
from workers.bench.feed import STEP, Feed, wait_until
from workers.bench.installation import make_installation, quantiles
from workers.bench.usage import require_linux, usage_of, watched_memory
from workers.local import Stack, running
from workers.wiring import Parts

END = int(datetime.fromisoformat("2026-01-19T10:00:00+00:00").timestamp())
"""Where the history ends and ticks begin: a Monday morning."""

CATCH_UP_TICKS = 120
KERNEL_TICKS = 60
FAULTY_SHARE = 1 / 2000
IDLE_SECONDS = 5.0
CALM_SHARE = 0.05
DAY_TICKS = 86_400 // STEP

Say = Callable[[str], None]


def bench_detect(series: int, ticks: int, say: Say) -> dict[str, Any]:
    """Return the figures of this machine.

    Args:
        series: how many, all of a one-minute step.
        ticks: live ticks, one after the other without waiting.
        say: is told how far it is.
    """
    require_linux()
    with tempfile.TemporaryDirectory(prefix="aiops-bench-") as name:
        now = utc(END + (1 + CATCH_UP_TICKS) * STEP)
        environ, settings = make_installation(Path(name), now, STEP)
        # `running` first: what this process has then is what `aiops up` has, and counts.
        with running(settings, environ, say) as stack, watched_memory() as memory:
            parts = Parts(replace(settings, redis_url=stack.redis_url), "client")
            feed = Feed(parts, series, END)
            figures = {
                "series": series,
                **_fit(feed, stack, series, say),
                **_catch_up(feed, series, say),
                **_live(feed, stack, series, ticks, say),
                **_live_during_fit(feed, say),
            }
        state, profile = feed.bytes_per_series()
        return {
            **figures,
            "rss_bytes": memory.peak_bytes,
            "state_bytes_per_series": round(state),
            "profile_bytes_per_series": round(profile),
            "kernel_points_per_second": round(1 / feed.kernel_seconds_per_point(KERNEL_TICKS)),
        }


def _fit(feed: Feed, stack: Stack, series: int, say: Say) -> dict[str, float]:
    """Fit one shard on two weeks, and give its profile to all."""
    say("two weeks of history …")
    shard = feed.add_fit_shard(0)
    _wait_until_calm()
    say(f"fitting {len(shard.series)} series …")
    slow = stack.pids()["slow"]
    before = usage_of(slow)
    feed.ask_for_fit(shard)
    wait_until(lambda: feed.is_fitted(shard), "the fit was not done")
    used = usage_of(slow).since(before)
    say(f"setting {series} series up …")
    feed.set_up(shard)
    return {"fit_series_per_second_per_core": round(len(shard.series) / used.cpu_seconds, 1)}


def _catch_up(feed: Feed, series: int, say: Say) -> dict[str, float]:
    """Score what lay unscored; the workers have read profiles and states before."""
    feed.close_tick()
    say(f"catching {CATCH_UP_TICKS} ticks up …")
    seconds = feed.catch_up(CATCH_UP_TICKS)
    return {"catch_up_points_per_second": round(series * CATCH_UP_TICKS / seconds)}


def _live(feed: Feed, stack: Stack, series: int, ticks: int, say: Say) -> dict[str, Any]:
    """Score live ticks; in the second quarter of them a few series are in trouble."""
    stack.start_beat()
    feed.close_tick()
    _wait_until_calm()
    say(f"{ticks} live ticks …")
    some = max(1, round(series * FAULTY_SHARE))
    before, own = usage_of(os.getpid(), itself=False), feed.cpu_seconds
    seconds = [
        feed.close_tick(faulty=some if ticks // 4 <= number < ticks // 2 else 0)
        for number in range(ticks)
    ]
    feed.wait_until_correlated()
    used = usage_of(os.getpid(), itself=False).since(before)
    cpu = (used.cpu_seconds + feed.cpu_seconds - own) / ticks
    return {
        "tick_seconds": quantiles(seconds),
        "live_points_per_second": round(series * ticks / sum(seconds)),
        "cpu_share": round(cpu / (STEP * (os.cpu_count() or 1)), 5),
        "idle_cpu_share": round(_idle_share(), 5),
        "written_bytes_per_day": round(used.written_bytes / ticks * DAY_TICKS),
    }


def _idle_share() -> float:
    """Return what share of the machine the processes take while nothing is to be scored."""
    return _share_of(IDLE_SECONDS)


def _wait_until_calm() -> None:
    """Wait until every process has started."""
    wait_until(lambda: _share_of(1.0) < CALM_SHARE, "the processes did not come to rest")


def _share_of(seconds: float) -> float:
    before = usage_of(os.getpid(), itself=False)
    threading.Event().wait(seconds)
    used = usage_of(os.getpid(), itself=False).since(before)
    return used.cpu_seconds / (seconds * (os.cpu_count() or 1))


def _live_during_fit(feed: Feed, say: Say) -> dict[str, Any]:
    """Score live ticks for as long as the slow worker fits."""
    shard = feed.add_fit_shard(1)
    say("live ticks during a fit …")
    feed.ask_for_fit(shard)
    seconds = [feed.close_tick()]
    while not feed.is_fitted(shard):
        seconds.append(feed.close_tick())
    return {"tick_seconds_during_fit": quantiles(seconds)}
