"""GitLab's webhooks: deployments, pipelines, releases and its own feature flags. Pure.

References:
    docs.gitlab.com/user/project/integrations/webhook_events: deployment, pipeline, release and
    feature flag events.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from aiops.domain.change_reports import ChangeReport
from aiops.domain.changes import ChangeKind
from aiops.domain.words import Passed
from aiops.ingest.fields import FieldError, Fields
from aiops.ingest.words import read_object

_STATUSES: Final[Mapping[str, str]] = {
    "running": "started",
    "success": "finished",
    "failed": "failed",
    "canceled": "failed",
}
"""What has begun to do something; what was canceled may have done half of it."""

_NOTHING_YET: Final = (
    "created",
    "waiting_for_resource",
    "waiting_for_callback",
    "preparing",
    "pending",
    "manual",
    "scheduled",
    "blocked",
    "skipped",
    "canceling",
    "approved",
    "rejected",
)

_SHA_CHARACTERS = 8
"""GitLab shows so many."""

_ZONE: Final = re.compile(r"\s+UTC$")
"""How GitLab's older times name their zone: `2026-04-18 10:01:00 UTC`."""


def parse(
    body: bytes, headers: Mapping[str, str], received_at: datetime
) -> tuple[ChangeReport, ...] | Passed:
    """Read one webhook.

    A pipeline or a release counts as a deploy where a rule of `changes.map` names it as workflow.

    Args:
        body: as it came; its `object_kind` says what it is.
        headers: by name in lower case; `idempotency-key` and `x-gitlab-event-uuid` tell one event
            from another where nothing in the body does.
        received_at: when it came, aware UTC: for bodies without a time.

    Raises:
        InputError: names the field, what was found and what was expected.
    """
    content = Fields("", read_object(body))
    kind = content.text("object_kind")
    if kind == "deployment":
        return _deployment(content, received_at)
    if kind == "pipeline":
        return _pipeline(content, received_at)
    if kind == "release":
        return _release(content, received_at)
    if kind == "feature_flag":
        return (_feature_flag(content, headers, received_at),)
    if not kind:
        raise FieldError("object_kind: found nothing, expected the kind of an event")
    return Passed(why=f"GitLab's {kind[:40]!r} says nothing of a deploy")


def _deployment(content: Fields, received_at: datetime) -> tuple[ChangeReport, ...] | Passed:
    status = _status(content, "status")
    if isinstance(status, Passed):
        return status
    number = content.text("deployment_id") or content.text("deployable_id")
    if not number:
        raise FieldError("deployment_id: found nothing, expected the number of a deployment")
    at, repository = _time(content, "status_changed_at") or received_at, _repository(content)
    return (
        ChangeReport(
            key=f"deployment {repository} {number}",
            kind=ChangeKind.DEPLOY,
            ref=_ref(content.text("ref"), content.text("short_sha")),
            started_at=at,
            ended_at=None if status == "started" else at,
            status=status,
            env=content.text("environment"),
            tier=content.text("environment_tier"),
            description=content.text("commit_title"),
            actor=content.mapping("user").text("username"),
            facts={"repository": (repository,)},
        ),
    )


def _pipeline(content: Fields, received_at: datetime) -> tuple[ChangeReport, ...] | Passed:
    one, repository = content.mapping("object_attributes"), _repository(content)
    status = _status(one, "status")
    if isinstance(status, Passed):
        return status
    number, name = one.text("id"), one.text("name")
    if not number:
        raise FieldError("object_attributes.id: found nothing, expected the number of a pipeline")
    started_at = _time(one, "created_at") or received_at
    ended_at = None
    if status != "started":
        ended_at = max(_time(one, "finished_at") or received_at, started_at)
    return (
        ChangeReport(
            key=f"pipeline {repository} {number}",
            kind=ChangeKind.DEPLOY,
            ref=_ref(one.text("ref"), one.text("sha")),
            started_at=started_at,
            ended_at=ended_at,
            status=status,
            description=name or content.mapping("commit").text("title"),
            actor=content.mapping("user").text("username"),
            facts={
                "repository": (repository,),
                "workflow": tuple(filter(None, ("pipeline", name))),
            },
            needs_rule=True,
        ),
    )


def _release(content: Fields, received_at: datetime) -> tuple[ChangeReport, ...] | Passed:
    action, repository, tag = content.text("action"), _repository(content), content.text("tag")
    if action in ("update", "delete"):
        return Passed(why=f"a release of which only the notes changed ({action})")
    if action != "create":
        raise FieldError(f"action: found {action[:40]!r}, expected create, update or delete")
    if not tag:
        raise FieldError("tag: found nothing, expected that of the release")
    at = _time(content, "released_at") or _time(content, "created_at") or received_at
    return (
        ChangeReport(
            key=f"release {repository} {tag} {content.text('id')}",
            kind=ChangeKind.DEPLOY,
            ref=tag,
            started_at=at,
            ended_at=at,
            status="finished",
            description=content.text("name"),
            facts={"repository": (repository,), "workflow": ("release",)},
            needs_rule=True,
        ),
    )


def _feature_flag(
    content: Fields, headers: Mapping[str, str], received_at: datetime
) -> ChangeReport:
    """Return a flag as it was turned; the body has no time, so that is when it came."""
    flag, repository = content.mapping("object_attributes"), _repository(content)
    name = flag.text("name")
    if not name:
        raise FieldError("object_attributes.name: found nothing, expected that of a flag")
    if "active" not in flag.values:
        raise FieldError("object_attributes.active: found nothing, expected true or false")
    status = "on" if flag.flag("active") else "off"
    event = headers.get("idempotency-key") or headers.get("x-gitlab-event-uuid")
    return ChangeReport(
        key=f"feature_flag {repository} {name} {status} {event or received_at.isoformat()}",
        kind=ChangeKind.FLAG,
        ref=name,
        started_at=received_at,
        status=status,
        description=flag.text("description"),
        actor=content.mapping("user").text("username"),
        facts={"repository": (repository,), "flag": (name,)},
    )


def _status(one: Fields, name: str) -> str | Passed:
    said = one.text(name)
    if said in _NOTHING_YET:
        return Passed(why=f"nothing has been done so far, or at all ({said})")
    if said not in _STATUSES:
        raise FieldError(
            f"{one.path}{name}: found {said[:40]!r}, expected one of {', '.join(_STATUSES)}, or"
            f" {', '.join(_NOTHING_YET)}"
        )
    return _STATUSES[said]


def _time(one: Fields, name: str) -> datetime | None:
    """Return a time as GitLab writes it, in one of several forms."""
    value = one.values.get(name)
    if isinstance(value, str):
        return Fields(one.path, {name: _ZONE.sub("Z", value)}).time(name)
    return one.time(name)


def _repository(content: Fields) -> str:
    name = content.mapping("project").text("path_with_namespace")
    if not name:
        raise FieldError("project.path_with_namespace: found nothing, expected group/name")
    return name


def _ref(name: str, sha: str) -> str:
    """Return what people call it: a tag or branch with the short commit, or one of them alone.

    Examples:
        >>> _ref("main", "279484c09fbe69ed"), _ref("", "279484c0"), _ref("v1.1", "")
        ('main@279484c0', '279484c0', 'v1.1')
    """
    short = sha[:_SHA_CHARACTERS]
    return f"{name}@{short}" if name and short else name or short
