from dataclasses import replace

import pytest
from pydantic import SecretStr

from aiops.domain.journeys import Journey, Kpi, Team
from aiops.domain.policies import Mode, PagingPolicy, Policies
from aiops.settings import (
    SIGNED_KINDS,
    ChangeSourceSettings,
    PrometheusSettings,
    Settings,
    SignalSettings,
    SinkSettings,
    WebSettings,
    lint,
)
from topology.attributes import Service
from topology.graph import ServiceGraph

GRAPH = ServiceGraph.from_edges([Service(name="checkout", owner="web")], ())
PROMETHEUS = PrometheusSettings(
    name="prom",
    url="http://127.0.0.1:9090",
    signals=(SignalSettings(name="revenue", query="revenue"),),
)
SOUND = Settings(
    journeys=(Journey(name="buy", entry="checkout", services=("checkout",), owner="web"),),
    kpis=(Kpi(name="revenue per minute", metric="revenue", service="checkout", unit="EUR"),),
    teams=(Team(name="web", title="Web team"), Team(name="platform", title="Platform team")),
    currency="EUR",
    sources=(PROMETHEUS,),
    sinks=(SinkSettings(name="pd", kind="pagerduty", url="http://x", secret=SecretStr("s")),),
    policies=Policies(paging=PagingPolicy(mode=Mode.IN_PATH, page_sinks=("pd",))),
    web=WebSettings(base_url="https://aiops.example.com"),
    pagerduty_webhook_secrets=(SecretStr("w"),),
)


def paging(**changes: object) -> Policies:
    return Policies(paging=replace(SOUND.policies.paging, **changes))  # type: ignore[arg-type]


def test_sound_settings_give_no_reason_to_speak() -> None:
    assert lint(SOUND, GRAPH) == ()


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            replace(SOUND, journeys=(Journey(name="buy", entry="a", services=("chekout",)),)),
            "journey 'buy' names the service 'chekout', which the topology does not know; "
            "did you mean 'checkout'?",
        ),
        (replace(SOUND, journeys=()), "no journey is declared"),
        (
            replace(SOUND, kpis=(Kpi(name="orders", metric="revenu"),)),
            "KPI 'orders': no signal of a source is its metric 'revenu'; did you mean 'revenue'?",
        ),
        (replace(SOUND, currency="USD"), "is in EUR, the installation in USD"),
        (replace(SOUND, teams=SOUND.teams[1:]), "the owner 'web' is no declared team"),
        (replace(SOUND, default_env="live"), "default_env 'live' is no declared environment"),
        (replace(SOUND, policies=paging(paging_environments=frozenset())), "no environment pages"),
        (replace(SOUND, policies=paging(page_sinks=())), "mode is in_path, but pages go nowhere"),
        (replace(SOUND, sources=()), "no source is declared"),
        (
            replace(SOUND, sources=(replace(SOUND.sources[0], signals=()),), kpis=()),
            "source 'prom' is asked for nothing",
        ),
        (
            replace(SOUND, sources=(replace(PROMETHEUS, bearer_token_env="AIOPS_T"),)),
            "AIOPS_T is not set",
        ),
        (
            replace(SOUND, sinks=(replace(SOUND.sinks[0], secret=None),)),
            "sink 'pd' cannot send: set AIOPS_PAGERDUTY_ROUTING_KEY",
        ),
        (
            replace(SOUND, sinks=(replace(SOUND.sinks[0], kind="slack"),)),
            "set AIOPS_SLACK_SIGNING_SECRET",
        ),
        (
            replace(
                SOUND, teams=(*SOUND.teams, Team(name="x", title="X", pagerduty_key="AIOPS_X"))
            ),
            "AIOPS_X is not set; its pages use the common routing key",
        ),
        (
            replace(SOUND, pagerduty_webhook_secrets=()),
            "is not heard here, nor what others page there: set AIOPS_PAGERDUTY_WEBHOOK_SECRET",
        ),
        (replace(SOUND, web=WebSettings()), "which only this machine can open"),
    ],
)
def test_what_looks_wrong_is_told_with_what_to_do(settings: Settings, expected: str) -> None:
    (sentence,) = [found for found in lint(settings, GRAPH) if expected in found]
    assert sentence


@pytest.mark.parametrize("kind", SIGNED_KINDS)
def test_a_digest_that_signatures_cannot_be_verified_with_is_told(kind: str) -> None:
    def told(*secrets: str) -> str:
        tokens = tuple(map(SecretStr, secrets))
        one = ChangeSourceSettings(name="gh", kind=kind, token_env="AIOPS_S", tokens=tokens)
        return "\n".join(lint(replace(SOUND, change_sources=(one,)), GRAPH))

    assert told("secret") == ""
    assert "source 'gh': AIOPS_S holds a digest" in told("secret", f"sha256:{'0' * 64}")
    assert "AIOPS_S is not set, so nobody may send" in told()


def test_a_digest_is_no_matter_where_tokens_are_presented() -> None:
    tokens = (SecretStr(f"sha256:{'0' * 64}"),)
    one = ChangeSourceSettings(name="gl", kind="gitlab", token_env="AIOPS_S", tokens=tokens)
    assert lint(replace(SOUND, change_sources=(one,)), GRAPH) == ()


def test_what_notes_need_is_told_where_somebody_wants_them() -> None:
    pd = SOUND.sinks[0]

    def told(sink: SinkSettings, **changes: object) -> str:
        return "\n".join(lint(replace(SOUND, sinks=(sink,), policies=paging(**changes)), GRAPH))

    named = replace(pd, write_as="ops@shop.example")
    assert "set AIOPS_PAGERDUTY_WRITE_TOKEN" in told(named)
    assert "in `sinks.pd.write_as`" in told(replace(pd, write_token=SecretStr("w")))
    assert told(replace(named, write_token=SecretStr("w"))) == ""
    assert "mode is beside, but" in told(pd, team_modes=(("web", Mode.BESIDE),))
    assert "mode is beside" not in told(pd, mode=Mode.BESIDE, adopting_sink="pd")


@pytest.mark.parametrize("changes", [{"mode": Mode.OBSERVE}, {"page_sinks": ("chat",)}])
def test_where_nothing_is_paged_by_pagerduty_its_webhook_is_not_asked_for(
    changes: dict[str, object],
) -> None:
    silent = replace(SOUND, pagerduty_webhook_secrets=(), policies=paging(**changes))
    assert not [found for found in lint(silent, GRAPH) if "WEBHOOK_SECRET" in found]


def test_services_nobody_owns_are_counted() -> None:
    graph = ServiceGraph.from_edges([*GRAPH.services.values(), Service(name="mail")], ())
    assert "1 service has no owner (mail)" in "\n".join(lint(SOUND, graph))


def test_a_schedule_that_nobody_may_read_is_told() -> None:
    scheduled = (Team(name="web", title="Web team", schedule="PI7DH85"), *SOUND.teams[1:])
    settings = replace(SOUND, teams=scheduled)
    (told,) = lint(settings, GRAPH)
    assert "team 'web' has a schedule at PagerDuty that nobody may read" in told
    asking = replace(SOUND.sinks[0], api_token=SecretStr("key"))
    assert lint(replace(settings, sinks=(asking,)), GRAPH) == ()
