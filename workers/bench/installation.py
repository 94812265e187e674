"""An installation of its own for a benchmark: settings, a clock that stands, nothing of ours."""

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from aiops import settings as configuration
from aiops.settings import Settings
from workers.clock import FastClock, write_clock

SOURCE = "bench"


def make_installation(
    folder: Path, now: datetime, step_seconds: int, **config: Any
) -> tuple[Mapping[str, str], Settings]:
    """Write `aiops.yaml` and a standing clock; return the environment and the settings.

    Args:
        folder: where everything goes.
        now: where the clock stands, aware UTC.
        step_seconds: distance of two ticks of the one source, which nobody asks.
        config: further keys of `aiops.yaml`.
    """
    source = {
        "kind": "prometheus",
        "url": "http://127.0.0.1:9",
        "back_fill_days": 0,
        "step_seconds": step_seconds,
    }
    document = {"sources": {SOURCE: source}, "web": {"port": 0}, **config}
    path = folder / "aiops.yaml"
    path.write_text(yaml.safe_dump(document), "utf-8")
    write_clock(folder / "clock", FastClock.standing(now))
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AIOPS_", "OTEL_", "REDIS_URL"))
    }
    environ = kept | {
        "AIOPS_CONFIG": str(path),
        "AIOPS_DATA_DIR": str(folder / "state"),
        "AIOPS_ORIGIN": "drill",
        "AIOPS_CLOCK": str(folder / "clock"),
    }
    return environ, configuration.load(path, environ)


def quantiles(seconds: Sequence[float]) -> dict[str, float]:
    """Return the median and the 99th percentile, each one of the values."""
    p50, p99 = np.quantile(seconds, (0.5, 0.99), method="higher")
    return {"p50": round(float(p50), 4), "p99": round(float(p99), 4)}
