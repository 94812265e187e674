from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from textwrap import dedent

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from aiops.domain.errors import ConfigurationError
from aiops.domain.policies import Limit, Mode
from aiops.domain.series import Direction, Family
from aiops.domain.slos import Budgeting, Sli
from aiops.domain.symptoms import Origin
from aiops.settings import PrometheusSettings, Settings, load
from topology.attributes import Service, ServiceKind
from topology.graph import ServiceGraph

FULL = """
    mode: in path
    currency: EUR
    regions: [EU, US, NO]
    segments: [retail]
    holidays: [2026-12-25]
    default_env: prod
    environments:
      prod: {pages: true}
      staging:
    topology: topology.yaml
    services:
      checkout: {kind: edge, owner: web}
      orders-db:
    journeys:
      - name: checkout
        steps: [shop, {service: checkout, operation: POST /checkout}]
        services: [orders-db, checkout]
        kpis: [revenue per minute]
        owner: web
        value_per_success: 32.5
    kpis:
      - {name: revenue per minute, metric: revenue, service: checkout, unit: EUR,
         journey: checkout, bad_direction: down}
      - {name: refunds, metric: refunds, unit: EUR, per: hour, bad_direction: up}
    teams:
      payments:
        members: [ada, grace]
        rotation_start: 2026-01-05T10:00:00+01:00
        rotation_length_days: 3.5
        pagerduty_key_env: AIOPS_PAYMENTS_ROUTING_KEY
      web: {title: The web people, slack_channel: "#web"}
    sources:
      prometheus:
        url: http://127.0.0.1:9090/
        step_seconds: 15
        bearer_token_env: AIOPS_PROMETHEUS_TOKEN
        labels: {service: app, region: [region, zone]}
        signals:
          - {name: error_ratio, query: "errors / all", unit: "1", labels: peer}
          - {name: revenue, query: sum(revenue), family: kpi, bad_direction: down, title: revenue}
    sinks:
      pagerduty: {kind: pagerduty, events_url: http://127.0.0.1:1/v2/enqueue}
      slack: {kind: slack, channel: "#ops"}
    page_to: [pagerduty, slack]
    default_owner: web
    detect:
      bar: 6
      gap_ticks: 4
      important: ["checkout:*"]
      limits: [{metric: queue_depth, service: orders, above: 5000}]
    life: {watch_seconds: 1800}
    settle_seconds: 0
    web: {port: 0}
    retention: {history_days: 60}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "aiops.yaml"
    path.write_text(dedent(text))
    (folder / "topology.yaml").write_text("services: {}\n")
    return path


def full(folder: Path, environ: Mapping[str, str] | None = None) -> Settings:
    return load(write(folder, FULL), environ or {})


def complaint(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(write(folder, text), environ or {})
    return str(caught.value)


def test_without_file_and_environment_there_are_quiet_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load(None, {})
    assert settings.config_path is None
    assert settings.data_dir == tmp_path / ".aiops"
    assert settings.database_url == f"sqlite:///{tmp_path}/.aiops/aiops.db"
    assert settings.history_url == f"sqlite:///{tmp_path}/.aiops/history.db"
    assert settings.redis_url is None
    assert settings.origin is Origin.LIVE
    assert settings.policies.paging.mode is Mode.OBSERVE
    assert settings.policies.paging.page_sinks == ()
    assert settings.policies.paging.paging_environments == {"prod"}
    assert settings.topology_texts()[0][0].strip() == "services: {}"


def test_the_file_is_found_by_argument_then_environment_then_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("argument", "environment", "here"):
        (tmp_path / name).mkdir()
        write(tmp_path / name, f"default_owner: {name}")
    monkeypatch.chdir(tmp_path / "here")
    environ = {"AIOPS_CONFIG": str(tmp_path / "environment" / "aiops.yaml")}
    argument = tmp_path / "argument" / "aiops.yaml"
    owners = [
        load(path, environment).policies.paging.default_owner
        for path, environment in ((argument, environ), (None, environ), (None, {}))
    ]
    assert owners == ["argument", "environment", "here"]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no file .*missing\.yaml.*aiops init"):
        load(tmp_path / "missing.yaml", {})


def test_journeys_kpis_and_teams_become_domain_values(tmp_path: Path) -> None:
    settings = full(tmp_path)
    journey = settings.journeys[0]
    assert journey.entry == "shop"
    assert journey.services == ("shop", "checkout", "orders-db")
    assert journey.steps[1].operation == "POST /checkout"
    revenue, refunds = settings.kpis
    assert (revenue.unit, refunds.unit) == ("EUR", "EUR/h")
    assert refunds.bad_direction is Direction.UP
    payments, web = settings.teams
    assert payments.title == "Payments team"
    assert payments.rotation_start == datetime(2026, 1, 5, 9, tzinfo=UTC)
    assert payments.rotation_length == timedelta(days=3.5)
    assert web.title == "The web people"


NOTING = """\
mode: beside
sinks:
  chat: {kind: slack}
  pd: {kind: pagerduty, write_as: ops@shop.example, merge: true, services: {PF9KMXH: checkout}}
