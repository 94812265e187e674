"""A loopback Jira Cloud: one site with projects, as strict as its REST API for what we call."""

import base64
import hmac
import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import orjson
from starlette.types import ASGIApp

from aiops.receivers.asgi import receiver_app
from aiops.receivers.faults import FaultPlan
from aiops.receivers.jira_rules import (
    Issue,
    RefusedError,
    checked_body,
    checked_comment,
    checked_fields,
)
from aiops.receivers.ledger import Answer, Clock, Ledger, Received

_ROOT = "/rest/api/3/"
_JQL = re.compile(r'project = "([^"]+)" AND labels = "([^"]+)"')
_STATUSES: Mapping[str, str] = MappingProxyType(
    {"To Do": "new", "In Progress": "indeterminate", "Done": "done"}
)


class JiraLedger(Ledger):
    """Keeps issues for whoever has an API token.

    Args:
        tokens: `ADDRESS:API-TOKEN` of the accounts that exist.
        projects: keys of the projects.
        types: names of the issue types of each.
        ways: statuses every issue may be moved to.
        clock: stamps the requests.
        path: see `Ledger`.
    """

    name: ClassVar[str] = "jira"

    def __init__(
        self,
        *,
        tokens: Collection[str],
        projects: Collection[str],
        clock: Clock,
        types: Collection[str] = ("Task", "Bug"),
        ways: Collection[str] = ("To Do", "In Progress", "Done"),
        path: Path | None = None,
    ) -> None:
        super().__init__(clock=clock, path=path)
        self._basic = [f"Basic {base64.b64encode(one.encode()).decode()}" for one in tokens]
        self._projects = tuple(projects)
        self._types = tuple(types)
        self._ways = tuple(ways)
        self.issues: dict[str, Issue] = {}
        self._reload()

    def answer(self, received: Received) -> Answer:
        """Check a request as Jira does, and act on it if it passes."""
        given = received.headers.get("authorization", "").encode()
        if not any(hmac.compare_digest(given, one.encode()) for one in self._basic):
            return _error(401, "Client must be authenticated to access this resource.")
        if received.method != "GET" and received.media_type != "application/json":
            return Answer(status=415, content=b"")
        return self.apply(received)

    def apply(self, received: Received) -> Answer:
        """Act on a request whose token was good."""
        if not received.path.startswith(_ROOT):
            return Answer(status=404, content=b"<html>Oops, you've found a dead link.</html>")
        parts = received.path.removeprefix(_ROOT).split("/")
        try:
            return self._routed(received, parts)
        except RefusedError as error:
            return Answer(
                status=400, content={"errorMessages": error.general, "errors": error.fields}
            )

    def refusal(self, status: int, retry_after_seconds: int) -> Answer:
        """Return what Jira answers on a bad day."""
        headers = {"retry-after": str(retry_after_seconds)} if status == 429 else {}
        return Answer(
            status=status, content={"errorMessages": ["Not now."], "errors": {}}, headers=headers
        )

    def state(self) -> Mapping[str, Any]:
        """Return every issue as it is now."""
        return {"issues": {key: issue.shown() for key, issue in self.issues.items()}}

    def _routed(self, received: Received, parts: list[str]) -> Answer:
        if (received.method, parts) == ("POST", ["issue"]):
            return self._create(_object(received))
        if (received.method, parts) == ("GET", ["search", "jql"]):
            return self._search(received.query)
        if parts[0] != "issue" or len(parts) == 1:
            return _error(404, "No such operation.")
        if parts[1] not in self.issues:
            return _error(404, "Issue does not exist or you do not have permission to see it.")
        found = _CALLS.get((received.method, "/".join(parts[2:])))
        if found is None:
            return _error(405, "No such operation.")
        return found(self, self.issues[parts[1]], received)

    def _create(self, content: Mapping[str, Any]) -> Answer:
        fields = checked_fields(content, self._projects, self._types)
        number = len(self.issues) + 1
        issue = Issue(id=str(10_000 + number), key=f"{fields['project']['key']}-{number}")
        issue.fields.update(fields)
        self.issues[issue.key] = issue
        shown = {"id": issue.id, "key": issue.key, "self": f"{_ROOT}issue/{issue.id}"}
        return Answer(status=201, content=shown, accepted=True)

    def _search(self, query: Mapping[str, str]) -> Answer:
        asked = _JQL.fullmatch(query.get("jql", ""))
        if asked is None:
            raise RefusedError("Error in the JQL Query: expected project and labels.")
        project, label = asked.groups()
        found = [
            {"id": issue.id, "key": issue.key}
            for issue in self.issues.values()
            if issue.fields["project"]["key"] == project and label in issue.fields["labels"]
        ]
        return Answer(status=200, content={"issues": found, "isLast": True})

    def edit(self, issue: Issue, received: Received) -> Answer:
        """Set the fields that are given."""
        issue.fields.update(checked_fields(_object(received), self._projects, self._types, issue))
        return Answer(status=204, content=b"", accepted=True)

    def show(self, issue: Issue, received: Received) -> Answer:
        """Return an issue with its status."""
        status = {"name": issue.status, "statusCategory": {"key": _STATUSES[issue.status]}}
        return Answer(
            status=200, content={"id": issue.id, "key": issue.key, "fields": {"status": status}}
        )

    def say(self, issue: Issue, received: Received) -> Answer:
        """Add a comment."""
        comment = {"id": str(len(issue.comments) + 1), **checked_comment(_object(received))}
        issue.comments.append(comment)
        return Answer(status=201, content={"id": comment["id"]}, accepted=True)

    def said(self, issue: Issue, received: Received) -> Answer:
        """Return the comments, newest first; with their properties only when asked for."""
        hidden = set() if received.query.get("expand") == "properties" else {"properties"}
        newest = list(reversed(issue.comments))[: int(received.query.get("maxResults", "50"))]
        shown = [{k: v for k, v in one.items() if k not in hidden} for one in newest]
        return Answer(status=200, content={"comments": shown, "total": len(issue.comments)})

    def ways(self, issue: Issue, received: Received) -> Answer:
        """Return where an issue may be moved to."""
        shown = [
            {
                "id": str(number),
                "name": name,
                "to": {"name": name, "statusCategory": {"key": _STATUSES[name]}},
            }
            for number, name in enumerate(self._ways, start=11)
        ]
        return Answer(status=200, content={"expand": "transitions", "transitions": shown})

    def move(self, issue: Issue, received: Received) -> Answer:
        """Move an issue to another status."""
        chosen = _object(received).get("transition")
        names = {str(number): name for number, name in enumerate(self._ways, start=11)}
        if not isinstance(chosen, Mapping) or chosen.get("id") not in names:
            raise RefusedError("It is not on the appropriate workflow: transition.")
        issue.status = names[chosen["id"]]
        return Answer(status=204, content=b"", accepted=True)


_CALLS: Mapping[tuple[str, str], Callable[[JiraLedger, Issue, Received], Answer]] = (
    MappingProxyType(
        {
            ("PUT", ""): JiraLedger.edit,
            ("GET", ""): JiraLedger.show,
            ("POST", "comment"): JiraLedger.say,
            ("GET", "comment"): JiraLedger.said,
            ("GET", "transitions"): JiraLedger.ways,
            ("POST", "transitions"): JiraLedger.move,
        }
    )
)


def create_app(ledger: JiraLedger, faults: FaultPlan | None = None) -> ASGIApp:
    """Return the app that answers as a site of Jira Cloud does."""
    return receiver_app(ledger, faults if faults is not None else FaultPlan())


def _object(received: Received) -> Mapping[str, Any]:
    try:
        return checked_body(orjson.loads(received.body))
    except orjson.JSONDecodeError as error:
        raise RefusedError(f"Invalid request payload: {error}") from error


def _error(status: int, message: str) -> Answer:
    return Answer(status=status, content={"errorMessages": [message], "errors": {}})
