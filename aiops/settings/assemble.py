"""The parsed file and the environment -> one `Settings` value."""

from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path
from types import MappingProxyType

from pydantic import SecretStr

from aiops.domain.journeys import Journey, Kpi, Step, Team
from aiops.domain.policies import Policies
from aiops.domain.slos import Slo
from aiops.domain.symptoms import Origin
from aiops.settings.change_map import change_map
from aiops.settings.checks import entry_of, is_loopback
from aiops.settings.heartbeat import HeartbeatSettings
from aiops.settings.normalize import label_rules
from aiops.settings.problems import shown
from aiops.settings.routing import adopting, paging_policy
from aiops.settings.schema import (
    JourneySection,
    KpiSection,
    ServiceSection,
    SettingsFile,
    SinkSection,
    SloSection,
    TeamSection,
    WebSection,
)
from aiops.settings.slos import budgeting_of
from aiops.settings.sources import (
    announcing,
    changing,
    logging_cases,
    measured,
    pushing,
    reporting,
    telling,
)
from aiops.settings.surroundings import Surroundings
from aiops.settings.values import (
    SINK_SECRETS,
    BackFillSettings,
    Settings,
    SinkSettings,
    WebSettings,
)
from topology.attributes import Service, guess_kind

_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - who listens there is found on loopback
_LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_DATABASES = ("sqlite", "postgresql")
_BROKERS = ("redis", "rediss", "unix")
_SUFFIX = MappingProxyType({"second": "/s", "minute": "", "hour": "/h"})


def assemble(file: SettingsFile, path: Path | None, surroundings: Surroundings) -> Settings:
    """Return the settings of a process; what is wrong in the environment is noted there."""
    folder = path.parent if path else Path.cwd()
    data_dir = surroundings.path("AIOPS_DATA_DIR") or Path(".aiops").absolute()
    database_url, history_url = _databases(data_dir, surroundings)
    sources = measured(file, folder, surroundings)
    sinks = _sinks(file, surroundings)
    journeys = tuple(_journey(one) for one in file.journeys)
    web = _web(file, folder, surroundings)
    return Settings(
        config_path=path,
        data_dir=data_dir,
        origin=Origin(surroundings.choice("AIOPS_ORIGIN", [*Origin], Origin.LIVE)),
        database_url=database_url,
        history_url=history_url,
        redis_url=surroundings.url("REDIS_URL", _BROKERS),
        clock=surroundings.text("AIOPS_CLOCK"),
        sources=sources,
        pushed_sources=pushing(file, surroundings),
        alert_sources=reporting(file, surroundings),
        change_sources=changing(file, surroundings),
        maintenance_sources=announcing(file, folder, surroundings),
        normalize=label_rules(file.normalize),
        case_sources=logging_cases(file, surroundings),
        log_sources=telling(file, surroundings),
        change_map=change_map(file.changes.map, journeys),
        sinks=sinks,
        web=web,
        heartbeat=_heartbeat(file, web, surroundings),
        slack_signing_secret=surroundings.secret("AIOPS_SLACK_SIGNING_SECRET"),
        pagerduty_webhook_secrets=surroundings.secrets("AIOPS_PAGERDUTY_WEBHOOK_SECRET"),
        policies=_policies(file, sinks),
        journeys=journeys,
        kpis=tuple(_kpi(one) for one in file.kpis),
        teams=tuple(_team(name, one) for name, one in file.teams.items()),
        regions=tuple(file.regions),
        segments=tuple(file.segments),
        cohorts=tuple(file.cohorts),
        currency=file.currency or "",
        holidays=frozenset(file.holidays),
        default_env=file.default_env,
        topology_path=folder / file.topology if file.topology else None,
        services=tuple(_service(name, one) for name, one in file.services.items()),
        runbooks_dir=_runbooks_dir(file, folder, surroundings),
        otlp_endpoint=surroundings.url("OTEL_EXPORTER_OTLP_ENDPOINT", ("http", "https")),
        trace_url=file.traces.url or "",
        catch_up_seconds=file.catch_up_seconds,
        back_fill=BackFillSettings(
            days=max((one.back_fill_days for one in sources), default=21),
            step_seconds=min((one.back_fill_step_seconds for one in sources), default=300),
        ),
        history_days=file.retention.history_days,
        case_days=file.retention.case_days,
        log_level=surroundings.choice("AIOPS_LOG_LEVEL", _LOG_LEVELS, "INFO"),
    )


def _databases(data_dir: Path, surroundings: Surroundings) -> tuple[str, str]:
    """Return where state and history are kept; one PostgreSQL holds both unless told otherwise."""
    main = surroundings.url("AIOPS_DATABASE_URL", _DATABASES)
    history = surroundings.url("AIOPS_HISTORY_URL", _DATABASES)
    if history is None and main is not None and main.startswith("postgresql"):
        history = main
    return (
        main or f"sqlite:///{data_dir / 'aiops.db'}",
        history or f"sqlite:///{data_dir / 'history.db'}",
    )


def _runbooks_dir(file: SettingsFile, folder: Path, surroundings: Surroundings) -> Path | None:
    named = surroundings.path("AIOPS_RUNBOOKS_DIR")
    if named is not None:
        if not named.is_dir():
            message = f"there is no folder {named}, expected one with runbooks"
            surroundings.report("AIOPS_RUNBOOKS_DIR", message)
        return named
    return folder / file.runbooks if file.runbooks else None


