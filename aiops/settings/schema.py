"""The form of `aiops.yaml`: one class per section, one field per key, its description for people.

An empty value (`topology:`) counts as not written. Durations are whole seconds unless the name
says otherwise. Secrets have no place here; a key ending in `_env` names the environment variable
that holds one (`AIOPS_…`, because only those are passed on to our processes).
"""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BeforeValidator, Field, model_validator

from aiops.domain.policies import CorrelatePolicy, DetectPolicy, LifePolicy, Mode, SeverityPolicy
from aiops.domain.series import DEFAULT_ENV, Direction
from aiops.domain.slos import Budgeting, Sli
from aiops.domain.windows import WindowKind
from aiops.settings.fields import (
    Currency,
    Email,
    HttpUrl,
    MatcherText,
    Name,
    PolicyOf,
    ProjectKey,
    ScheduleId,
    Seconds,
    SecretVariable,
    Section,
    SmtpUrl,
    Text,
    Texts,
    TimeOfDay,
    TraceUrl,
    Weekday,
    Zone,
    one_or_many,
    spelled,
)
from aiops.settings.source_schema import ChangesSection, NormalizeSection, SourceSection
from topology.attributes import ServiceKind


class EnvironmentSection(Section):
    """`environments.<name>`."""

    pages: bool = False


class ServiceSection(Section):
    """`services.<name>`."""

    kind: ServiceKind | None = None
    owner: Text | None = None


class StepSection(Section):
    """`journeys[].steps[]`: a service name alone will do."""

    service: Text = Field(description="the service the step runs in")
    operation: str = ""

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, values: Any) -> Any:
        return {"service": values} if isinstance(values, str) else values


class SloSection(Section):
    """`journeys[].slos[]`: one objective of a journey."""

    sli: Sli = Field(description="what is measured: availability or latency")
    objective: Annotated[float, Field(gt=0, lt=100)] = 99.9
    window_days: Annotated[int, Field(ge=1, le=366)] = 28
    budgeting: Budgeting | None = None
    slice_objective: Annotated[float, Field(gt=0, lt=100)] | None = None
    service: Text | None = None
    operation: str = ""
    errors: Text | None = None
    good: Text | None = None
    bad: Text | None = None
    total: Text | None = None
    latency: Text | None = None
    threshold_seconds: Annotated[float, Field(gt=0)] | None = None


class JourneySection(Section):
    """`journeys[]`."""

    name: Text = Field(description="how people call the journey, as `checkout`")
    entry: Text | None = None
    steps: list[StepSection] = []
    services: Texts = []
    kpis: Texts = []
    owner: Text | None = None
    healthy: str = ""
    unhealthy: str = ""
    value_per_success: Annotated[float, Field(ge=0)] | None = None
    slos: list[SloSection] = []


class KpiSection(Section):
    """`kpis[]`."""

    name: Text = Field(description="how people call the number, as `revenue per minute`")
    metric: Text = Field(description="the name of the metric that carries it")
    service: Text | None = None
    unit: str = ""
    per: Literal["second", "minute", "hour"] = "minute"
    journey: Text | None = None
    bad_direction: Direction = Direction.DOWN
    data_loss: bool = False


class TeamSection(Section):
    """`teams.<role>`."""

    title: Text | None = None
    members: Texts = []
    rotation_start: AwareDatetime | None = None
    rotation_length_days: Annotated[float, Field(gt=0)] = 7
    slack_channel: Text | None = None
    pagerduty_key_env: SecretVariable | None = None
    zone: Zone = "UTC"
    pagerduty_schedule: ScheduleId | None = None
    mode: Annotated[Mode | None, BeforeValidator(spelled)] = None


