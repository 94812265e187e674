"""`aiops bench quiet`: weeks of a generated shop through the pipeline, judged by the truth."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from aiops import settings as configuration
from aiops.backtest import Replay, run
from aiops.demo.judge import judge
from aiops.demo.scenarios import Scenario, quiet_scenario
from aiops.domain.environment import Knowledge
from aiops.domain.symptoms import Origin
from aiops.domain.ticks import Shard
from workers import knowledge

ANSWER_DELAY_SECONDS = 2
"""How long after a tick a source is asked for it, by default (`sources.*.delay_seconds`)."""

Progress = Callable[[datetime], None]


def bench_quiet(seed: int, series: int, days: int, progress: Progress | None) -> dict[str, Any]:
    """Return the figures of one scenario.

    Args:
        seed: of the scenario.
        series: about how many series it has.
        days: live days; three weeks of history lie before them.
        progress: is told how far it is.
    """
    scenario = quiet_scenario(seed, series, days)
    result = run(_replay(scenario), known(scenario), progress=progress)
    verdict = judge(
        scenario.faults,
        result.incidents,
        quiet_from=scenario.quiet_from,
        quiet_until=scenario.quiet_until,
        answer=timedelta(seconds=ANSWER_DELAY_SECONDS),
    )
    return {
        "seed": seed,
        "series": len(scenario.series),
        "days": days,
        **asdict(verdict),
        "missed_kinds": sorted(
            fault.kind.value for fault in scenario.faults if fault.id in verdict.missed_faults
        ),
    }


def known(scenario: Scenario, declared: Mapping[str, Any] | None = None) -> Knowledge:
    """Return what the product knows of a scenario: read from its files, as a user's would be.

    Args:
        scenario: what is played.
        declared: its `aiops.yaml` as data; None for the shop's own.
    """
    with tempfile.TemporaryDirectory(prefix="aiops-bench-") as name:
        folder = Path(name)
        (folder / "topology.yaml").write_text(scenario.topology_yaml(), encoding="utf-8")
        config = {"mode": "in_path", **(declared or scenario.config()), "topology": "topology.yaml"}
        config.pop("signals", None)
        path = folder / "aiops.yaml"
        path.write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
        settings = configuration.load(path, {"AIOPS_DATA_DIR": name})
        return replace(knowledge.standing(settings), origin=Origin.REPLAY)


def _replay(scenario: Scenario) -> Replay:
    shard = Shard(
        id="bench.prod.0",
        env="prod",
        step_seconds=scenario.step_seconds,
        series=scenario.series,
    )
    return Replay(
        shard=shard,
        chunks=scenario.chunks,
        changes=scenario.changes,
        baseline=scenario.baseline(),
    )