def _sinks(file: SettingsFile, surroundings: Surroundings) -> tuple[SinkSettings, ...]:
    found = {
        name: secret
        for name in sorted({team.pagerduty_key_env or "" for team in file.teams.values()} - {""})
        if (secret := surroundings.secret(name)) is not None
    }
    keys = MappingProxyType(found)
    secrets = {kind: surroundings.secret(name) for kind, name in SINK_SECRETS.items()}

    api_token = surroundings.secret("AIOPS_PAGERDUTY_API_TOKEN")
    write_token = surroundings.secret("AIOPS_PAGERDUTY_WRITE_TOKEN")

    def sink(name: str, section: SinkSection) -> SinkSettings:
        is_pager = section.kind == "pagerduty"
        urls = {
            "pagerduty": section.events_url,
            "slack": section.api_url,
            "webhook": section.url or "",
            "jira": section.url or "",
            "email": section.smtp or "",
        }
        return SinkSettings(
            name=name,
            kind=section.kind,
            url=urls[section.kind],
            channel=section.channel if section.kind == "slack" else "",
            pictures=section.pictures,
            project=section.project or "",
            issue_type=section.issue_type,
            sender=section.sender or "",
            recipients=tuple(section.to),
            user=section.user or "",
            secret=secrets[section.kind],
            rest_url=section.rest_url if is_pager else "",
            api_token=api_token if is_pager else None,
            write_as=(section.write_as or "") if is_pager else "",
            write_token=write_token if is_pager else None,
            merge=section.merge,
            changes=section.changes,
            services=MappingProxyType(section.services),
            fallback=section.fallback or "",
            team_secrets=keys if is_pager else MappingProxyType({}),
        )

    return tuple(sink(name, section) for name, section in file.sinks.items())


def _web(file: SettingsFile, folder: Path, surroundings: Surroundings) -> WebSettings:
    host, port = surroundings.text("AIOPS_WEB_HOST") or file.web.host, file.web.port
    token = surroundings.secret("AIOPS_WEB_TOKEN")
    if host != file.web.host and not is_loopback(host) and token is None:
        surroundings.report(
            "AIOPS_WEB_HOST",
            f"found {shown(host)}, which others can reach; expected a token beside it",
            "set AIOPS_WEB_TOKEN or AIOPS_WEB_TOKEN_FILE",
        )
    section = file.web
    return WebSettings(
        host=host,
        port=port,
        base_url=(section.base_url or _address(section, host)).rstrip("/"),
        token=token,
        certificate=folder / section.certificate if section.certificate else None,
        key=folder / section.key if section.key else None,
    )


def _address(section: WebSection, host: str) -> str:
    scheme = "https" if section.certificate else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{section.port}"


def _heartbeat(
    file: SettingsFile, web: WebSettings, surroundings: Surroundings
) -> HeartbeatSettings:
    section = file.heartbeat
    host = "127.0.0.1" if web.host in _EVERYWHERE else web.host
    variable = section.url_env
    url = surroundings.url(variable, ("http", "https")) if variable else None
    return HeartbeatSettings(
        enabled="heartbeat" in file.model_fields_set,
        url=SecretStr(url) if url else None,
        url_env=variable,
        every_seconds=section.every_seconds,
        via=(section.via or _address(file.web, host)).rstrip("/"),
        certificate=None if section.via else web.certificate,
    )


def _policies(file: SettingsFile, sinks: tuple[SinkSettings, ...]) -> Policies:
    return Policies(
        detect=replace(file.detect, holidays=frozenset(file.holidays)),
        correlate=file.correlate,
        severity=file.severity,
        life=file.life,
        paging=replace(paging_policy(file), **adopting(sinks)),
    )


def _journey(section: JourneySection) -> Journey:
    entry = entry_of(section) or ""
    steps = tuple(Step(service=one.service, operation=one.operation) for one in section.steps)
    named = [entry, *(step.service for step in steps), *section.services]
    return Journey(
        name=section.name,
        entry=entry,
        steps=steps,
        services=tuple(dict.fromkeys(name for name in named if name)),
        kpis=tuple(section.kpis),
        owner=section.owner,
        healthy=section.healthy,
        unhealthy=section.unhealthy,
        value_per_success=section.value_per_success,
        slos=tuple(_slo(one) for one in section.slos),
    )


def _slo(section: SloSection) -> Slo:
    return Slo(
        sli=section.sli,
        objective=round(section.objective / 100, 12),
        window_days=section.window_days,
        budgeting=budgeting_of(section),
        slice_objective=None if section.slice_objective is None else section.slice_objective / 100,
        service=section.service or "",
        operation=section.operation,
        errors=section.errors or "",
        good=section.good or "",
        bad=section.bad or "",
        total=section.total or "",
        latency=section.latency or "",
        threshold_seconds=section.threshold_seconds,
    )


def _kpi(section: KpiSection) -> Kpi:
    return Kpi(
        name=section.name,
        metric=section.metric,
        service=section.service,
        unit=section.unit + _SUFFIX[section.per] if section.unit else "",
        journey=section.journey,
        bad_direction=section.bad_direction,
        data_loss=section.data_loss,
    )


def _team(name: str, section: TeamSection) -> Team:
    start = section.rotation_start
    return Team(
        name=name,
        title=section.title or f"{name.replace('-', ' ').replace('_', ' ').capitalize()} team",
        members=tuple(section.members),
        rotation_start=start.astimezone(UTC) if start else None,
        rotation_length=timedelta(days=section.rotation_length_days),
        slack_channel=section.slack_channel,
        pagerduty_key=section.pagerduty_key_env,
        zone=section.zone,
        schedule=section.pagerduty_schedule,
    )


def _service(name: str, section: ServiceSection) -> Service:
    return Service(name=name, kind=section.kind or guess_kind(name), owner=section.owner)
