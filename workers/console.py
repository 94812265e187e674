"""The web process put together: the console and its endpoints over the stores."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from pydantic import SecretStr
from starlette.types import ASGIApp

from aiops.domain.incidents import Incident
from aiops.domain.words import Place, Verb
from aiops.impact.flow import Flow, flows, young_of
from aiops.ingest import changes
from aiops.learn.marks import holding
from aiops.slo.standing import JourneyStanding, first_hour, last_hour, standings
from aiops.web import outward
from aiops.web.app import create_app
from aiops.web.services import WebServices
from workers import alerts, cases, change_reports, knowledge, maintenance, regrouping, silencing
from workers.announcing import Announcer
from workers.clock import SystemClock
from workers.declaring import declare
from workers.exports import take_export, take_logs
from workers.hearing import say
from workers.judgement import judge
from workers.listening import keep
from workers.receiving import Receiver
from workers.wiring import Parts

FLOW_SPAN = timedelta(hours=3)
"""How much of a KPI the first page shows."""

A_SEASON = timedelta(days=1)
"""Below so much history nobody knows what is usual."""

OLD_SPAN = timedelta(days=8)
"""How far back the first page looks for it."""

_LISTED = 100


def make_console(parts: Parts, fetch: Callable[[str], bytes] = outward.fetch) -> ASGIApp:
    """Return the web application of an installation.

    Args:
        parts: of it.
        fetch: asks an address elsewhere.
    """
    settings = parts.settings
    token = _shown(settings.web.token)
    return create_app(
        WebServices(
            incidents=parts.incidents,
            parse_changes=lambda body, at: changes.parse(body, at, settings.default_env),
            record_changes=lambda found: change_reports.record(parts, found),
            clock=parts.clock,
            real_clock=SystemClock(),
            fetch=fetch,
            runbooks=knowledge.runbooks(settings),
            base_url=settings.web.base_url,
            ingest_token=token,
            web_token=token,
            slack_signing_secret=_shown(settings.slack_signing_secret),
            pagerduty_webhook_secrets=tuple(
                one.get_secret_value() for one in settings.pagerduty_webhook_secrets
            ),
            keep_word=partial(keep, parts),
            seen_until=lambda: seen_until(parts),
            judge=partial(judge, parts, place=Place.SLACK),
            merge=partial(regrouping.merge, parts),
            split=partial(regrouping.split, parts),
            say=partial(_said, parts),
            declare=partial(declare, parts),
            take_export=partial(take_export, parts),
            silences=lambda: parts.silences.all(_LISTED),
            silence=partial(silencing.silence, parts),
            expire_silence=partial(silencing.expire, parts, place=Place.CONSOLE),
            pushed_sources=settings.pushed_sources,
            take_samples=Receiver(parts).take if settings.pushed_sources else None,
            alert_sources=settings.alert_sources,
            take_alerts=partial(alerts.receive, parts),
            shed_alerts=partial(alerts.shed, parts),
            announce_alerts=Announcer(partial(alerts.announce, parts)),
            change_sources=settings.change_sources,
            take_report=partial(change_reports.receive, parts),
            maintenance_sources=settings.maintenance_sources,
            take_maintenance=partial(maintenance.receive, parts),
            case_sources=settings.case_sources,
            take_cases=partial(cases.receive, parts),
            log_sources=settings.log_sources,
            take_logs=partial(take_logs, parts),
            planned=lambda: parts.maintenance.unexpired(parts.clock.now()),
            note_refusal=partial(_refused, parts),
            pulse_at=parts.pulses.last,
            flows=lambda: flows_now(parts),
            journeys=lambda: journeys_now(parts),
            marks=lambda: holding(parts.marks.all(), parts.clock.now()),
        )
    )


def _refused(parts: Parts, where: str, why: str) -> None:
    parts.telemetry.fault("refused", f"{where}: {why}")


def _said(
    parts: Parts, name: str, verb: Verb, *, by: str, why: str, about: str, place: str
) -> Incident:
    return say(parts, name, verb, by=by, why=why, about=about, place=place).incident


def seen_until(parts: Parts) -> datetime | None:
    """Return up to when every source has been looked at; None before the first tick.

    Where nobody is asked, up to when what others sent has been worked.
    """
    if not parts.measured:
        return parts.incidents.reached(parts.settings.default_env)
    newest = [parts.extents.newest_tick(source) for source in parts.measured]
    return min((at for at in newest if at is not None), default=None)


def flows_now(parts: Parts) -> Sequence[Flow]:
    """Return how every KPI of the default environment stands, over the last hours."""
    settings, now = parts.settings, parts.clock.now()
    env = settings.default_env
    window = parts.history.kpi_window(env, now - FLOW_SPAN, now)
    young: set[str] = set()
    if window is not None:
        services = {one.key.service for one in window.series}
        past = parts.history.samples(env).hourly(services, now - OLD_SPAN, now - A_SEASON)
        young = young_of(window.series, past)
    return flows(window, settings.kpis, settings.journeys, now, young=young)


def journeys_now(parts: Parts) -> Sequence[JourneyStanding]:
    """Return how every journey of the default environment stands, as far as it is counted."""
    settings, now = parts.settings, parts.clock.now()
    env, kept = settings.default_env, parts.sli_hours
    days = kept.days(env, first_hour(settings.journeys, now))
    return standings(days, kept.since(env, last_hour(now)), settings.journeys, now)


def _shown(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