class SinkSection(Section):
    """`sinks.<name>`."""

    kind: Literal["pagerduty", "slack", "webhook", "jira", "email"] = Field(
        description="the kind of sink: pagerduty, slack, webhook, jira or email"
    )
    url: HttpUrl | None = None
    events_url: HttpUrl = "https://events.pagerduty.com/v2/enqueue"
    rest_url: HttpUrl = "https://api.pagerduty.com"
    api_url: HttpUrl = "https://slack.com/api/"
    channel: Text = "#incidents"
    pictures: bool = True
    project: ProjectKey | None = None
    issue_type: Text = "Task"
    smtp: SmtpUrl | None = None
    user: Text | None = None
    sender: Email | None = None
    to: Annotated[list[Email], BeforeValidator(one_or_many)] = []
    write_as: Email | None = None
    merge: bool = False
    changes: bool = False
    services: dict[Text, Text] = {}
    fallback: Name | None = None


class WebSection(Section):
    """`web`."""

    host: Text = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    base_url: HttpUrl | None = None
    certificate: Text | None = None
    key: Text | None = None


class TracesSection(Section):
    """`traces`."""

    url: TraceUrl | None = None


class RetentionSection(Section):
    """`retention`."""

    history_days: Annotated[int, Field(ge=1)] = 35
    case_days: Annotated[int, Field(ge=1, le=36_500)] = 400


class AttentionSection(Section):
    """`attention`."""

    alerts_per_day: Annotated[int, Field(ge=0)] = 10
    digest_minutes: Annotated[int, Field(ge=1, le=1440)] = 60


class HeartbeatSection(Section):
    """`heartbeat`."""

    url_env: SecretVariable | None = None
    every_seconds: Annotated[int, Field(ge=5)] = 60
    via: HttpUrl | None = None


class EscalationSection(Section):
    """`escalation.<severity>[]`."""

    after_minutes: Annotated[int, Field(ge=1)] = Field(
        description="so many minutes after the page, if nobody acknowledged it"
    )
    to: Texts = []


class WindowSection(Section):
    """`windows[]`."""

    name: Text = Field(description="how people call the window, as `nightly deploy`")
    kind: WindowKind = WindowKind.MAINTENANCE
    matchers: Annotated[list[MatcherText], Field(min_length=1), BeforeValidator(one_or_many)] = (
        Field(description="what the window is about, as `service=checkout`")
    )
    start: TimeOfDay = Field(description="the time of day it begins, as 22:00")
    end: TimeOfDay = Field(description="the time of day it ends, as 23:30")
    weekdays: Annotated[list[Weekday], BeforeValidator(one_or_many)] = []
    zone: Zone = "UTC"


class SettingsFile(Section):
    """The whole of `aiops.yaml`."""

    mode: Annotated[Mode, BeforeValidator(spelled)] = Mode.OBSERVE
    currency: Currency | None = None
    regions: Texts = []
    segments: Texts = []
    cohorts: Texts = []
    holidays: list[date] = []
    default_env: Text = DEFAULT_ENV
    environments: dict[Name, EnvironmentSection] | None = None
    topology: Text | None = None
    runbooks: Text | None = None
    services: dict[Text, ServiceSection] = {}
    journeys: list[JourneySection] = []
    kpis: list[KpiSection] = []
    teams: dict[Name, TeamSection] = {}
    sources: dict[Name, SourceSection] = {}
    normalize: list[NormalizeSection] = []
    changes: ChangesSection = ChangesSection()
    sinks: dict[Name, SinkSection] = {}
    page_to: Texts | None = None
    ticket_to: Texts | None = None
    default_owner: Text = "platform"
    windows: list[WindowSection] = []
    escalation: dict[Literal["P1", "P2"], list[EscalationSection]] = {}
    attention: AttentionSection = AttentionSection()
    detect: Annotated[DetectPolicy, PolicyOf] = DetectPolicy()
    correlate: Annotated[CorrelatePolicy, PolicyOf] = CorrelatePolicy()
    severity: Annotated[SeverityPolicy, PolicyOf] = SeverityPolicy()
    life: Annotated[LifePolicy, PolicyOf] = LifePolicy()
    settle_seconds: Annotated[int, Field(ge=0)] = 30
    catch_up_seconds: Seconds = 600
    web: WebSection = WebSection()
    heartbeat: HeartbeatSection = HeartbeatSection()
    traces: TracesSection = TracesSection()
    retention: RetentionSection = RetentionSection()
