"""The demo's story: three weeks of ordinary business, then an hour in which two things go wrong."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

import numpy as np

from aiops.demo.blueprint import Blueprint
from aiops.demo.classic import classic_telling
from aiops.demo.exports import Export, exports
from aiops.demo.faults import Fault, Plan
from aiops.demo.gauges import SOURCE, build_gauges
from aiops.demo.simulation import Simulation
from aiops.demo.storefront import build_storefront
from aiops.demo.tellings import seeded_telling
from aiops.domain.changes import Change
from aiops.domain.series import Series
from aiops.domain.ticks import Floats, Times

HISTORY: Final = timedelta(days=21)
CALM: Final = timedelta(minutes=13)
"""How long the story goes on after its last fault."""

Labels = Mapping[str, str]
Matchers = Mapping[str, str] | Callable[[Labels], bool]


class Story:
    """The simulated shop with its three weeks of history and its bad hour.

    The same seed tells the same story in every process; any range may be asked, in any order.

    Args:
        seed: None for the story of the README; any other number varies names, times, culprit,
            region and kind of fault.

    Attributes:
        seed: as given.
        live_from: where history ends and live play begins, aware UTC.
        ends_at: when everything is over.
        expected: what a judge must find, in order.
        events: every change, in order of its start; some are harmless.
    """

    def __init__(self, seed: int | None = None) -> None:
        self.seed = seed
        front = build_storefront(seed)
        telling = classic_telling(front) if seed is None else seeded_telling(front, seed)
        self._shop: Blueprint = front.blueprint
        plans: Sequence[Plan] = telling.plans
        self.live_from: datetime = telling.live_from
        self.expected: tuple[Fault, ...] = tuple(plan.fault for plan in plans)
        over = max(fault.ended_at for fault in self.expected) + CALM + timedelta(seconds=59)
        self.ends_at: datetime = over.replace(second=0, microsecond=0)
        changes = [*telling.harmless, *(change for plan in plans for change in plan.changes)]
        self.events: tuple[Change, ...] = tuple(
            sorted(changes, key=lambda change: (change.started_at, change.id))
        )
        number = 2026 if seed is None else seed
        rng = np.random.Generator(np.random.PCG64(number))
        self._simulation = Simulation.build(
            build_gauges(self._shop, rng, tidy=True),
            self._shop.cohorts,
            number,
            [effect for plan in plans for effect in plan.effects],
        )

    @property
    def history_from(self) -> datetime:
        """Where the history begins; values before it exist too."""
        return self.live_from - HISTORY

    def exports(self) -> Iterator[Export]:
        """Yield the logs and traces the shop's services export, in order of time."""
        return exports(self.expected, self._shop.graph, self.live_from, self.ends_at)

    def topology_yaml(self) -> str:
        """Return the shop's topology file."""
        return self._shop.topology_yaml()

    def config(self) -> dict[str, Any]:
        """Return the shop's `aiops.yaml` as data, with one entry in `signals` per metric."""
        signals: dict[str, dict[str, Any]] = {}
        for series in self.series():
            entry = {
                "name": series.key.metric,
                "query": series.key.metric,
                "family": series.family.value,
                "unit": series.unit,
                "title": series.title,
                "bad_direction": series.bad_direction.value,
            }
            if series.kpi:
                entry["kpi"] = series.kpi
            signals.setdefault(series.key.metric, entry)
        return {**self._shop.config(), "signals": list(signals.values())}

    def series(self) -> tuple[Series, ...]:
        """Return every series, in the order of the columns of `values`."""
        return self._simulation.series

    def values(self, start: float, end: float, step: float) -> Floats:
        """Return the value of every series at start, start + step … end (inclusive).

        Args:
            start: epoch seconds.
            end: epoch seconds, the last moment that may be included.
            step: seconds, whole and positive.

        Returns:
            float64, shape (ticks, series).
        """
        return self._simulation.values(_times(start, end, step)).astype(np.float64)

    def select(
        self, metric: str, matchers: Matchers, start: float, end: float, step: float
    ) -> tuple[tuple[dict[str, str], Floats], ...]:
        """Return the series of one metric that fit, with their values: what a Prometheus would.

        Args:
            metric: its name.
            matchers: label values that must be equal, or a test of all labels.
            start: epoch seconds.
            end: epoch seconds, inclusive.
            step: seconds.

        Returns:
            Labels (without the name) and float64 values of each fitting series.
        """
        found = [
            (column, labels)
            for column, labels in self._labels.get(metric, ())
            if _fits(labels, matchers)
        ]
        if not found:
            return ()
        columns = [column for column, _ in found]
        values = self._simulation.values(_times(start, end, step), columns).astype(np.float64)
        return tuple((dict(labels), values[:, place]) for place, (_, labels) in enumerate(found))

    @cached_property
    def _labels(self) -> dict[str, list[tuple[int, dict[str, str]]]]:
        found: dict[str, list[tuple[int, dict[str, str]]]] = {}
        for column, series in enumerate(self.series()):
            found.setdefault(series.key.metric, []).append((column, series_labels(series)))
        return found


def series_labels(series: Series) -> dict[str, str]:
    """Return the labels under which a Prometheus would show a series, without its name."""
    key = series.key
    labels = {"service": key.service, "env": key.env, "job": SOURCE, **dict(key.labels)}
    labels |= {"region": key.region or "", "segment": key.segment or ""}
    return {name: value for name, value in sorted(labels.items()) if value}


def _fits(labels: Labels, matchers: Matchers) -> bool:
    if callable(matchers):
        return matchers(labels)
    return all(labels.get(name, "") == value for name, value in matchers.items())


def _times(start: float, end: float, step: float) -> Times:
    first, stride = round(start), max(1, round(step))
    return np.arange(first, int(np.floor(end)) + 1, stride, dtype=np.int64)
