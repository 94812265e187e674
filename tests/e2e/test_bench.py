"""`aiops bench detect` measures the real processes and says all it promises."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("demo")]

POSITIVE = (
    "kernel_points_per_second",
    "catch_up_points_per_second",
    "live_points_per_second",
    "cpu_share",
    "rss_bytes",
    "state_bytes_per_series",
    "profile_bytes_per_series",
    "written_bytes_per_day",
    "fit_series_per_second_per_core",
)


def measured(*words: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "workers", "bench", "detect", "--json", *words],
        env={"PATH": os.environ["PATH"], "AIOPS_DATABASE_URL": "sqlite:////never/used.db"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def test_every_figure_is_there_and_plausible() -> None:
    figures = measured("--series", "200", "--ticks", "3")
    assert figures["series"] == 200
    assert all(figures[name] > 0 for name in POSITIVE), figures
    for name in ("tick_seconds", "tick_seconds_during_fit"):
        assert 0 < figures[name]["p50"] <= figures[name]["p99"]
    assert figures["cpu_share"] < 1
    assert 0 <= figures["idle_cpu_share"] < 1
    assert figures["profile_bytes_per_series"] <= 6000
    assert 100_000_000 < figures["rss_bytes"] < 4_000_000_000
