"""What the settings declare of a metric -> the series that carries it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from aiops.domain.families import classify, title_of, unit_of
from aiops.domain.journeys import Kpi
from aiops.domain.series import Direction, Family, Series, SeriesKey
from aiops.settings import DeclaredSettings

_BAD = MappingProxyType(
    {
        Family.ERRORS: Direction.UP,
        Family.LATENCY: Direction.UP,
        Family.SATURATION: Direction.UP,
        Family.AVAILABILITY: Direction.DOWN,
        Family.KPI: Direction.DOWN,
    }
)
"""Which way is bad where a family is declared that the name does not speak of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What holds for every series of a source.

    Args:
        source: its name.
        kpis: the declared KPIs.
        zone: whose clock people live by.
        zones: the same by region, where regions differ.
    """

    source: str
    kpis: tuple[Kpi, ...]
    zone: str
    zones: Mapping[str, str]

    def series(self, signal: DeclaredSettings, key: SeriesKey, sent_unit: str = "") -> Series:
        """Return the series of a signal.

        Args:
            signal: as declared.
            key: whose it is.
            sent_unit: what its sender says; the declared one and the KPI's count before it.
        """
        kpi = self._kpi(signal, key.service)
        declared = signal.unit if signal.unit is not None else kpi.unit if kpi else sent_unit
        unit = unit_of(signal.name, declared)
        family, bad_direction = classify(signal.name, unit)
        if signal.family is not None and signal.family is not family:
            family, bad_direction = signal.family, _BAD.get(signal.family, Direction.BOTH)
        if kpi is not None:
            family, bad_direction = signal.family or Family.KPI, kpi.bad_direction
        return Series(
            key=key,
            family=family,
            bad_direction=signal.bad_direction or bad_direction,
            unit=unit,
            title=signal.title or title_of(signal.name, family),
            kpi=kpi.name if kpi else None,
            source=self.source,
            zone=self.zones.get(key.region or "", self.zone),
        )

    def kpi_service(self, signal: DeclaredSettings) -> str | None:
        """Return the one service whose KPI a signal carries; None of none or several."""
        services = {
            kpi.service
            for kpi in self.kpis
            if (kpi.name == signal.kpi if signal.kpi else kpi.metric == signal.name)
        }
        return services.pop() if len(services) == 1 else None

    def _kpi(self, signal: DeclaredSettings, service: str) -> Kpi | None:
        """Return the KPI a series carries: the one the signal names, else by metric and service."""
        for kpi in self.kpis:
            if signal.kpi is not None:
                fits = kpi.name == signal.kpi
            else:
                fits = kpi.metric == signal.name and kpi.service in (None, service)
            if fits:
                return kpi
        return None


def first_label(labels: Mapping[str, str], names: Sequence[str]) -> str | None:
    """Return the value of the first of some labels that is there, None where none is."""
    return next((labels[name] for name in names if labels.get(name)), None)
