"""Settings that are legal and still look wrong: what `aiops doctor` says about them."""

from collections.abc import Iterator

from aiops.domain.families import is_currency
from aiops.domain.policies import Mode
from aiops.settings.checks import is_loopback
from aiops.settings.metric_sources import MetricSourceSettings, PrometheusSettings
from aiops.settings.problems import did_you_mean
from aiops.settings.row_sources import SqlSettings
from aiops.settings.senders import is_digest
from aiops.settings.span_sources import OTLP_TRACES
from aiops.settings.values import Settings
from topology.graph import ServiceGraph


def lint(settings: Settings, graph: ServiceGraph) -> tuple[str, ...]:
    """Return what is worth a second look, one sentence each with what to do.

    Args:
        settings: as loaded.
        graph: the topology, with the services that `aiops.yaml` declares.
    """
    return (
        *_services(settings, graph),
        *_kpis(settings),
        *_slos(settings),
        *_owners(settings, graph),
        *_environments(settings),
        *_sources(settings),
        *_sinks(settings),
        *_web(settings),
    )


def _services(settings: Settings, graph: ServiceGraph) -> Iterator[str]:
    named = [(f"journey {one.name!r}", name) for one in settings.journeys for name in one.services]
    named += [(f"KPI {one.name!r}", one.service) for one in settings.kpis if one.service]
    named += [
        (f"an SLO of journey {one.name!r}", slo.service)
        for one in settings.journeys
        for slo in one.slos
        if slo.service
    ]
    for who, service in dict.fromkeys(named):
        if service not in graph:
            hint = did_you_mean(service, graph.services)
            yield f"{who} names the service {service!r}, which the topology does not know; {hint}"
    if not settings.journeys:
        yield "no journey is declared, so nothing is known to hurt users; declare `journeys:`"


def _kpis(settings: Settings) -> Iterator[str]:
    metrics = {signal.name for source in settings.measuring for signal in source.signals}
    claimed = {signal.kpi for source in settings.measuring for signal in source.signals}
    for kpi in settings.kpis:
        if metrics and kpi.metric not in metrics and kpi.name not in claimed:
            hint = did_you_mean(kpi.metric, metrics)
            yield f"KPI {kpi.name!r}: no signal of a source is its metric {kpi.metric!r}; {hint}"
        if is_currency(kpi.unit) and settings.currency and kpi.unit[:3] != settings.currency:
            yield (
                f"KPI {kpi.name!r} is in {kpi.unit[:3]}, the installation in {settings.currency}; "
                "nothing is converted"
            )


def _slos(settings: Settings) -> Iterator[str]:
    metrics = {signal.name for source in settings.measuring for signal in source.signals}
    for journey in settings.journeys if metrics else ():
        for slo in journey.slos:
            named = (slo.errors, slo.good, slo.bad, slo.total, slo.latency)
            for metric in filter(None, dict.fromkeys(named)):
                if metric not in metrics:
                    hint = did_you_mean(metric, metrics)
                    who = f"the {slo.sli.value} SLO of journey {journey.name!r}"
                    yield f"{who}: no signal of a source is its metric {metric!r}; {hint}"


def _owners(settings: Settings, graph: ServiceGraph) -> Iterator[str]:
    teams = {team.name for team in settings.teams}
    owners = {service.owner for service in graph.services.values() if service.owner}
    owners |= {journey.owner for journey in settings.journeys if journey.owner}
    if teams:
        for owner in sorted({*owners, settings.policies.paging.default_owner} - teams):
            yield f"the owner {owner!r} is no declared team; {did_you_mean(owner, teams)}"
    may_ask = any(sink.kind == "pagerduty" and sink.api_token for sink in settings.sinks)
    for team in settings.teams:
        if team.schedule and not may_ask:
            yield (
                f"team {team.name!r} has a schedule at PagerDuty that nobody may read; declare a "
                "pagerduty sink and set AIOPS_PAGERDUTY_API_TOKEN"
            )
    alone = [name for name, service in graph.services.items() if not service.owner]
    if alone:
        shown = ", ".join(alone[:5]) + (" …" if len(alone) > 5 else "")
        default = settings.policies.paging.default_owner
        count = "1 service has" if len(alone) == 1 else f"{len(alone)} services have"
        yield f"{count} no owner ({shown}); incidents go to {default!r}"


def _environments(settings: Settings) -> Iterator[str]:
    paging = settings.policies.paging
    if settings.default_env not in paging.known_environments:
        hint = did_you_mean(settings.default_env, paging.known_environments)
        yield f"default_env {settings.default_env!r} is no declared environment; {hint}"
    if paging.mode is not Mode.OBSERVE and not paging.paging_environments:
        yield "no environment pages; write `pages: true` below one of `environments:`"


