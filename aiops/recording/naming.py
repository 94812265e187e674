"""Columns of a metrics file -> series: what each speaks of, and which KPI it carries. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aiops.domain.families import classify, is_currency, title_of, unit_of
from aiops.domain.journeys import Kpi
from aiops.domain.series import Direction, Family, Series
from aiops.recording.rows import Column
from aiops.settings import Settings, SignalSettings

_PER: Final = {"s": "second", "h": "hour", "d": "day"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """How the series of a recording are named.

    Args:
        kpis: declared ones, and those the units tell of.
        signals: what `aiops.yaml` declares of metrics, by source and name.
    """

    kpis: tuple[Kpi, ...]
    signals: dict[tuple[str, str], SignalSettings]

    @classmethod
    def of(cls, settings: Settings, columns: Sequence[Column]) -> "Naming":
        """Return the naming of a recording with these columns."""
        signals = {
            key: signal
            for source in settings.sources
            for signal in source.signals
            for key in ((source.name, signal.name), ("", signal.name))
        }
        money = money_kpis(columns, settings.kpis)
        return cls(kpis=(*settings.kpis, *money), signals=signals)

    def series(self, column: Column) -> Series:
        """Return the series of a column; what is declared counts more than what its name says."""
        metric = column.key.metric
        signal = self.signals.get((column.source, metric)) or self.signals.get(("", metric))
        kpi = self._kpi(column, signal)
        declared = column.unit or (signal and signal.unit) or (kpi.unit if kpi else "")
        unit = unit_of(metric, declared)
        family, bad_direction = classify(metric, unit)
        if kpi is not None:
            family, bad_direction = Family.KPI, kpi.bad_direction
        elif signal is not None and signal.family is not None:
            family, bad_direction = signal.family, _usual(signal.family)
        if signal is not None:
            bad_direction = signal.bad_direction or bad_direction
        return Series(
            key=column.key,
            family=family,
            bad_direction=bad_direction,
            unit=unit,
            title=(signal and signal.title) or title_of(metric, family),
            kpi=kpi.name if kpi else None,
            source=column.source,
        )

    def _kpi(self, column: Column, signal: SignalSettings | None) -> Kpi | None:
        if signal is not None and signal.kpi is not None:
            return next((kpi for kpi in self.kpis if kpi.name == signal.kpi), None)
        return next((kpi for kpi in self.kpis if _carries(column, kpi)), None)


def money_kpis(columns: Sequence[Column], declared: Sequence[Kpi]) -> tuple[Kpi, ...]:
    """Return a KPI for every metric in a currency that none is declared for, per minute.

    Its unit may say another interval, as in `EUR/s`.
    """
    told = [
        column
        for column in columns
        if is_currency(column.unit) and not any(_carries(column, kpi) for kpi in declared)
    ]
    services: dict[str, set[str]] = {}
    for column in told:
        services.setdefault(column.key.metric, set()).add(column.key.service)
    found: dict[tuple[str, str], Kpi] = {}
    for column in told:
        metric, service = column.key.metric, column.key.service
        name = _said(metric, column.unit)
        if len(services[metric]) > 1:
            name = f"{name} ({service})"
        kpi = Kpi(name=name, metric=metric, service=service, unit=column.unit)
        found.setdefault((metric, service), kpi)
    return tuple(found[place] for place in sorted(found))


def _said(metric: str, unit: str) -> str:
    """Return how people say a metric in money.

    Examples:
        >>> _said("revenue", "EUR"), _said("gmv_per_minute", "USD/min"), _said("sales", "EUR/h")
        ('revenue per minute', 'GMV per minute', 'sales per hour')
    """
    title = title_of(metric, Family.KPI)
    if " per " in f" {title} ":
        return title
    return f"{title} per {_PER.get(unit.partition('/')[2], 'minute')}"


def _carries(column: Column, kpi: Kpi) -> bool:
    return column.key.metric == kpi.metric and kpi.service in (None, column.key.service)


def _usual(family: Family) -> Direction:
    """Return which way is bad for a family: its name says it as any metric's name does."""
    return Direction.DOWN if family is Family.KPI else classify(family.value)[1]
