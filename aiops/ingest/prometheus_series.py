"""Labels of a Prometheus series -> our series: whose it is, and what it speaks of. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from aiops.domain.errors import InputError
from aiops.domain.journeys import Kpi
from aiops.domain.labels import normalized
from aiops.domain.series import Series, SeriesKey
from aiops.ingest.declared_series import Declared, first_label
from aiops.ingest.prometheus_answer import Measured
from aiops.ports import Sample
from aiops.settings import MetricSourceSettings, PrometheusSettings, SignalSettings

_MOST_SEEN = 200_000


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

    source: MetricSourceSettings
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
        return None if key is None else self._declared.series(signal, key)

    @property
    def _declared(self) -> Declared:
        one = self.source
        return Declared(source=one.name, kpis=self.kpis, zone=one.zone, zones=one.zones)

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
        owner = signal.service or self._declared.kpi_service(signal)
        service = first_label(labels, names.service) or owner
        if service is None:
            return None
        return SeriesKey(
            service=service,
            metric=signal.name,
            env=first_label(labels, names.env) or self.default_env,
            region=first_label(labels, names.region),
            segment=first_label(labels, names.segment),
            labels=tuple(
                sorted((name, labels[name]) for name in signal.labels if labels.get(name))
            ),
        )

    def _ownerless(self, strays: Sequence[Measured]) -> str:
        names = self.source.labels.service
        how = f"add a column {names[0]}"
        if isinstance(self.source, PrometheusSettings):
            how = f"write `sum by ({names[0]}) (…)`"
        return (
            f"{len(strays)} series say nowhere whose they are, as {_shown(strays[0].labels)}; "
            f"expected one of the labels {', '.join(names)}: {how}, or "
            f"`service:` beside the query, or `sources.{self.source.name}.labels.service`"
        )


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
