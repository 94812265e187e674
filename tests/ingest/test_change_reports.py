"""From repositories, workflows and flags to services."""

from dataclasses import replace
from typing import Any

import pytest

from aiops.domain.change_reports import ChangeReport, MapRule
from aiops.domain.changes import ChangeKind
from aiops.ingest.change_reports import Mapped, mapped
from tests.builders import minute

REPORT = ChangeReport(
    key="1",
    kind=ChangeKind.DEPLOY,
    ref="v2",
    started_at=minute(0),
    env="production",
    facts={"repository": ("acme/shop",), "workflow": ("Deploy", "deploy.yml")},
)


def map_all(*reports: ChangeReport, rules: tuple[MapRule, ...] = (), **extra: Any) -> Mapped:
    known: dict[str, Any] = {
        "services": ["shop", "checkout", "search"],
        "environments": ["prod", "staging"],
        "default_env": "prod",
        "source": "github",
    }
    return mapped(reports, rules, **(known | extra))


def services(found: Mapped) -> list[str]:
    return [one.service for one in found.changes]


def test_the_first_rule_that_holds_says_what_a_change_is_about() -> None:
    rules = (
        MapRule(where={"repository": "acme/*", "workflow": "deploy.yml"}, services=("checkout",)),
        MapRule(where={"repository": "acme/*"}, services=("search",)),
    )
    assert services(map_all(REPORT, rules=rules)) == ["checkout"]
    other = replace(REPORT, facts={"repository": ("acme/shop",)})
    assert services(map_all(other, rules=rules)) == ["search"]


def test_a_rule_for_several_services_gives_a_change_for_each() -> None:
    rules = (MapRule(where={"repository": "acme/shop"}, services=("checkout", "search")),)
    found = map_all(REPORT, rules=rules)
    assert sorted(services(found)) == ["checkout", "search"]
    assert len({one.id for one in found.changes}) == 2


@pytest.mark.parametrize(
    ("report", "service"),
    [
        (replace(REPORT, service="checkout"), "checkout"),
        (replace(REPORT, facts={"application": ("search",)}), "search"),
        (REPORT, "shop"),
    ],
)
def test_without_a_rule_a_name_we_know_is_enough(report: ChangeReport, service: str) -> None:
    found = map_all(report)
    assert services(found) == [service]
    assert found.unmapped == ()
    assert found.changes[0].about == ""


def test_what_leads_to_no_service_is_a_candidate_and_is_listed() -> None:
    stray = replace(REPORT, service="unheard", facts={"flag": ("new-cart",)})
    found = map_all(stray)
    assert services(found) == ["unheard"]
    assert found.unmapped == (stray,)
    assert found.changes[0].about == "flag new-cart, named unheard, environment production"


def test_what_needs_a_rule_is_a_change_only_with_one() -> None:
    run = replace(REPORT, needs_rule=True)
    assert map_all(run).changes == ()
    rules = (MapRule(where={"workflow": "Deploy"}),)
    assert services(map_all(run, rules=rules)) == ["shop"]


@pytest.mark.parametrize(
    ("said", "tier", "env"),
    [
        ("production/eu", "production", "prod"),
        ("staging", "production", "staging"),
        ("review/x", "development", "review/x"),
        ("review/x", "", "review/x"),
    ],
)
def test_an_environment_nobody_knows_is_that_of_its_tier(said: str, tier: str, env: str) -> None:
    found = map_all(replace(REPORT, env=said, tier=tier))
    assert [one.env for one in found.changes] == [env]


def test_a_rule_that_names_no_workflow_makes_no_deploy_of_every_run() -> None:
    run = replace(REPORT, needs_rule=True)
    whole = MapRule(where={"repository": "acme/*"}, services=("search",))
    named = MapRule(where={"repository": "acme/*", "workflow": "Deploy"}, services=("checkout",))
    assert map_all(run, rules=(whole,)).changes == ()
    assert services(map_all(run, rules=(whole, named))) == ["checkout"]
    assert services(map_all(REPORT, rules=(whole, named))) == ["search"]


def test_a_report_says_in_words_what_it_is_about() -> None:
    assert (
        REPORT.words == "repository acme/shop, workflow Deploy, deploy.yml, environment production"
    )


@pytest.mark.parametrize(
    ("said", "env"),
    [
        ("production", "prod"),
        ("Production", "prod"),
        ("stage", "staging"),
        ("eu-1", "eu-1"),
        ("", "prod"),
    ],
)
def test_an_environment_is_known_by_its_usual_names(said: str, env: str) -> None:
    assert map_all(replace(REPORT, env=said)).changes[0].env == env


def test_a_rule_can_say_the_environment() -> None:
    rules = (MapRule(where={"environment": "eu-*"}, env="prod"),)
    found = map_all(replace(REPORT, env="eu-1"), rules=rules)
    assert [(one.service, one.env) for one in found.changes] == [("shop", "prod")]


def test_reports_with_one_key_are_one_change() -> None:
    later = replace(REPORT, started_at=minute(9), status="finished", ended_at=minute(9))
    assert map_all(REPORT).changes[0].id == map_all(later).changes[0].id
    assert map_all(REPORT).changes[0].id != map_all(replace(REPORT, key="2")).changes[0].id
    assert map_all(REPORT).changes[0].id != map_all(REPORT, source="ci").changes[0].id
