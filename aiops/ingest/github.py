"""GitHub's webhooks: deployments with their statuses, and runs of workflows, as changes. Pure.

References:
    docs.github.com, "Webhook events and payloads": `deployment`, `deployment_status`,
    `workflow_run`, `ping`.
"""

from collections.abc import Mapping
from datetime import datetime

from aiops.domain.change_reports import ChangeReport
from aiops.domain.changes import ChangeKind
from aiops.domain.errors import InputError
from aiops.domain.words import Passed
from aiops.ingest.fields import FieldError, Fields
from aiops.ingest.words import read_object

_STATUSES: Mapping[str, str] = {
    "pending": "started",
    "queued": "started",
    "waiting": "started",
    "in_progress": "started",
    "success": "finished",
    "failure": "failed",
    "error": "failed",
}
_SHA_CHARACTERS = 7
_FULL_SHA = 40


def parse(
    body: bytes, headers: Mapping[str, str], received_at: datetime
) -> tuple[ChangeReport, ...] | Passed:
    """Read one webhook.

    A run of a workflow counts as a deploy where a rule of `changes.map` names the workflow.

    Args:
        body: as it came.
        headers: by name in lower case; `x-github-event` says what the body is.
        received_at: when it came, aware UTC: for bodies without a time.

    Raises:
        InputError: names the field, what was found and what was expected.
    """
    event = headers.get("x-github-event", "")
    content = Fields("", read_object(body))
    if event == "deployment":
        return (_deployment(content, "started", None, received_at),)
    if event == "deployment_status":
        return _deployment_status(content, received_at)
    if event == "workflow_run":
        return _workflow_run(content, received_at)
    if not event:
        raise InputError("header X-GitHub-Event: found nothing, expected the name of an event")
    return Passed(why=f"GitHub's {event[:40]!r} says nothing of a deploy")


def _deployment_status(content: Fields, received_at: datetime) -> tuple[ChangeReport, ...] | Passed:
    said = content.mapping("deployment_status")
    state = said.text("state")
    if state == "inactive":
        return Passed(why="a deployment that a later one has taken the place of")
    if state not in _STATUSES:
        raise FieldError(
            f"deployment_status.state: found {state[:40]!r}, expected one of "
            f"{', '.join(_STATUSES)} or inactive"
        )
    status = _STATUSES[state]
    ended = None if status == "started" else said.time("created_at") or received_at
    return (_deployment(content, status, ended, received_at),)


def _deployment(
    content: Fields, status: str, ended_at: datetime | None, received_at: datetime
) -> ChangeReport:
    one, payload = content.mapping("deployment"), _payload(content)
    number, started_at = one.text("id"), one.time("created_at") or received_at
    if not number:
        raise FieldError("deployment.id: found nothing, expected the number of a deployment")
    repository = _repository(content)
    is_rollback = one.text("task") == "rollback" or payload.flag("rollback")
    return ChangeReport(
        key=f"deployment {repository} {number}",
        kind=ChangeKind.DEPLOY,
        ref=payload.text("version") or _ref(one),
        started_at=started_at,
        ended_at=None if ended_at is None else max(ended_at, started_at),
        status=status,
        service=payload.text("service"),
        env=one.text("environment"),
        tier="production" if one.values.get("production_environment") is True else "",
        reverts=payload.text("reverts") or ("" if is_rollback else None),
        description=one.text("description"),
        actor=one.mapping("creator").text("login"),
        facts={"repository": (repository,), "path": tuple(filter(None, (payload.text("path"),)))},
    )


def _payload(content: Fields) -> Fields:
    """Return the deployment's own payload: an object, or a text that means nothing to us."""
    one = content.mapping("deployment")
    return one.mapping("payload") if isinstance(one.values.get("payload"), dict) else Fields("", {})


def _workflow_run(content: Fields, received_at: datetime) -> tuple[ChangeReport, ...] | Passed:
    run, action = content.mapping("workflow_run"), content.text("action")
    conclusion = run.text("conclusion")
    if action not in ("requested", "in_progress", "completed"):
        raise FieldError(
            f"action: found {action[:40]!r}, expected requested, in_progress or completed"
        )
    if action == "requested" or conclusion in ("skipped", "cancelled", "neutral"):
        return Passed(why=f"a run of a workflow that has done nothing ({conclusion or action})")
    number, repository = run.text("id"), _repository(content)
    if not number:
        raise FieldError("workflow_run.id: found nothing, expected the number of a run")
    started_at = run.time("run_started_at") or run.time("created_at") or received_at
    is_over = action == "completed"
    ended_at = max(run.time("updated_at") or received_at, started_at) if is_over else None
    over = "finished" if conclusion == "success" else "failed"
    return (
        ChangeReport(
            key=f"workflow_run {repository} {number} {run.text('run_attempt') or '1'}",
            kind=ChangeKind.DEPLOY,
            ref=_ref(run),
            started_at=started_at,
            ended_at=ended_at,
            status=over if is_over else "started",
            description=run.text("display_title") or run.text("name"),
            actor=run.mapping("actor").text("login"),
            facts={
                "repository": (repository,),
                "workflow": tuple(filter(None, (_workflow_name(content), _file(run.text("path"))))),
            },
            needs_rule=True,
        ),
    )


def _workflow_name(content: Fields) -> str:
    return content.mapping("workflow").text("name") or content.mapping("workflow_run").text("name")


def _file(path: str) -> str:
    """Return the name of a workflow's file; GitHub may add the branch after an `@`.

    Examples:
        >>> _file(".github/workflows/deploy.yml@main")
        'deploy.yml'
    """
    return path.partition("@")[0].rpartition("/")[2]


def _repository(content: Fields) -> str:
    name = content.mapping("repository").text("full_name")
    if not name:
        raise FieldError("repository.full_name: found nothing, expected owner/name")
    return name


def _ref(one: Fields) -> str:
    """Return what people call it: a tag or branch with the short commit, or the commit alone."""
    sha = (one.text("sha") or one.text("head_sha"))[:_SHA_CHARACTERS]
    name = one.text("ref") or one.text("head_branch")
    if not name or (len(name) == _FULL_SHA and name.startswith(sha)):
        return sha
    return f"{name}@{sha}" if sha and name != sha else name
