"""Labels of a Prometheus series -> our series: whose it is, and what it speaks of. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from aiops.domain.errors import InputError
from aiops.domain.journeys import Kpi
from aiops.domain.labels import normalized
from aiops.domain.pulled import Sample, SampleTable
from aiops.domain.series import Series, SeriesKey
from aiops.ingest.declared_series import Declared, first_label
from aiops.ingest.prometheus_answer import Measured, Vector
from aiops.settings import MetricSourceSettings, PrometheusSettings, SignalSettings

_MOST_SEEN = 200_000


_Asked = tuple[str, str]
"""The name and the query of a signal."""

_Found = tuple[str, Series | None]
"""A fingerprint and its series."""

_IGNORED: Final[_Found] = ("", None)
"""What labels become of which `normalize` says that they are no signal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A signal's answer in our terms.

    Args:
        samples: sorted by the series' fingerprints.
        names: those fingerprints.
        left_out: why some series or values of the answer are not among them; empty where all are.
    """

    samples: Sequence[Sample]
    names: tuple[str, ...]
    left_out: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """Which of an answer's series are ours, sorted by fingerprint.

    Args:
        found: what the labels of each series of the answer became.
        rows: the places of ours in the answer.
        names: their fingerprints.
        series: themselves.
        strays: the places of those that do not say whose they are.
    """

    found: Sequence[_Found | None]
    rows: tuple[int, ...]
    names: tuple[str, ...]
    series: tuple[Series, ...]
    strays: tuple[int, ...]


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
    _seen: dict[tuple[str, ...], _Found | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """What labels became before: every tick brings the same ones, and naming costs 15 µs."""
    _last: dict[_Asked, _Order] = field(default_factory=dict, init=False, repr=False, compare=False)

    def name(self, signal: SignalSettings, answer: Sequence[Measured]) -> Named:
        """Return what a signal's answer says.

        A series that does not say whose it is, is left out: `sum by (service)` gives one wherever
        something has no such label.

        Raises:
            InputError: no series says whose it is, or two cannot be told apart.
        """
        labels = [one.labels for one in answer]
        order = self._order(signal, labels)
        samples = [
            Sample(series=series, values=answer[row].values)
            for row, series in zip(order.rows, order.series, strict=True)
        ]
        infinite = [row for row, one in enumerate(answer) if one.infinite]
        return self._named(order, samples, labels, infinite)

    def name_all(self, signal: SignalSettings, answer: Vector) -> Named:
        """Return what a signal's answer about one instant says, as `name` does."""
        order = self._order(signal, answer.labels)
        values = answer.values[list(order.rows), None]
        samples = SampleTable(series=order.series, values=values)
        return self._named(order, samples, answer.labels, answer.infinite)

    def series(self, signal: SignalSettings, labels: Mapping[str, str]) -> Series | None:
        """Return the series that a signal's labels name; None where nothing says whose it is."""
        key = self._key(signal, labels)
        return None if key is None else self._declared.series(signal, key)

    @property
    def _declared(self) -> Declared:
        one = self.source
        return Declared(source=one.name, kpis=self.kpis, zone=one.zone, zones=one.zones)

    def _order(self, signal: SignalSettings, answer: Sequence[Mapping[str, str]]) -> _Order:
        """Return where the series of an answer belong: mostly where they did the last time."""
        asked, seen = (signal.name, signal.query), self._seen
        found = [
            seen[known]
            if (known := (*asked, *labels, *labels.values())) in seen
            else self._learn(signal, labels, known)
            for labels in answer
        ]
        last = self._last.get(asked)
        if last is None or last.found != found:
            last = self._last[asked] = _sorted(found, answer)
        return last

    def _learn(
        self, signal: SignalSettings, labels: Mapping[str, str], known: tuple[str, ...]
    ) -> _Found | None:
        """Return what labels become that were not seen before."""
        if len(self._seen) >= _MOST_SEEN:
            self._seen.clear()
        self._seen[known] = found = self._read(signal, labels)
        return found

    def _named(
        self,
        order: _Order,
        samples: Sequence[Sample],
        labels: Sequence[Mapping[str, str]],
        infinite: Collection[int],
    ) -> Named:
        """Return samples in an order, with what is wrong in the answer they are of."""
        reasons = [self._ownerless([labels[row] for row in order.strays])] if order.strays else []
        if reasons and not samples:
            raise InputError(*reasons)
        if infinite:
            without = {*infinite}
            rows = zip(order.names, order.rows, strict=True)
            reasons += filter(None, [_infinite([name for name, row in rows if row in without])])
        return Named(samples=samples, names=order.names, left_out="; ".join(reasons))

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

    def _ownerless(self, strays: Sequence[Mapping[str, str]]) -> str:
        names = self.source.labels.service
        how = f"add a column {names[0]}"
        if isinstance(self.source, PrometheusSettings):
            how = f"write `sum by ({names[0]}) (…)`"
        return (
            f"{len(strays)} series say nowhere whose they are, as {_shown(strays[0])}; "
            f"expected one of the labels {', '.join(names)}: {how}, or "
            f"`service:` beside the query, or `sources.{self.source.name}.labels.service`"
        )


def _sorted(found: Sequence[_Found | None], answer: Sequence[Mapping[str, str]]) -> _Order:
    """Return the order of an answer by what the labels in it became.

    Raises:
        InputError: two series cannot be told apart.
    """
    ours: dict[str, tuple[int, Series]] = {}
    strays = []
    for row, one in enumerate(found):
        if one is None:
            strays.append(row)
            continue
        name, series = one
        if series is None:
            continue
        if name in ours:
            raise InputError(_ambiguous(name, answer[ours[name][0]], answer[row]))
        ours[name] = row, series
    names = tuple(sorted(ours))
    return _Order(
        found=found,
        rows=tuple(ours[name][0] for name in names),
        names=names,
        series=tuple(ours[name][1] for name in names),
        strays=tuple(strays),
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
