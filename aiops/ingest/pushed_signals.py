"""What the signals of a source that pushes ask for: derivations, and which series they need. Pure.

A histogram of OTLP is kept as Prometheus keeps one; its count bears the metric's own name.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from aiops.derive.lanes import label_of
from aiops.domain.derivations import Derivation, Selection
from aiops.domain.journeys import Kpi
from aiops.domain.labels import normalized
from aiops.domain.pushed import RawSeries
from aiops.domain.series import Series, SeriesKey
from aiops.ingest.declared_series import Declared, first_label
from aiops.settings import PushedSignalSettings, PushedSourceSettings, Reading, Selected

_BUCKET, _SUM, _COUNT = "_bucket", "_sum", "_count"
_KEPT: Final = ("region", "segment")
_ANNOTATION: Final = re.compile(r"\{[^}]*\}")

Patterns = tuple[tuple[str, re.Pattern[str]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """The signals of one source.

    Args:
        source: its settings.
        kpis: the declared KPIs.
        default_env: the environment of series that name none.
        declared_envs: the environments of `aiops.yaml`: one that is spelled out is known by them.
    """

    source: PushedSourceSettings
    kpis: tuple[Kpi, ...] = ()
    default_env: str = "prod"
    declared_envs: Collection[str] = ()
    _wanted: dict[str, list[Patterns]] = field(
        default_factory=lambda: defaultdict(list), init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        for one in self.derivations():
            for selection in (one.of, one.per):
                if selection is not None:
                    where = tuple((label, re.compile(text)) for label, text in selection.where)
                    self._wanted[selection.metric].append(where)

    def derivations(self) -> tuple[Derivation, ...]:
        """Return what is to be derived, a signal each."""
        return tuple(self._derivation(one) for one in self.source.signals)

    def key(self, metric: str, labels: Mapping[str, str]) -> SeriesKey:
        """Return the identity of a raw series; its service is empty where no label says it.

        One that the rules of `normalize` ignore has no metric: no signal asks for it.
        """
        names, brought = self.source.labels, normalized(labels, self.source.normalize)
        labels = brought.labels
        return SeriesKey(
            service=first_label(labels, names.service) or "",
            metric="" if brought.is_ignored else metric,
            env=first_label(labels, names.env) or self.default_env,
            region=first_label(labels, names.region),
            segment=first_label(labels, names.segment),
            labels=tuple(sorted(labels.items())),
        )

    def wants(self, one: RawSeries) -> bool:
        """Return whether a signal is made of a raw series, or of a part of it."""
        metric = one.key.metric
        named = [metric] if one.bounds is None else [metric, metric + _BUCKET, metric + _SUM]
        return any(
            all(pattern.fullmatch(label_of(one.key, label)) for label, pattern in where)
            for name in named
            for where in self._wanted.get(name, ())
        )

    def named(self, derived: Series) -> Series | None:
        """Return a derived series as the settings describe it; None where nobody says whose it is.

        Args:
            derived: from the plan, in the unit of the raw series it is made of.
        """
        signal = self._signal_of(derived.key.metric)
        declared = self._declared
        key = derived.key
        service = key.service or signal.service or declared.kpi_service(signal)
        if not service:
            return None
        owned = SeriesKey(
            service=service,
            metric=key.metric,
            env=key.env,
            region=key.region,
            segment=key.segment,
            labels=key.labels,
        )
        made = declared.series(signal, owned, _unit_of(signal.reading, derived.unit))
        if key.metric == signal.name:
            return made
        return replace(made, title=f"{made.title} of the worst {signal.worst_of}", kpi=None)

    def _signal_of(self, metric: str) -> PushedSignalSettings:
        return next(
            one
            for one in self.source.signals
            if metric in (one.name, f"{one.name}_worst_{one.worst_of}")
        )

    @property
    def _declared(self) -> Declared:
        one = self.source
        return Declared(source=one.name, kpis=self.kpis, zone=one.zone, zones=one.zones)

    def _derivation(self, one: PushedSignalSettings) -> Derivation:
        own = () if one.service else ("service",)
        of, per = self._operands(one)
        return Derivation(
            name=one.name,
            of=of,
            per=per,
            quantile=one.quantile if one.reading is Reading.QUANTILE else None,
            by=(*own, *_KEPT, *one.labels),
            worst_of=one.worst_of,
            across=one.across,
            window_seconds=one.window_seconds,
            absent_is_zero=one.reading is Reading.RATIO,
            service=one.service or "",
            unit=one.unit or "",
        )

    def _operands(self, one: PushedSignalSettings) -> tuple[Selection, Selection | None]:
        if one.reading is Reading.QUANTILE:
            return _selection(one.of, _BUCKET), None
        if one.reading is Reading.MEAN:
            count = _COUNT if self.source.kind == "remote_write" else ""
            return _selection(one.of, _SUM), _selection(one.of, count)
        if one.reading is Reading.RATIO and one.per is not None:
            return _selection(one.of), _selection(one.per)
        return _selection(one.of, gauge=one.reading is Reading.VALUE), None


def unit_of_ucum(unit: str) -> str:
    """Return a unit of OpenTelemetry as we write it: what is only counted has none.

    Examples:
        >>> [unit_of_ucum(one) for one in ("ms", "{request}", "1", "By/s")]
        ['ms', '', '1', 'By/s']
    """
    return _ANNOTATION.sub("", unit[:32]).strip().removesuffix("/")


def _unit_of(reading: Reading, sent: str) -> str:
    """Return the unit of what becomes of series of a unit.

    Examples:
        >>> _unit_of(Reading.RATE, "By"), _unit_of(Reading.RATE, ""), _unit_of(Reading.MEAN, "s")
        ('By/s', '1/s', 's')
    """
    if reading is Reading.RATIO:
        return "1"
    if reading is Reading.RATE:
        return f"{sent or '1'}/s"
    return sent


def _selection(one: Selected, suffix: str = "", *, gauge: bool = False) -> Selection:
    return Selection(metric=one.metric + suffix, where=one.where, gauge=gauge)
