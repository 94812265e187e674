"""What each tool's bodies say of changes, beyond what all of them promise."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from aiops.domain.changes import ChangeKind
from aiops.domain.errors import InputError
from aiops.domain.words import Passed
from aiops.ingest import argocd, cdevents, github, kubernetes, launchdarkly
from tests.contracts.test_change_reports import BODIES, NOW

GOLDEN = {(tool, event): json.loads(body) for tool, event, body in BODIES}


def body(tool: str, event: str, **changed: Any) -> bytes:
    """Return a golden body with some values replaced, by path as in `deployment__task`."""
    document = json.loads(json.dumps(GOLDEN[tool, event]))
    for path, value in changed.items():
        *names, last = path.split("__")
        holder = document
        for name in names:
            holder = holder[name]
        holder[last] = value
    return json.dumps(document).encode()


def deploy_status(**changed: Any) -> Any:
    content = body("github", "deployment_status", **changed)
    return github.parse(content, {"x-github-event": "deployment_status"}, NOW)


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("in_progress", "started"),
        ("success", "finished"),
        ("failure", "failed"),
        ("error", "failed"),
    ],
)
def test_the_status_of_a_deployment_says_how_it_went(state: str, status: str) -> None:
    (one,) = deploy_status(deployment_status__state=state)
    assert one.status == status
    assert (one.ended_at is None) == (status == "started")


def test_a_deployment_that_was_replaced_is_no_news_and_an_unknown_state_is_refused() -> None:
    assert isinstance(deploy_status(deployment_status__state="inactive"), Passed)
    with pytest.raises(InputError, match=r"deployment_status\.state: found 'odd', expected one of"):
        deploy_status(deployment_status__state="odd")


@pytest.mark.parametrize(
    ("changed", "reverts"),
    [
        ({}, None),
        ({"deployment__task": "rollback"}, ""),
        ({"deployment__payload": {"rollback": True}}, ""),
        ({"deployment__payload": {"reverts": "v1"}}, "v1"),
        ({"deployment__payload": "a text"}, None),
    ],
)
def test_a_rollback_is_told_by_its_task_or_its_payload(
    changed: dict[str, Any], reverts: str | None
) -> None:
    (one,) = deploy_status(**changed)
    assert one.reverts == reverts


@pytest.mark.parametrize(("said", "tier"), [(True, "production"), (False, ""), ("x", "")])
def test_a_deployment_may_be_to_production_whatever_that_is_called(said: Any, tier: str) -> None:
    (one,) = deploy_status(deployment__production_environment=said)
    assert one.tier == tier


def test_a_deployment_without_version_is_called_by_branch_and_commit() -> None:
    (one,) = deploy_status(deployment__payload={})
    assert one.ref == "v2026.04.18@aa218f5"
    (one,) = deploy_status(
        deployment__payload={}, deployment__ref=GOLDEN["github", "deployment"]["deployment"]["sha"]
    )
    assert one.ref == "aa218f5"


def run_of(**changed: Any) -> Any:
    content = body("github", "workflow_run", **changed)
    return github.parse(content, {"x-github-event": "workflow_run"}, NOW)


def test_a_run_of_a_workflow_counts_only_where_a_rule_names_it() -> None:
    (one,) = run_of()
    assert one.facts["workflow"] == ("Deploy", "deploy.yml")
    assert one.needs_rule
    assert not deploy_status()[0].needs_rule


@pytest.mark.parametrize("conclusion", ["skipped", "cancelled", "neutral"])
def test_a_run_that_did_nothing_is_no_change(conclusion: str) -> None:
    assert isinstance(run_of(workflow_run__conclusion=conclusion), Passed)
    assert isinstance(run_of(action="requested"), Passed)


def test_a_second_attempt_is_a_change_of_its_own() -> None:
    assert run_of()[0].key != run_of(workflow_run__run_attempt=2)[0].key


def test_github_has_to_say_what_a_body_is() -> None:
    with pytest.raises(InputError, match="X-GitHub-Event"):
        github.parse(b"{}", {}, NOW)
    assert isinstance(github.parse(b"{}", {"x-github-event": "push"}, NOW), Passed)


def flag(**changed: Any) -> Any:
    return launchdarkly.parse(body("launchdarkly", "flag", **changed), {}, NOW)


@pytest.mark.parametrize(
    ("verb", "status"),
    [("turned on the flag", "on"), ("turned off the flag", "off"), ("changed the rollout of", "")],
)
def test_a_flag_says_whether_it_was_turned(verb: str, status: str) -> None:
    (one,) = flag(titleVerb=verb)
    assert (one.kind, one.ref, one.status) == (ChangeKind.FLAG, "new-search-ranking", status)
    assert one.started_at == datetime(2026, 4, 18, 10, tzinfo=UTC)
    assert one.facts == {
        "project": ("shop",),
        "flag": ("new-search-ranking",),
        "tag": ("search", "web"),
    }


def test_what_is_done_to_a_flag_outside_of_environments_changes_nothing_that_runs() -> None:
    nowhere = [{"action": "updateName", "resource": "proj/shop:flag/new-search-ranking"}]
    assert isinstance(flag(accesses=nowhere), Passed)
    assert isinstance(flag(kind="member"), Passed)


def test_a_flag_changed_in_two_environments_is_two_changes() -> None:
    both = [
        {"action": "updateOn", "resource": f"proj/shop:env/{env}:flag/new-cart"}
        for env in ("production", "staging", "production")
    ]
    assert [one.env for one in flag(accesses=both)] == ["production", "staging"]


def event(headers: dict[str, str] | None = None, **changed: Any) -> Any:
    return cdevents.parse(body("cdevents", "service_upgraded", **changed), headers or {}, NOW)


def test_a_cdevent_names_service_environment_and_version() -> None:
    (one,) = event()
    assert (one.service, one.env, one.ref) == ("payment-service", "prod", "2026.04.18-3")
    assert one.started_at == one.ended_at
    assert one.reverts is None
    (back,) = event(context__type="dev.cdevents.service.rolledback.0.2.0")
    assert back.reverts == ""


def test_a_cdevent_may_come_inside_a_cloudevent() -> None:
    envelope = {"specversion": "1.0", "id": "x", "type": "y", "source": "z"}
    inside = envelope | {"data": GOLDEN["cdevents", "service_upgraded"]}
    assert cdevents.parse(json.dumps(inside).encode(), {}, NOW) == event()
    bare = json.loads(body("cdevents", "service_upgraded"))
    kind = bare["context"].pop("type")
    found = cdevents.parse(json.dumps(bare).encode(), {"ce-type": kind}, NOW)
    assert found == event()


@pytest.mark.parametrize(
    "kind", ["dev.cdevents.change.merged.0.3.0", "dev.cdeventsx.mine-service.deployed.0.1.0"]
)
def test_cdevents_about_other_things_are_passed(kind: str) -> None:
    assert isinstance(event(context__type=kind), Passed)


def sync(**changed: Any) -> Any:
    return argocd.parse(body("argocd", "sync", **changed), {}, NOW)


@pytest.mark.parametrize(
    ("phase", "status"), [("Running", "started"), ("Succeeded", "finished"), ("Error", "failed")]
)
def test_a_sync_is_one_deploy_from_start_to_end(phase: str, status: str) -> None:
    (one,) = sync(phase=phase)
    assert (one.status, one.ref, one.key) == (status, "aa218f5", sync()[0].key)


def test_a_body_of_another_template_is_refused_and_says_where_ours_is() -> None:
    with pytest.raises(InputError, match="aiops help source argocd"):
        sync(phase="Synced")


def rollout(**changed: Any) -> Any:
    return kubernetes.parse(body("kubernetes", "deployment", **changed), {}, NOW)


def condition(status: str, reason: str) -> list[dict[str, str]]:
    return [
        {
            "type": "Progressing",
            "status": status,
            "reason": reason,
            "lastUpdateTime": "2026-04-18T10:02:00Z",
        }
    ]


@pytest.mark.parametrize(
    ("conditions", "status"),
    [
        (condition("True", "ReplicaSetUpdated"), "started"),
        (condition("True", "NewReplicaSetAvailable"), "finished"),
        (condition("False", "ProgressDeadlineExceeded"), "failed"),
        ([], "started"),
    ],
)
def test_a_rollout_says_how_far_it_is(conditions: list[dict[str, str]], status: str) -> None:
    (one,) = rollout(object__status={"conditions": conditions})
    assert (one.service, one.env, one.status) == ("payment-service", "prod", status)
    assert one.ref == "payment-service:2026.04.18-3"


def test_a_revision_is_one_change_however_often_it_is_shown() -> None:
    whole = GOLDEN["kubernetes", "deployment"]
    listed = {"kind": "List", "items": [whole["object"], whole["object"], {"kind": "Service"}]}
    lines = "\n".join(json.dumps(one) for one in (whole, whole))
    assert kubernetes.parse(json.dumps(listed).encode(), {}, NOW) == rollout()
    assert kubernetes.parse(lines.encode(), {}, NOW) == rollout()
    assert isinstance(kubernetes.parse(b'{"kind": "Pod"}', {}, NOW), Passed)
