"""Labels of a Prometheus series -> our series: whose it is, and what it speaks of. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from aiops.domain.errors import InputError
from aiops.domain.families import classify, title_of, unit_of
from aiops.domain.journeys import Kpi
from aiops.domain.labels import normalized
from aiops.domain.series import Direction, Family, Series, SeriesKey
from aiops.ingest.prometheus_answer import Measured
from aiops.ports import Sample
from aiops.settings import PrometheusSettings, SignalSettings

_MOST_SEEN = 200_000

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


_Found = tuple[str, Series | None]
"""A fingerprint and its series."""

_IGNORED: Final[_Found] = ("", None)
"""What labels become of which `normalize` says that they are no signal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A signal's answer in our terms.

    Args:
        samples: sorted by the series' fingerprints.
        left_out: why some series or values of the answer are not among them; empty where all are.
    """

    samples: tuple[Sample, ...]
    left_out: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """How the series of one source are named.

    Args:
        source: its settings.
        kpis: the declared KPIs.
        default_env: the environment of series that name none.
    """

    source: PrometheusSettings
    kpis: tuple[Kpi, ...]
    default_env: str
    _seen: dict[tuple[object, ...], _Found | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """What labels became before: every tick brings the same ones, and naming costs 15 µs."""

    def name(self, signal: SignalSettings, answer: Sequence[Measured]) -> Named:
        """Return what a signal's answer says.

        A series that does not say whose it is, is left out: `sum by (service)` gives one wherever
        something has no such label.

        Raises:
            InputError: no series says whose it is, or two cannot be told apart.
        """
        named: dict[str, tuple[Sample, Measured]] = {}
        strays: list[Measured] = []
        for measured in answer:
            found = self._found(signal, measured.labels)
            if found is _IGNORED:
                continue
            if found is None:
                strays.append(measured)
                continue
            name, series = found
            if name in named:
                raise InputError(_ambiguous(name, named[name][1].labels, measured.labels))
            assert series is not None  # noqa: S101  # only what is ignored has none
            named[name] = Sample(series=series, values=measured.values), measured
        left_out = self._ownerless(strays) if strays else ""
        if strays and not named:
            raise InputError(left_out)
        infinite = [name for name, (_, measured) in sorted(named.items()) if measured.infinite]
        reasons = [reason for reason in (left_out, _infinite(infinite)) if reason]
        return Named(
            samples=tuple(named[name][0] for name in sorted(named)), left_out="; ".join(reasons)
        )

    def series(self, signal: SignalSettings, labels: Mapping[str, str]) -> Series | None:
        """Return the series that a signal's labels name; None where nothing says whose it is."""
        key = self._key(signal, labels)
        if key is None:
            return None
        kpi = self._kpi(signal, key.service)
        declared = signal.unit if signal.unit is not None else kpi.unit if kpi else ""
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
            source=self.source.name,
            zone=self.source.zones.get(key.region or "", self.source.zone),
        )

    def _found(self, signal: SignalSettings, labels: Mapping[str, str]) -> _Found | None:
        """Return the fingerprint and the series that labels name."""
        identity = (signal.name, signal.query, *labels.items())
        if identity not in self._seen:
            if len(self._seen) >= _MOST_SEEN:
                self._seen.clear()
            self._seen[identity] = self._read(signal, labels)
        return self._seen[identity]

    def _read(self, signal: SignalSettings, labels: Mapping[str, str]) -> _Found | None:
        brought = normalized(labels, self.source.normalize)
        if brought.is_ignored:
            return _IGNORED
        series = self.series(signal, brought.labels)
        return None if series is None else (series.key.fingerprint, series)

    def _key(self, signal: SignalSettings, labels: Mapping[str, str]) -> SeriesKey | None:
        names = self.source.labels
        service = _first(labels, names.service) or signal.service or self._kpi_service(signal)
        if service is None:
            return None
        return SeriesKey(
            service=service,
            metric=signal.name,
            env=_first(labels, names.env) or self.default_env,
            region=_first(labels, names.region),
            segment=_first(labels, names.segment),
            labels=tuple(
                sorted((name, labels[name]) for name in signal.labels if labels.get(name))
            ),
        )

    def _ownerless(self, strays: Sequence[Measured]) -> str:
        names = self.source.labels.service
        return (
            f"{len(strays)} series say nowhere whose they are, as {_shown(strays[0].labels)}; "
            f"expected one of the labels {', '.join(names)}: write `sum by ({names[0]}) (…)`, or "
            f"`service:` beside the query, or `sources.{self.source.name}.labels.service`"
        )

    def _kpi(self, signal: SignalSettings, service: str) -> Kpi | None:
        """Return the KPI a series carries: the one the signal names, else by metric and service."""
        for kpi in self.kpis:
            if signal.kpi is not None:
                fits = kpi.name == signal.kpi
            else:
                fits = kpi.metric == signal.name and kpi.service in (None, service)
            if fits:
                return kpi
        return None

    def _kpi_service(self, signal: SignalSettings) -> str | None:
        services = {
            kpi.service
            for kpi in self.kpis
            if (kpi.name == signal.kpi if signal.kpi else kpi.metric == signal.name)
        }
        return services.pop() if len(services) == 1 else None


def _first(labels: Mapping[str, str], names: Sequence[str]) -> str | None:
    return next((labels[name] for name in names if labels.get(name)), None)


def _infinite(names: Sequence[str]) -> str:
    """Return what to do about series with infinite values, empty where there are none."""
    if not names:
        return ""
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return (
        f"infinite values of {names[0]}{more} count as missing; expected numbers: "
        "a division by 0 is left out with `… / (divisor > 0)`"
    )


def _ambiguous(name: str, first: Mapping[str, str], second: Mapping[str, str]) -> str:
    differing = sorted(
        label for label in {*first, *second} if first.get(label) != second.get(label)
    )
    told = f"differ in {', '.join(differing)}" if differing else "have the same labels"
    return (
        f"two series become {name}; they {told}: aggregate the difference away with `sum by (…)`, "
        "or keep it with `labels: [...]` beside the query"
    )


def _shown(labels: Mapping[str, str]) -> str:
    pairs = [f"{name}={value!r}" for name, value in sorted(labels.items())]
    return "{" + ", ".join(pairs[:8]) + (", …" if len(pairs) > 8 else "") + "}"
