"""What a recording holds once it was read."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from aiops.backtest import Replay
from aiops.domain.changes import Change
from aiops.domain.clues import NO_TELEMETRY, TelemetryBatch
from aiops.domain.environment import Knowledge
from aiops.domain.journeys import Kpi, Runbook
from aiops.domain.policies import Mode, Policies
from aiops.domain.symptoms import Origin
from aiops.domain.ticks import History, Shard
from aiops.recording.telemetry import of_environment
from aiops.settings import Settings
from topology.graph import ServiceGraph

_CHUNK_TICKS: Final = 720


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What called somebody to a recorded case.

    Args:
        service: whose metric alerted.
        metric: which one, empty where nobody says.
    """

    service: str
    metric: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What `case.json` says: when somebody noticed, how far ticks are apart, what was normal.

    Args:
        detected_at: aware UTC, None where nobody says.
        step_seconds: distance between two ticks, None: from the samples.
        baseline: the file with fault-free time, None where there is none.
        alert: what was alerting, None where nobody says.
    """

    detected_at: datetime | None = None
    step_seconds: int | None = None
    baseline: Path | None = None
    alert: Alert | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recorded:
    """What was recorded of one environment.

    Args:
        shard: its series.
        history: its ticks, in the shard's slots.
        baseline: fault-free ticks before them, in the same slots; None where there are none.
    """

    shard: Shard
    history: History
    baseline: History | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recording:
    """Signals of a stretch of time, with what was known of the system.

    Args:
        name: of its folder.
        environments: by name of the environment.
        changes: every recorded change, by start.
        telemetry: what its logs and traces come down to.
        graph: the topology; of the services with series only, where none was recorded.
        kpis: declared ones, and those the units tell of.
        settings: its `aiops.yaml`, or defaults.
        case: its `case.json`, or defaults.
        unnamed_env: the environment of rows that named none; it counts as one that pages.
        problems: what could not be used, one line each; the rest was.
        remarks: what is odd about its telemetry, one line each; it was used as it is.
    """

    name: str
    environments: tuple[Recorded, ...]
    changes: tuple[Change, ...]
    graph: ServiceGraph
    kpis: tuple[Kpi, ...]
    settings: Settings
    case: Case
    telemetry: TelemetryBatch = NO_TELEMETRY
    unnamed_env: str | None = None
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def replay(self, recorded: Recorded) -> Replay:
        """Return one environment as the backtest takes it."""
        env = recorded.shard.env
        return Replay(
            shard=recorded.shard,
            chunks=lambda: _chunks(recorded.history),
            changes=tuple(change for change in self.changes if change.env == env),
            baseline=recorded.baseline,
            telemetry=of_environment(self.telemetry, env),
        )

    def knowledge(self, runbooks: tuple[Runbook, ...] = ()) -> Knowledge:
        """Return what is known of the recorded system; it decides as if in the pager's path."""
        settings = self.settings
        return Knowledge(
            graph=self.graph,
            journeys=settings.journeys,
            kpis=self.kpis,
            teams=settings.teams,
            runbooks=runbooks,
            policies=_in_path(settings.policies, self.unnamed_env),
            currency=settings.currency,
            cohorts=settings.cohorts,
            trace_url=settings.trace_url,
            origin=Origin.REPLAY,
        )


def _in_path(policies: Policies, unnamed_env: str | None) -> Policies:
    unnamed = frozenset(() if unnamed_env is None else (unnamed_env,))
    paging = policies.paging
    return replace(
        policies,
        paging=replace(
            paging,
            mode=Mode.IN_PATH,
            paging_environments=paging.paging_environments | unnamed,
            known_environments=paging.known_environments | unnamed,
            page_sinks=paging.page_sinks or ("page",),
            ticket_sinks=paging.ticket_sinks or ("ticket",),
        ),
    )


def _chunks(history: History) -> Iterator[History]:
    for start in range(0, len(history.times), _CHUNK_TICKS):
        rows = slice(start, start + _CHUNK_TICKS)
        yield History(times=history.times[rows], values=history.values[rows])
