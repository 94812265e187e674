"""What GitLab's webhooks say of changes, beyond what all tools promise."""

import itertools
import json
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any

import pytest

from aiops.domain.changes import ChangeKind
from aiops.domain.errors import InputError
from aiops.domain.words import Passed
from aiops.ingest import gitlab
from aiops.store.changes import merge
from tests.contracts.test_change_reports import BODIES, NOW, changes
from tests.ingest.test_change_tools import body

FLAG = {
    "object_kind": "feature_flag",
    "project": {"path_with_namespace": "acme/shop"},
    "user": {"username": "ann"},
}


def read(event: str, **changed: Any) -> Any:
    return gitlab.parse(body("gitlab", event, **changed), {}, NOW)


def flag(headers: dict[str, str] | None = None, at: datetime = NOW, **changed: Any) -> Any:
    content = FLAG | {"object_attributes": {"name": "new-cart", "active": True} | changed}
    found = gitlab.parse(json.dumps(content).encode(), headers or {}, at)
    assert not isinstance(found, Passed)
    return found[0]


def test_a_deployment_is_one_deploy_from_its_start_to_its_end_in_any_order() -> None:
    told = [
        changes(tool, event, content).changes[0]
        for tool, event, content in BODIES
        if tool == "gitlab" and event.startswith("deployment")
    ]
    whole = {reduce(merge, order) for order in itertools.permutations([*told, told[0]])}
    (one,) = whole
    assert (one.service, one.ref, one.status) == (
        "payment-service",
        "v2026.04.18@aa218f56",
        "finished",
    )
    assert (one.started_at, one.ended_at) == (
        datetime(2026, 4, 18, 10, 1, tzinfo=UTC),
        datetime(2026, 4, 18, 10, 3, 30, tzinfo=UTC),
    )
    assert (one.actor, one.description) == ("ann", "pool size")


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("running", "started"),
        ("success", "finished"),
        ("failed", "failed"),
        ("canceled", "failed"),
    ],
)
def test_the_status_says_how_it_went(said: str, status: str) -> None:
    (one,) = read("deployment", status=said)
    assert one.status == status
    assert (one.ended_at is None) == (status == "started")
    (run,) = read("pipeline", object_attributes__status=said)
    assert run.status == status


@pytest.mark.parametrize("said", ["created", "pending", "manual", "skipped", "blocked"])
def test_what_has_done_nothing_is_no_change(said: str) -> None:
    assert isinstance(read("deployment", status=said), Passed)
    assert isinstance(read("pipeline", object_attributes__status=said), Passed)


@pytest.mark.parametrize(
    ("event", "changed", "says"),
    [
        ("deployment", {"object_kind": None}, "object_kind: found nothing"),
        ("deployment", {"status": "odd"}, "status: found 'odd', expected one of running"),
        ("deployment", {"deployment_id": None, "deployable_id": None}, "deployment_id: found"),
        ("deployment", {"status_changed_at": "noon UTC"}, "status_changed_at: found"),
        ("deployment", {"project": {}}, r"project\.path_with_namespace: found nothing"),
        ("deployment", {"user": []}, "user: found a list"),
        ("pipeline", {"object_attributes": 7}, "object_attributes: found '7'"),
        ("pipeline", {"object_attributes__id": None}, r"object_attributes\.id: found nothing"),
        ("release", {"action": "ship"}, "action: found 'ship', expected create"),
        ("release", {"tag": ""}, "tag: found nothing"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    event: str, changed: dict[str, Any], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        read(event, **changed)


def test_a_deployment_says_the_tier_of_its_environment() -> None:
    (one,) = read("deployment", environment="production/eu")
    assert (one.env, one.tier) == ("production/eu", "production")


@pytest.mark.parametrize("user", [None, {}])
def test_a_deployment_by_api_may_lack_user_job_and_branch(user: object) -> None:
    (one,) = read("deployment", user=user, deployable_id=None, deployable_url=None, ref=None)
    assert (one.actor, one.ref) == ("", "aa218f56")
    (old,) = read("deployment", deployment_id=None)
    assert old.key == "deployment acme/payment-service 7796"


@pytest.mark.parametrize(
    "said",
    [
        "2026-04-18 12:01:00 +0200",
        "2026-04-18 10:01:00 UTC",
        "2026-04-18T10:01:00Z",
        "2026-04-18T10:01:00.000Z",
        1776506460,
    ],
)
def test_times_come_in_several_forms(said: object) -> None:
    (one,) = read("deployment", status_changed_at=said)
    assert one.started_at == datetime(2026, 4, 18, 10, 1, tzinfo=UTC)


@pytest.mark.parametrize("event", ["pipeline", "release"])
def test_a_pipeline_and_a_release_count_only_where_a_rule_names_them(event: str) -> None:
    (one,) = read(event)
    assert one.needs_rule
    assert (
        one.facts["workflow"]
        == {"pipeline": ("pipeline", "Deploy"), "release": ("release",)}[event]
    )
    assert not read("deployment")[0].needs_rule


def test_a_pipeline_without_a_name_is_a_pipeline() -> None:
    (one,) = read("pipeline", object_attributes__name=None)
    assert (one.facts["workflow"], one.description) == (("pipeline",), "pool size")


@pytest.mark.parametrize("action", ["update", "delete"])
def test_only_the_creation_of_a_release_is_a_change(action: str) -> None:
    assert isinstance(read("release", action=action), Passed)


def test_a_flag_is_turned_when_its_event_arrives_and_only_once() -> None:
    on, off = flag(), flag(active=False)
    assert (on.kind, on.ref, on.status, off.status) == (ChangeKind.FLAG, "new-cart", "on", "off")
    assert (on.started_at, on.facts["flag"]) == (NOW, ("new-cart",))
    later = NOW + timedelta(minutes=1)
    assert flag().key != flag(at=later).key
    for name in ("idempotency-key", "x-gitlab-event-uuid"):
        assert flag({name: "e1"}).key == flag({name: "e1"}, at=later).key != flag({name: "e2"}).key
    with pytest.raises(InputError, match=r"object_attributes\.active: found 'yes'"):
        flag(active="yes")


def test_other_events_are_passed_over() -> None:
    found = gitlab.parse(b'{"object_kind": "push"}', {}, NOW)
    assert found == Passed(why="GitLab's 'push' says nothing of a deploy")
