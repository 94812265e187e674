"""The form of `sources` and `changes` in `aiops.yaml`: who tells us what."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from aiops.domain.derivations import Across
from aiops.domain.series import Direction, Family
from aiops.settings.fields import (
    AlertField,
    HttpUrl,
    Labels,
    LogField,
    Pattern,
    Place,
    Seconds,
    SecretVariable,
    Section,
    Text,
    Texts,
    Topics,
    Zone,
    without_empty,
)
from aiops.settings.pushed_sources import Reading
from aiops.settings.row_sources import Aggregate

Patterns = Annotated[dict[Text, str], BeforeValidator(without_empty)]


class WholeSection(Section):
    """`sources.<name>.signals[].per`."""

    metric: Text = Field(description="the metric of the whole, as the sender calls it")
    where: Patterns = {}


class SignalSection(Section):
    """`sources.<name>.signals[]`."""

    name: Text = Field(description="how the product calls the metric, as `error_ratio`")
    query: Text | None = None
    metric: Text | None = None
    where: Patterns = {}
    reading: Annotated[Reading | None, Field(alias="as")] = None
    per: WholeSection | None = None
    quantile: Annotated[float | None, Field(gt=0, le=1)] = None
    across: Across | None = None
    worst_of: Text | None = None
    window_seconds: Seconds | None = None
    family: Family | None = None
    unit: str | None = None
    title: Text | None = None
    bad_direction: Direction | None = None
    kpi: Text | None = None
    labels: Texts = []
    service: Text | None = None
    value: Text | None = None
    aggregate: Aggregate = Aggregate.SUM
    minor_units: bool = False
    currency: Text | None = None


class LabelSection(Section):
    """`sources.<name>.labels`: label names by what they carry; what is not named is the kind's."""

    service: Labels | None = None
    env: Labels | None = None
    region: Labels | None = None
    segment: Labels | None = None
    severity: Labels | None = None


class SourceSection(Section):
    """`sources.<name>`."""

    kind: Literal[
        "prometheus",
        "alertmanager",
        "grafana",
        "cloudwatch",
        "events",
        "alerts",
        "argocd",
        "cdevents",
        "flagsmith",
        "github",
        "gitlab",
        "kubernetes",
        "launchdarkly",
        "unleash",
        "maintenance",
        "remote_write",
        "otlp_metrics",
        "otlp_traces",
        "csv",
        "sql",
        "case_events",
        "json_logs",
    ] = "prometheus"
    url: HttpUrl | None = Field(description="the address of Prometheus, as http://127.0.0.1:9090")
    step_seconds: Seconds = 60
    delay_seconds: Annotated[int, Field(ge=0)] = 2
    scrape_seconds: Seconds | None = None
    most_series: Annotated[int | None, Field(gt=0)] = None
    back_fill_days: Annotated[int, Field(ge=0, le=366)] = 21
    back_fill_step_seconds: Seconds = 300
    zone: Zone = "UTC"
    zones: dict[Text, Zone] = {}
    bearer_token_env: SecretVariable | None = None
    token_env: SecretVariable | None = None
    labels: LabelSection = LabelSection()
    values: dict[Place, dict[Text, Text]] = {}
    fields: dict[AlertField | LogField, Text] = {}
    topics: Topics = []
    path: Text | None = None
    time: Text | None = None
    service: Text | None = None
    time_zone: Zone | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    decimal: Literal[".", ","] | None = None
    url_env: SecretVariable | None = None
    timeout_seconds: Annotated[int, Field(ge=1, le=300)] | None = None
    max_rows: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    signals: list[SignalSection] = []

    @model_validator(mode="before")
    @classmethod
    def _ignore_empty(cls, values: Any) -> Any:
        """Ask for no address where nobody is asked: those who send know ours."""
        given = without_empty(values)
        has_url = not isinstance(given, dict) or given.get("kind", "prometheus") == "prometheus"
        return given if has_url else {"url": None, **given}


class MapSection(Section):
    """One rule of `changes.map`: patterns of what a tool says, then what the change is about."""

    repository: Text | None = None
    path: Text | None = None
    workflow: Text | None = None
    project: Text | None = None
    application: Text | None = None
    namespace: Text | None = None
    flag: Text | None = None
    tag: Text | None = None
    named: Text | None = None
    environment: Text | None = None
    service: Texts = []
    journey: Text | None = None
    env: Text | None = None


class ExtractSection(Section):
    """`normalize[].extract`."""

    label: Text
    pattern: Pattern


class NormalizeSection(Section):
    """One rule of `normalize`: one thing done to labels, of whom, and where."""

    source: Texts = []
    where: dict[Text, Text] = {}
    rename: dict[Text, Text] = {}
    map: dict[Text, dict[Text, Text]] = {}
    extract: ExtractSection | None = None
    drop: Texts = []
    ignore: bool = False


class ChangesSection(Section):
    """`changes`."""

    map: list[MapSection] = []
