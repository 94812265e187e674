"""`aiops bench incidents`: situations that mislead, through the pipeline, judged by the truth."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any

from aiops.backtest import Replay, run
from aiops.demo.cases import Case, build_case
from aiops.demo.score import Score, figures, score
from aiops.demo.staging import CaseKind
from aiops.domain.ticks import Shard
from aiops.incident.export import export_all
from workers.bench.quiet import known

Progress = Callable[[Score], None]


def bench_incidents(
    seeds: Iterable[int], kinds: Sequence[CaseKind], progress: Progress
) -> dict[str, Any]:
    """Return the figures of every kind and of all together, and each case's own score.

    Args:
        seeds: of the cases; each kind is played once per seed.
        kinds: what is played.
        progress: is told each score.
    """
    scores: list[Score] = []
    for seed in seeds:
        for kind in kinds:
            scores.append(play(build_case(kind, seed)))
            progress(scores[-1])
    return {
        "overall": asdict(figures(scores)),
        "kinds": {
            kind.value: asdict(figures([one for one in scores if one.kind is kind]))
            for kind in kinds
        },
        "cases": [asdict(one) for one in scores],
    }


def play(case: Case) -> Score:
    """Return what the pipeline makes of a case."""
    scenario = case.scenario
    shard = Shard(
        id="bench.prod.0", env="prod", step_seconds=scenario.step_seconds, series=scenario.series
    )
    replay = Replay(
        shard=shard,
        chunks=scenario.chunks,
        changes=scenario.changes,
        baseline=scenario.baseline(),
    )
    return score(case, export_all(run(replay, known(scenario, case.config())).incidents))
