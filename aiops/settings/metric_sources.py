"""Sources that are asked for what they measure: what `aiops.yaml` says of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import SecretStr

from aiops.domain.labels import LabelRule
from aiops.domain.series import Direction, Family


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredSettings:
    """What is declared of a metric, wherever it comes from.

    Args:
        name: how we call the metric: `error_ratio`.
        family: what it speaks of; None: from its name.
        unit: as in `Series.unit`; None: the KPI's, else none.
        title: how people say it; None: from its name.
        bad_direction: the way that hurts; None: from its family.
        kpi: the name of the KPI it carries; None: the KPI whose metric it is, if one.
        labels: the source's labels to keep beside service, env, region and segment.
        service: whose it is where the labels do not say, as for a total over everything.
    """

    name: str
    family: Family | None = None
    unit: str | None = None
    title: str | None = None
    bad_direction: Direction | None = None
    kpi: str | None = None
    labels: tuple[str, ...] = ()
    service: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalSettings(DeclaredSettings):
    """One metric that is asked of a source.

    Args:
        query: what the source is asked, in its own language.
    """

    query: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSettings:
    """Which labels of a source say where a series belongs: the first that is there counts."""

    service: tuple[str, ...] = ("service", "service_name", "job")
    env: tuple[str, ...] = ("env", "environment")
    region: tuple[str, ...] = ("region",)
    segment: tuple[str, ...] = ("segment",)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSourceSettings:
    """A source that is asked for what it measures.

    Args:
        name: of the source, as it appears in series and shards.
        kind: the ingester that asks it.
        signals: what is asked.
        step_seconds: distance between two ticks.
        delay_seconds: how long after a tick its values are complete.
        back_fill_days: how much past is fetched at the first start.
        back_fill_step_seconds: distance between two ticks of that past.
        zone: whose clock people live by: seasons follow it, summer time included.
        zones: the same by region, where regions differ.
        normalize: what is done to labels before they are read.
        labels: which labels carry service, env, region and segment.
    """

    name: str
    kind: str
    signals: tuple[SignalSettings, ...] = ()
    step_seconds: int = 60
    delay_seconds: int = 2
    back_fill_days: int = 21
    back_fill_step_seconds: int = 300
    zone: str = "UTC"
    zones: Mapping[str, str] = field(default_factory=dict)
    normalize: tuple[LabelRule, ...] = ()
    labels: LabelSettings = field(default_factory=LabelSettings)

    @property
    def address(self) -> str:
        """Where it is asked, as people are shown it; never a secret."""
        return self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class PrometheusSettings(MetricSourceSettings):
    """A Prometheus, or anything that answers its HTTP API.

    Args:
        url: where its API begins, without `/api/v1` and without credentials.
        bearer_token: sent as `Authorization: Bearer`, if one is needed.
        bearer_token_env: the environment variable it should come from, if one is named.
    """

    kind: str = "prometheus"
    url: str
    bearer_token: SecretStr | None = None
    bearer_token_env: str | None = None

    @property
    def address(self) -> str:
        """Return its address."""
        return self.url