"""


def test_pages_of_others_are_adopted_where_a_token_may_write_and_a_name_is_given(
    tmp_path: Path,
) -> None:
    path = tmp_path / "aiops.yaml"
    path.write_text(NOTING)
    assert load(path, {}).policies.paging.adopting_sink == ""
    settings = load(path, {"AIOPS_PAGERDUTY_WRITE_TOKEN": "w"})
    paging, sink = settings.policies.paging, settings.sinks[1]
    assert (paging.adopting_sink, paging.page_services) == ("pd", (("PF9KMXH", "checkout"),))
    assert (sink.write_as, sink.merge) == ("ops@shop.example", True)
    assert "w" not in repr(sink.write_token)
    path.write_text(NOTING.replace("write_as: ops@shop.example, ", ""))
    assert load(path, {"AIOPS_PAGERDUTY_WRITE_TOKEN": "w"}).policies.paging.adopting_sink == ""
    path.write_text(NOTING.replace("ops@shop.example", "ops"))
    with pytest.raises(ConfigurationError, match="the e-mail address of a user at PagerDuty"):
        load(path, {})


def test_a_team_may_have_a_mode_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "aiops.yaml"
    path.write_text("mode: in_path\nteams: {search: {mode: in path}, web: {mode: beside}, a: {}}\n")
    paging = load(path, {}).policies.paging
    assert paging.team_modes == (("search", Mode.IN_PATH), ("web", Mode.BESIDE))


def test_what_is_promised_of_a_journey_becomes_its_slos(tmp_path: Path) -> None:
    path = tmp_path / "aiops.yaml"
    path.write_text(
        """\
journeys:
  - name: checkout
    entry: shop
    slos:
      - {sli: availability, objective: 99.5}
      - {sli: latency, objective: 99, window_days: 7, threshold_seconds: 0.5, service: pay}
      - {sli: latency, service: orders, good: in_time, total: all, slice_objective: 95,
         budgeting: timeslices}