def _unset(source: MetricSourceSettings) -> str:
    """Return the variable a source was promised that nobody set; empty for none."""
    if isinstance(source, PrometheusSettings) and source.bearer_token is None:
        return source.bearer_token_env or ""
    return source.url_env if isinstance(source, SqlSettings) and source.url is None else ""


def _sources(settings: Settings) -> Iterator[str]:
    if not settings.is_fed:
        yield "no source is declared, so there is nothing to watch; declare `sources:`"
    for source in settings.sources:
        if not source.signals and source.kind != OTLP_TRACES:
            yield f"source {source.name!r} is asked for nothing; declare its `signals:`"
        variable = _unset(source)
        if variable:
            yield (
                f"source {source.name!r}: {variable} is not set; set it, or name a "
                f"file with it in {variable}_FILE"
            )

    for pushing in settings.pushed_sources:
        if not pushing.signals:
            yield f"source {pushing.name!r}: nothing it sends is kept; declare its `signals:`"
    yield from _senders(settings)


def _senders(settings: Settings) -> Iterator[str]:
    """Yield which sources nobody can send as."""
    for sender in settings.senders:
        if sender.token_env and not sender.tokens:
            yield (
                f"source {sender.name!r}: {sender.token_env} is not set, so nobody may send; set "
                f"it, or name a file with it in {sender.token_env}_FILE"
            )
        if sender.is_signed and any(is_digest(one.get_secret_value()) for one in sender.tokens):
            yield (
                f"source {sender.name!r}: {sender.token_env} holds a digest (sha256:…), with which "
                "no signature can be verified; set it to the secret itself"
            )


def _sinks(settings: Settings) -> Iterator[str]:
    paging = settings.policies.paging
    if paging.mode is not Mode.OBSERVE and not paging.page_sinks:
        yield f"mode is {paging.mode.value}, but pages go nowhere; declare `sinks:` and `page_to:`"
    if _pages_by_pagerduty(settings) and not settings.pagerduty_webhook_secrets:
        yield (
            "what people say at PagerDuty is not heard here, nor what others page there: set "
            "AIOPS_PAGERDUTY_WEBHOOK_SECRET, or …_FILE (`aiops help sink pagerduty`)"
        )
    yield from _notes(settings)
    beat = settings.heartbeat
    if beat.url_env and beat.url is None:
        yield (
            f"nobody elsewhere hears whether signals come through: {beat.url_env} is not set; "
            f"set it, or name a file with it in {beat.url_env}_FILE (`aiops help heartbeat`)"
        )
    for sink in settings.sinks:
        if sink.secret is None:
            name = sink.secret_name
            yield f"sink {sink.name!r} cannot send: set {name}, or {name}_FILE"
        if sink.kind == "slack" and settings.slack_signing_secret is None:
            yield "Slack commands are refused: set AIOPS_SLACK_SIGNING_SECRET, or …_FILE"
        for team in settings.teams:
            key = team.pagerduty_key
            if sink.kind == "pagerduty" and key and key not in sink.team_secrets:
                yield f"team {team.name!r}: {key} is not set; its pages use the common routing key"


def _notes(settings: Settings) -> Iterator[str]:
    """Yield what notes to incidents of others lack, where somebody wants them."""
    paging = settings.policies.paging
    for sink in settings.sinks:
        if sink.write_as and sink.write_token is None:
            yield (
                f"sink {sink.name!r} writes no notes: set AIOPS_PAGERDUTY_WRITE_TOKEN to a key of "
                "PagerDuty's REST API that may write, or …_FILE"
            )
        if sink.write_token is not None and not sink.write_as:
            yield (
                f"sink {sink.name!r} writes no notes: name the PagerDuty user they are of, by "
                f"e-mail address, in `sinks.{sink.name}.write_as`"
            )
    modes = {paging.mode, *(mode for _, mode in paging.team_modes)}
    if paging.mode is not Mode.OBSERVE and Mode.BESIDE in modes and not paging.adopting_sink:
        yield (
            "mode is beside, but incidents at PagerDuty get no notes; set `write_as:` of a "
            "pagerduty sink and AIOPS_PAGERDUTY_WRITE_TOKEN"
        )


def _pages_by_pagerduty(settings: Settings) -> bool:
    paging = settings.policies.paging
    pagers = {sink.name for sink in settings.sinks if sink.kind == "pagerduty"}
    return paging.mode is not Mode.OBSERVE and not pagers.isdisjoint(paging.page_sinks)


def _web(settings: Settings) -> Iterator[str]:
    host = settings.web.base_url.partition("://")[2].partition("/")[0].rpartition(":")[0]
    private = is_loopback(host.strip("[]")) or host in ("0.0.0.0", "[::]")  # noqa: S104 - compared
    if settings.policies.paging.mode is not Mode.OBSERVE and private:
        yield (
            f"links in messages lead to {settings.web.base_url}, which only this machine can open; "
            "set `web.base_url`"
        )
