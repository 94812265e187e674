"""Sources that send what they measure: what `aiops.yaml` says of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from aiops.domain.derivations import Across
from aiops.domain.labels import LabelRule
from aiops.settings.metric_sources import DeclaredSettings, LabelSettings
from aiops.settings.senders import SenderSettings

PUSHED_KINDS: Final = ("remote_write", "otlp_metrics")
"""Kinds of sources that send samples: their ingesters have the same names."""

_OF_OPENTELEMETRY: Final = LabelSettings(
    service=("service.name",),
    env=("deployment.environment.name", "deployment.environment"),
    region=("region", "cloud.region"),
    segment=("segment",),
)
LABELS_OF: Final[Mapping[str, LabelSettings]] = {
    "remote_write": LabelSettings(),
    "otlp_metrics": _OF_OPENTELEMETRY,
}
"""Which labels carry service, env, region and segment where the settings do not say."""


class Reading(StrEnum):
    """What a signal makes of the series it selects."""

    VALUE = "value"
    RATE = "rate"
    RATIO = "ratio"
    MEAN = "mean"
    QUANTILE = "quantile"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """Which series an operand is of.

    Args:
        metric: as the sender calls it; a histogram without `_bucket`, `_sum` and `_count`.
        where: patterns by label, each of the whole value.
    """

    metric: str
    where: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedSignalSettings(DeclaredSettings):
    """One metric that is made of what a source sends.

    Args:
        of: the series it is made of.
        reading: what becomes of them.
        per: of a ratio the whole.
        quantile: of a quantile which one, in (0, 1].
        across: what the series of one service, region, segment … become.
        worst_of: a label whose worst value becomes a series of its own.
        window_seconds: what rates look back on; of a value how old it may be.
    """

    of: Selected
    reading: Reading = Reading.VALUE
    per: Selected | None = None
    quantile: float | None = None
    across: Across = Across.SUM
    worst_of: str = ""
    window_seconds: int = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedSourceSettings(SenderSettings):
    """A source that sends us its samples.

    Args:
        signals: what is made of them; what no signal asks for is counted and not kept.
        step_seconds: distance between two ticks.
        delay_seconds: how long after a tick its samples have come.
        scrape_seconds: the usual distance between two samples of a series.
        most_series: of one metric; further ones are counted and not kept.
        zone: whose clock people live by: seasons follow it, summer time included.
        zones: the same by region, where regions differ.
        normalize: what is done to labels before they are read.
        labels: which labels carry service, env, region and segment.
    """

    signals: tuple[PushedSignalSettings, ...] = ()
    step_seconds: int = 60
    delay_seconds: int = 25
    scrape_seconds: int = 15
    most_series: int = 20_000
    zone: str = "UTC"
    zones: Mapping[str, str] = field(default_factory=dict)
    normalize: tuple[LabelRule, ...] = ()
    labels: LabelSettings = field(default_factory=LabelSettings)