"""
    )
    available, fast, sliced = load(path, {}).journeys[0].slos
    assert (available.objective, available.window_days) == (0.995, 28)
    assert available.budgeting is Budgeting.OCCURRENCES
    assert not available.assumed
    assert (fast.sli, fast.threshold_seconds, fast.service) == (Sli.LATENCY, 0.5, "pay")
    assert fast.budgeting is Budgeting.TIMESLICES  # one latency tells of no single request
    assert (sliced.good, sliced.total, sliced.slice_objective) == ("in_time", "all", 0.95)


def test_words_stay_words_and_only_what_should_be_a_number_becomes_one(tmp_path: Path) -> None:
    settings = full(tmp_path)
    assert settings.regions == ("EU", "US", "NO")
    assert settings.holidays == {date(2026, 12, 25)}
    assert settings.policies.detect.holidays == settings.holidays
    assert settings.policies.detect.bar == 6.0
    assert settings.policies.detect.important == ("checkout:*",)
    assert settings.policies.detect.limits == (
        Limit(metric="queue_depth", service="orders", above=5000),
    )
    assert settings.policies.life.watch_seconds == 1800


def test_paging_follows_environments_sinks_and_mode(tmp_path: Path) -> None:
    paging = full(tmp_path).policies.paging
    assert paging.mode is Mode.IN_PATH
    assert paging.paging_environments == {"prod"}
    assert paging.known_environments == {"prod", "staging"}
    assert paging.page_sinks == ("pagerduty", "slack")
    assert paging.ticket_sinks == ("slack",)
    assert paging.settle_seconds == 0


def test_a_source_comes_with_its_signals_and_labels(tmp_path: Path) -> None:
    (source,) = full(tmp_path, {"AIOPS_PROMETHEUS_TOKEN": "abc"}).sources
    assert isinstance(source, PrometheusSettings)
    assert (source.name, source.url, source.step_seconds) == (
        "prometheus",
        "http://127.0.0.1:9090",
        15,
    )
    assert source.labels.service == ("app",)
    assert source.labels.region == ("region", "zone")
    assert source.labels.env == ("env", "environment")
    assert source.signals[0].labels == ("peer",)
    assert source.signals[1].family is Family.KPI
    assert source.bearer_token is not None
    assert source.bearer_token.get_secret_value() == "abc"


def test_paths_start_from_the_folder_of_the_file(tmp_path: Path) -> None:
    settings = full(tmp_path)
    assert settings.topology_path == tmp_path / "topology.yaml"
    assert settings.topology_texts() == (("services: {}\n", str(tmp_path / "topology.yaml")),)


def test_declared_services_change_only_what_they_say(tmp_path: Path) -> None:
    settings = full(tmp_path)
    known = (
        Service(name="checkout", kind=ServiceKind.APP, owner="old", tier=1, regions=("EU",)),
        Service(name="orders-db", kind=ServiceKind.EXTERNAL, owner="data"),
    )
    graph = settings.with_services(ServiceGraph.from_edges(known, ()))
    assert graph.service("checkout") == Service(
        name="checkout", kind=ServiceKind.EDGE, owner="web", tier=1, regions=("EU",)
    )
    assert graph.service("orders-db") == known[1]


def test_a_graph_of_which_nothing_is_declared_is_taken_as_it_is(tmp_path: Path) -> None:
    settings = replace(full(tmp_path), services=())
    graph = ServiceGraph.from_edges((Service(name="checkout"),), ())
    assert settings.with_services(graph) is graph


def test_secrets_come_from_the_environment_or_a_file_and_are_never_shown(tmp_path: Path) -> None:
    (tmp_path / "slack").write_text("xoxb-from-file\n")
    environ = {
        "AIOPS_PAGERDUTY_ROUTING_KEY": "pd-common-secret",
        "AIOPS_PAYMENTS_ROUTING_KEY": "pd-payments-secret",
        "AIOPS_SLACK_BOT_TOKEN_FILE": str(tmp_path / "slack"),
        "AIOPS_SLACK_SIGNING_SECRET": "signing-secret",
        "AIOPS_WEB_TOKEN": "web-secret",
        "AIOPS_DATABASE_URL": "postgresql+psycopg://aiops:db-secret@127.0.0.1/aiops",
        "REDIS_URL": "redis://:redis-secret@127.0.0.1/0",
    }
    settings = full(tmp_path, environ)
    pagerduty, slack = settings.sinks
    assert pagerduty.secret is not None
    assert pagerduty.secret.get_secret_value() == "pd-common-secret"
    assert (
        pagerduty.team_secrets["AIOPS_PAYMENTS_ROUTING_KEY"].get_secret_value()
        == "pd-payments-secret"
    )
    assert slack.secret is not None
    assert slack.secret.get_secret_value() == "xoxb-from-file"
    assert settings.history_url == settings.database_url
    shown = repr(settings) + str(settings) + f"{settings}"
    for secret in ("pd-", "xoxb", "signing-", "web-secret", "db-secret", "redis-secret"):
        assert secret not in shown


def test_a_sink_without_its_secret_is_named_where_it_is_needed(tmp_path: Path) -> None:
    settings = full(tmp_path, {"AIOPS_SLACK_BOT_TOKEN": "xoxb-1"})
    with pytest.raises(ConfigurationError, match="AIOPS_PAGERDUTY_ROUTING_KEY_FILE") as caught:
        settings.require_deliverable()
    assert "slack" not in str(caught.value)


def test_a_unix_socket_is_spelled_for_celery(tmp_path: Path) -> None:
    settings = full(tmp_path, {"REDIS_URL": "unix:///run/a%20b/redis.sock?db=2"})
    assert settings.broker_url == "redis+socket:///run/a%20b/redis.sock?virtual_host=2"
    assert full(tmp_path, {"REDIS_URL": "redis://h/1"}).broker_url == "redis://h/1"
    with pytest.raises(ConfigurationError, match="REDIS_URL"):
        _ = full(tmp_path).broker_url


def test_every_wrong_setting_is_named_at_once_with_line_and_path(tmp_path: Path) -> None:
    message = complaint(
        tmp_path,
        """\
        mode: sometimes
        jurneys: []
        journeys:
          - name: checkout
            steps:
              - {operation: pay}
        kpis:
          - name: revenue
            metric: revenue
            bad_direction: sideways
        sources:
          prometheus:
            step_seconds: soon
            signals: [{name: x, query: y, famly: errors}]
        detect: {bar: -1}
        severity: {p1_error_ratio: 5}
        page_to: [pagerdooty]
        sinks: {pagerduty: {kind: pagerduty}}
        web: {host: 0.0.0.0}
        topology: nowhere.yaml
        """,
        {"AIOPS_ORIGIN": "dream", "AIOPS_LOG_LEVEL": "LOUD"},
    )
    for part in (
        "aiops.yaml:1: mode: found 'sometimes', expected 'observe', 'beside' or 'in_path'",
        "aiops.yaml:2: jurneys: found a name nobody knows here; did you mean 'journeys'?",
        "aiops.yaml:6: journeys[0].steps[0].service: found nothing, expected the service",
        "aiops.yaml:10: kpis[0].bad_direction: found 'sideways', expected 'up', 'down' or 'both'",
        "aiops.yaml:12: sources.prometheus.url: found nothing, expected the address of Prometheus",
        "aiops.yaml:13: sources.prometheus.step_seconds: found 'soon', expected a whole number",
        "aiops.yaml:14: sources.prometheus.signals[0].famly: found a name nobody knows here; "
        "did you mean 'family'?",
        "aiops.yaml:15: detect.bar: found '-1.0', expected a number greater than 0",
        "aiops.yaml:16: severity.p1_error_ratio: found '5.0', expected a share from 0 to 1",
        "aiops.yaml:17: page_to[0]: found 'pagerdooty', expected a declared sink; "
        "did you mean 'pagerduty'?",
        "aiops.yaml:19: web.host: found '0.0.0.0', which others can reach",
        "aiops.yaml:20: topology: found 'nowhere.yaml', but there is no file",
        "environment: AIOPS_ORIGIN: found 'dream', expected one of live, demo, drill, replay",
    ):
        assert part in message
    assert "AIOPS_LOG_LEVEL" in message
    assert len(message.splitlines()) == 14


def slo(text: str) -> str:
    return f"journeys: [{{name: a, entry: s, slos: [{{{text}}}]}}]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("currency: Euro", "currency code of three capitals"),
        ("holidays: [christmas]", "a date, as 2026-12-25"),
        ("holidays: 5", "expected a list"),
        (
            "windows: [{name: a, matchers: checkout, start: 22:00, end: 23:00}]",
            "as service=checkout",
        ),
        ("windows: [{name: a, matchers: 'a=~(', start: 22:00, end: 23:00}]", "as service=checkout"),
        (
            "windows: [{name: a, matchers: a=b, start: 25:00, end: 23:00}]",
            "a time of day, as 22:00",
        ),
        ("windows: [{name: a, matchers: a=b, start: noon, end: 23:00}]", "a time of day, as 22:00"),
        ("windows: [{name: a, matchers: a=b, start: 22:00}]", "the time of day it ends"),
        ("windows: [{name: a, matchers: [], start: 22:00, end: 23:00}]", "at least one value"),
        ("escalation: {P1: [{to: [x]}]}", "so many minutes after the page"),
        ("escalation: {P1: [{after_minutes: 5, to: [x]}]}", "escalation.P1[0].to[0]: found 'x'"),
        ("escalation: {P4: []}", "'P1' or 'P2'"),
        ("sources: {a: {url: 'http://x', zone: Mars/Base}}", "name of a time zone, as Europe/"),
        ("sources: {a: {url: 'http://x', zones: {EU: '../etc'}}}", "the name of a time zone"),
        ("environments: {prod: {pages: maybe}}", "expected true or false"),
        ("environments: [prod]", "expected a mapping"),
        ("environments: {'a b': {pages: true}}", "a name of letters, digits"),
        ("teams: {a: {rotation_start: 2026-01-05}}", "a time with its zone"),
        ("teams: {a: {rotation_start: '2026-01-05T09:00:00'}}", "a time with its zone"),
        ("teams: {a: {rotation_length_days: 0}}", "a number greater than 0"),
        ("web: {port: 70000}", "a number of at most 65535"),
        ("detect: {bar: .nan}", "bar: found '.nan', expected a number"),
        ("detect: {baar: 3}", "did you mean 'bar'?"),
        ("detect: 5", "expected a mapping"),
        ("detect: {persistence_ticks: 4}", "which nothing reaches"),
        ("detect: {important_factor: 2}", "important_factor: found 2.0, expected at most 1"),
        ("detect: {noisy_factor: 0.5}", "noisy_factor: found 0.5, expected at least 1"),
        ("sources: {p: {url: 'ftp://x'}}", "begins with http:// or https://"),
        ("sinks: {p: {}}", "the kind of sink: pagerduty, slack"),
        ("sinks: {p: {kind: slack, fallback: q}}", "sinks.p.fallback: found 'q'"),
        ("sinks: {p: {kind: slack, fallback: p}}", "is the sink itself; name another"),
        ("sinks: {p: {kind: webhook}}", "expected the address of your receiver"),
        ("sinks: {p: {kind: jira, project: OPS}}", "expected the address of your site"),
        ("sinks: {p: {kind: jira, url: 'https://x'}}", "expected the key of the project"),
        ("sinks: {p: {kind: jira, project: ops}}", "expected the key of a project, as OPS"),
        ("sinks: {p: {kind: email}}", "expected your server, as smtps://mail.example.com"),
        ("sinks: {p: {kind: email, smtp: 'https://x'}}", "expected a mail server, as smtps"),
        ("sinks: {p: {kind: email, smtp: 'smtp://u:p@x'}}", "smtp"),
        ("sinks: {p: {kind: email, smtp: 'smtp://x'}}", "expected the address mails come from"),
        ("sinks: {p: {kind: email, sender: 'a@b'}}", "expected the addresses mails go to"),
        ("sinks: {p: {kind: email, sender: 'a b'}}", "expected an e-mail address"),
        ("journeys: [{name: a}]", "journeys[0].entry: found no service"),
        ("journeys: [{name: a, entry: s}, {name: a, entry: s}]", "journeys[0] is called too"),
        (
            "severity: {p1_burn_rate: 2}",
            "p1_burn_rate: found 2.0, expected at least",
        ),
        (slo("objective: 99"), "slos[0].sli: found nothing, expected what is measured"),
        (slo("sli: uptime"), "slos[0].sli: found 'uptime', expected 'availability' or 'latency'"),
        (
            slo("sli: availability, objective: 100"),
            "objective: found '100', expected a number",
        ),
        (slo("sli: availability, objektive: 99"), "did you mean 'objective'?"),
        (slo("sli: availability, window_days: 0"), "a number of at least 1"),
        (slo("sli: availability, budgeting: hours"), "'occurrences' or 'timeslices'"),
        (slo("sli: availability, good: g"), "slos[0].total: found nothing, expected the metric"),
        (
            slo("sli: availability, good: g, bad: b, total: t"),
            "slos[0].bad: found `good` and",
        ),
        (slo("sli: availability, bad: b, total: t, errors: e"), "expected one of them"),
        (slo("sli: availability, threshold_seconds: 1"), "expected none in an availability"),
        (slo("sli: latency, threshold_seconds: 1, errors: e"), "slos[0].errors: found failures"),
        (slo("sli: latency"), "threshold_seconds: found nothing, expected the seconds"),
        (slo("sli: latency, threshold_seconds: 1, budgeting: occurrences"), "expected timeslices"),
        (slo("sli: availability, slice_objective: 99"), "found 99, which nothing reads here"),
        (slo("sli: availability, operation: /pay"), "found the operation '/pay' of no service"),
        (slo("sli: availability}, {sli: availability"), "slos[1].sli: found a second availability"),
        ("kpis: [{name: a, metric: m, journey: b}]", "expected a declared journey"),
        ("journeys: [{name: a, entry: s, kpis: [x]}]", "journeys[0].kpis[0]: found 'x'"),
        ("mode: observe\nmode: beside", "key 'mode' again (first on line 1)"),
        ("mode: [", "neither YAML nor JSON"),
        ("- mode", "expected settings as `name: value` lines"),
        ("mode: observe\n---\nmode: beside", "a second document"),
        ("runbooks: topology.yaml", "there is no folder"),
    ],
)
def test_a_wrong_value_is_answered_with_what_was_expected(
    text: str, expected: str, tmp_path: Path
) -> None:
    assert expected in complaint(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    [
        "sinks: {pagerduty: {kind: pagerduty, routing_key: hunter2}}",
        "web: {token: hunter2}",
        "slack_bot_token: hunter2",
        "password: hunter2",
        "sources: {p: {url: 'http://user:hunter2@127.0.0.1:9090'}}",
        "sources: {p: {url: 'ftp://user:hunter2@127.0.0.1:9090'}}",
        "sources: {p: {url: 'http://x', bearer_token_env: hunter2}}",
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(text: str, tmp_path: Path) -> None:
    message = complaint(tmp_path, text)
    assert "hunter2" not in message
    assert "aiops.yaml:1" in message


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"AIOPS_WEB_TOKEN": "two words"}, "AIOPS_WEB_TOKEN: found spaces"),
        ({"AIOPS_WEB_TOKEN": "a", "AIOPS_WEB_TOKEN_FILE": "/b"}, "found it twice"),
        ({"AIOPS_WEB_TOKEN_FILE": "/nowhere/token"}, "/nowhere/token cannot be read"),
        ({"AIOPS_DATABASE_URL": "mysql://u:hunter2@h/d"}, "sqlite:// or postgresql://"),
        ({"AIOPS_RUNBOOKS_DIR": "/nowhere"}, "there is no folder /nowhere"),
    ],
)
def test_a_wrong_variable_is_named(environ: dict[str, str], expected: str, tmp_path: Path) -> None:
    message = complaint(tmp_path, "mode: observe", environ)
    assert expected in message
    assert "hunter2" not in message


def test_others_may_reach_the_web_server_when_it_has_a_token(tmp_path: Path) -> None:
    path = write(tmp_path, "web: {host: '::', port: 80}")
    assert load(path, {"AIOPS_WEB_TOKEN": "t"}).web.base_url == "http://[::]:80"


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["journeys", "kpis", "sources", "sinks", "detect", "name", "kind", "url", "web"]
            )
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(_values)
def test_any_file_is_loaded_or_refused_with_reasons(value: object) -> None:
    import tempfile

    import yaml

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "aiops.yaml"
        path.write_text(yaml.safe_dump(value, allow_unicode=True), encoding="utf-8")
        try:
            load(path, {})
        except ConfigurationError as error:
            assert "aiops.yaml:" in str(error)  # noqa: PT017 - either outcome is fine


def test_the_environment_may_name_the_address_to_bind_but_not_without_a_token() -> None:
    with pytest.raises(ConfigurationError, match=r"AIOPS_WEB_HOST.*others can reach"):
        load(None, {"AIOPS_WEB_HOST": "0.0.0.0"})  # noqa: S104 - refused
    open_to_all = {"AIOPS_WEB_HOST": "0.0.0.0", "AIOPS_WEB_TOKEN": "t"}  # noqa: S104 - with a token
    assert load(None, open_to_all).web.host == "0.0.0.0"  # noqa: S104 - as asked
    assert load(None, {"AIOPS_WEB_HOST": "127.0.0.2"}).web.host == "127.0.0.2"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert({trace_id})",
        "https://traces.example/",
        "https://{trace_id}/x",
        "https://traces.example/{trace_id}/{other}",
        'https://traces.example/{trace_id}"onclick="x',
        "ftp://traces.example/{trace_id}",
    ],
)
def test_a_trace_address_that_could_lead_elsewhere_is_refused(url: str, tmp_path: Path) -> None:
    path = tmp_path / "aiops.yaml"
    path.write_text(yaml.safe_dump({"traces": {"url": url}}))
    with pytest.raises(ConfigurationError, match=r"traces\.url"):
        load(path, {})


def test_a_trace_address_with_the_id_in_its_path_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "aiops.yaml"
    path.write_text("traces: {url: 'https://traces.example/ui?id={trace_id}'}\n")
    assert load(path, {}).trace_url == "https://traces.example/ui?id={trace_id}"
