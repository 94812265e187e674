"""The settings of one process as frozen values: what `load` gives out and everybody is handed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from urllib.parse import parse_qsl

from pydantic import SecretStr

from aiops.domain.change_reports import MapRule
from aiops.domain.errors import ConfigurationError
from aiops.domain.journeys import Journey, Kpi, Team
from aiops.domain.labels import LabelRule
from aiops.domain.policies import Policies
from aiops.domain.series import DEFAULT_ENV
from aiops.domain.symptoms import Origin
from aiops.settings.alert_sources import AlertSourceSettings
from aiops.settings.case_sources import CaseSourceSettings
from aiops.settings.change_sources import ChangeSourceSettings
from aiops.settings.heartbeat import HeartbeatSettings
from aiops.settings.log_sources import LogSourceSettings
from aiops.settings.maintenance_sources import MaintenanceSourceSettings
from aiops.settings.metric_sources import MetricSourceSettings
from aiops.settings.pushed_sources import PushedSourceSettings
from aiops.settings.senders import SenderSettings
from aiops.settings.topology_files import topology_texts
from topology.attributes import Service, guess_kind
from topology.graph import ServiceGraph


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkSettings:
    """Where notifications go.

    Args:
        name: of the sink, as `page_to` and `ticket_to` say it.
        kind: the notifier: `pagerduty`, `slack`, `webhook`, `jira` or `email`.
        url: the address it sends to.
        channel: Slack: the channel of teams without one of their own.
        pictures: Slack: whether the thread of an incident shows a picture of it.
        project: Jira: key of the project issues are made in.
        issue_type: Jira: what they are made as.
        sender: e-mail: the address mails come from.
        recipients: e-mail: the addresses they go to.
        user: e-mail: who logs in; empty for nobody.
        secret: the routing key, bot token, webhook secret or API token. None: not given yet.
        rest_url: PagerDuty: where its REST API begins, without path.
        api_token: PagerDuty: lets us ask who somebody there is; None: nobody is asked.
        write_as: PagerDuty: the e-mail address of the user in whose name we write there.
        write_token: PagerDuty: lets us write notes to incidents of others; None: they are left.
        merge: PagerDuty: whether what others page after us is merged into our page.
        changes: PagerDuty: whether deploys, flags and config changes are shown there.
        services: PagerDuty: what its services are in the topology, by its id or name of one.
        fallback: the sink that is told what this one does not take; empty for none.
        team_secrets: further PagerDuty routing keys by the name teams give them.
    """

    name: str
    kind: str
    url: str
    channel: str = ""
    pictures: bool = True
    project: str = ""
    issue_type: str = "Task"
    sender: str = ""
    recipients: tuple[str, ...] = ()
    user: str = ""
    secret: SecretStr | None = None
    rest_url: str = ""
    api_token: SecretStr | None = None
    write_as: str = ""
    write_token: SecretStr | None = None
    merge: bool = False
    changes: bool = False
    services: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    fallback: str = ""
    team_secrets: Mapping[str, SecretStr] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def secret_name(self) -> str:
        """The environment variable the secret comes from."""
        return SINK_SECRETS[self.kind]


SINK_SECRETS: Mapping[str, str] = MappingProxyType(
    {
        "pagerduty": "AIOPS_PAGERDUTY_ROUTING_KEY",
        "slack": "AIOPS_SLACK_BOT_TOKEN",
        "webhook": "AIOPS_WEBHOOK_SECRET",
        "jira": "AIOPS_JIRA_TOKEN",
        "email": "AIOPS_EMAIL_PASSWORD",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """Where the web server listens, and who may talk to it.

    Args:
        host: address to bind; anything but loopback needs a token.
        port: TCP port; 0 lets the system choose.
        base_url: how people reach it, for links in messages; no slash at the end.
        token: what callers must present, if one is set.
        certificate: in PEM, with what vouches for it; None: TLS is somebody else's, or none.
        key: of the certificate, in PEM.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    base_url: str = "http://127.0.0.1:8080"
    token: SecretStr | None = None
    certificate: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackFillSettings:
    """How much past is fetched at the first start, at most, over all sources."""

    days: int = 21
    step_seconds: int = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a process was told by its environment and `aiops.yaml`.

    Args:
        config_path: the file, None when there is none.
        data_dir: where this installation keeps its files.
        origin: what its rows are marked with.
        database_url: SQLAlchemy address of what must not be lost.
        history_url: SQLAlchemy address of ticks and profiles.
        redis_url: broker; None: the embedded one.
        clock: how time runs (`AIOPS_CLOCK`); None: as it does.
        default_env: the environment of signals that name none.
        topology_path: the topology file or a folder of them, None when none is declared.
        services: kinds and owners declared in `aiops.yaml`; the kind is guessed where it says
            none.
        runbooks_dir: None: those that ship with the product.
        otlp_endpoint: where our own telemetry goes; None: nowhere.
        trace_url: where a trace can be looked at, with `{trace_id}` in it; empty: nowhere.
        catch_up_seconds: ticks older than this are the past: they are worked without paging.
        history_days: how long metric history is kept.
        case_days: how long case events are kept.
    """

    config_path: Path | None = None
    data_dir: Path = Path(".aiops")
    origin: Origin = Origin.LIVE
    database_url: str = field(default="sqlite:///.aiops/aiops.db", repr=False)
    history_url: str = field(default="sqlite:///.aiops/history.db", repr=False)
    redis_url: str | None = field(default=None, repr=False)
    clock: str | None = None
    sources: tuple[MetricSourceSettings, ...] = ()
    pushed_sources: tuple[PushedSourceSettings, ...] = ()
    alert_sources: tuple[AlertSourceSettings, ...] = ()
    change_sources: tuple[ChangeSourceSettings, ...] = ()
    maintenance_sources: tuple[MaintenanceSourceSettings, ...] = ()
    normalize: tuple[LabelRule, ...] = ()
    case_sources: tuple[CaseSourceSettings, ...] = ()
    log_sources: tuple[LogSourceSettings, ...] = ()
    change_map: tuple[MapRule, ...] = ()
    sinks: tuple[SinkSettings, ...] = ()
    web: WebSettings = field(default_factory=WebSettings)
    heartbeat: HeartbeatSettings = field(default_factory=HeartbeatSettings)
    slack_signing_secret: SecretStr | None = None
    pagerduty_webhook_secrets: tuple[SecretStr, ...] = ()
    policies: Policies = field(default_factory=Policies)
    journeys: tuple[Journey, ...] = ()
    kpis: tuple[Kpi, ...] = ()
    teams: tuple[Team, ...] = ()
    regions: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    cohorts: tuple[str, ...] = ()
    currency: str = ""
    holidays: frozenset[date] = frozenset()
    default_env: str = DEFAULT_ENV
    topology_path: Path | None = None
    services: tuple[Service, ...] = ()
    runbooks_dir: Path | None = None
    otlp_endpoint: str | None = None
    trace_url: str = ""
    catch_up_seconds: int = 600
    back_fill: BackFillSettings = field(default_factory=BackFillSettings)
    history_days: int = 35
    case_days: int = 400
    log_level: str = "INFO"

    @property
    def is_fed(self) -> bool:
        """Whether anything that can be wrong is asked for, or sent to us."""
        return bool(self.sources or self.pushed_sources or self.alert_sources)

    @property
    def measuring(self) -> tuple[MetricSourceSettings | PushedSourceSettings, ...]:
        """The sources of metrics, asked or sending."""
        return (*self.sources, *self.pushed_sources)

    @property
    def senders(self) -> tuple[SenderSettings, ...]:
        """The sources that send to us of their own accord and show who they are."""
        return (
            *self.alert_sources,
            *self.pushed_sources,
            *self.change_sources,
            *self.log_sources,
            *self.maintenance_sources,
            *self.case_sources,
        )

    def topology_texts(self) -> tuple[tuple[str, str], ...]:
        """Read the topology files; an empty topology where none is declared.

        Returns:
            Text and name for messages of each.

        Raises:
            ConfigurationError: one cannot be read.
        """
        if self.topology_path is None:
            return (("services: {}\n", "(no topology)"),)
        return topology_texts(self.topology_path)

    @property
    def broker_url(self) -> str:
        """The broker as Celery names it; a unix socket has a scheme of its own there.

        Raises:
            ConfigurationError: there is no broker yet: the embedded one was not started.
        """
        if self.redis_url is None:
            raise ConfigurationError(
                "no Redis is named: set REDIS_URL, or let `aiops up` start the embedded one"
            )
        if not self.redis_url.startswith("unix://"):
            return self.redis_url
        path, _, query = self.redis_url.removeprefix("unix://").partition("?")
        number = dict(parse_qsl(query)).get("db", "0")
        return f"redis+socket://{path}?virtual_host={number}"

    def with_services(self, graph: ServiceGraph) -> ServiceGraph:
        """Return the graph with what `aiops.yaml` declares of its services on top.

        A kind or owner declared here replaces the topology's; all else of a service stays.
        """
        if not self.services:
            return graph
        named = dict(graph.services)
        for mine in self.services:
            known = named.get(mine.name, mine)
            told_kind = mine.kind is not guess_kind(mine.name)
            named[mine.name] = replace(
                known, kind=mine.kind if told_kind else known.kind, owner=mine.owner or known.owner
            )
        return ServiceGraph.from_edges(named.values(), graph.edges)

    def require_deliverable(self) -> None:
        """Check that every sink somebody is paged or told through has its secret.

        Raises:
            ConfigurationError: one line per sink that lacks its secret, and what to set.
        """
        used = {*self.policies.paging.page_sinks, *self.policies.paging.ticket_sinks}
        missing = [
            f"sinks.{sink.name}: no secret for {sink.kind}; "
            f"expected {sink.secret_name} in the environment, or a file named by "
            f"{sink.secret_name}_FILE"
            for sink in self.sinks
            if sink.name in used and sink.secret is None
        ]
        if missing:
            raise ConfigurationError("\n".join(missing))
