"""Jira Cloud: one issue per incident and episode, kept up to date, closed with it.

Jira has no key against doubles: a label says which incident an issue is of, and a repeat looks
for it first. Its index may lag: what was made seconds ago is not always found.

References:
    developer.atlassian.com, "The Jira Cloud platform REST API", version 3.
"""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import httpx

from aiops.domain.errors import ConfigurationError, DeliveryError
from aiops.domain.incidents import Incident
from aiops.domain.notifications import DeliveryAction, Notification
from aiops.domain.pacing import Rate
from aiops.notify import http, jira_issue
from aiops.notify.changes import change_words, told_of
from aiops.notify.jira_calls import TOKEN_WORDS, JiraCalls
from aiops.ports import Receipt
from aiops.settings import Settings, SinkSettings

RATE = Rate(per_minute=120, burst=10)
"""Far below what Jira Cloud counts against one account, whose limits it does not publish."""

_KEY = re.compile(r"[A-Z][A-Z0-9_]+-[0-9]+")
_PROPERTY = "aiops"


class Jira:
    """Keeps an issue for each incident.

    Args:
        name: of the sink.
        token: `ADDRESS:API-TOKEN` of the account that writes; None: not given yet.
        url: of the site, as `https://acme.atlassian.net`.
        project: key of the project issues are made in, as `OPS`.
        issue_type: what they are made as.
        base_url: where our pages are, for links; empty for none.
        client: sends the requests; made on first use when None.

    Raises:
        ConfigurationError: the token is none.
    """

    def __init__(
        self,
        name: str,
        token: str | None,
        url: str,
        project: str,
        *,
        issue_type: str = "Task",
        base_url: str = "",
        client: httpx.Client | None = None,
    ) -> None:
        address, colon, key = (token or "a@b:c").partition(":")
        if "@" not in address or not colon or not key:
            raise ConfigurationError(f"sinks.{name}: AIOPS_JIRA_TOKEN is none; {TOKEN_WORDS}")
        self.name = name
        self.rate = RATE
        self._token = token
        self._url = url
        self._project = project
        self._issue_type = issue_type
        self._base_url = base_url
        self._given_client = client

    def __repr__(self) -> str:
        return f"Jira(name={self.name!r}, project={self._project!r})"

    @classmethod
    def from_settings(cls, sink: SinkSettings, settings: Settings) -> "Jira":
        """Return the sink that the settings describe."""
        secret = sink.secret.get_secret_value() if sink.secret else None
        return cls(
            sink.name,
            secret,
            sink.url,
            sink.project,
            issue_type=sink.issue_type,
            base_url=settings.web.base_url,
        )

    def payload(
        self, incident: Incident, notification: Notification, reference: Mapping[str, str]
    ) -> Mapping[str, Any]:
        """Return the issue as it should now be, and what is said below it.

        `key` is empty while the episode has no issue; `told` is kept with the reference.
        """
        words = change_words(incident, notification, reference)
        return {
            "key": reference.get("key", ""),
            "label": jira_issue.label(incident),
            "fields": jira_issue.fields(incident, notification, self._base_url),
            "comment": jira_issue.comment(words) if words else None,
            "told": told_of(incident),
        }

    def send(
        self, notification: Notification, payload: Mapping[str, Any], *, repeated: bool
    ) -> Receipt:
        """Make the issue or bring it up to date, say below it what changed, close it at the end.

        Raises:
            DeliveryError: see `Sender.send`.
        """
        calls = JiraCalls(self._client, self.name, self._url, self._token)
        key, action = str(payload["key"]), notification.action
        if not key and (repeated or action is not DeliveryAction.TRIGGER):
            key = self._find(calls, payload["label"])
        if key:
            calls.change("PUT", f"issue/{key}", {"fields": payload["fields"]})
            self._comment(calls, key, notification, payload["comment"])
        else:
            key = self._create(calls, payload)
        if action is DeliveryAction.RESOLVE:
            _close(calls, self.name, key)
        return Receipt(reference={"key": key, **payload["told"]})

    @cached_property
    def _client(self) -> httpx.Client:
        return self._given_client or http.new_client(self._url)

    def _create(self, calls: JiraCalls, payload: Mapping[str, Any]) -> str:
        fields = {
            "project": {"key": self._project},
            "issuetype": {"name": self._issue_type},
            "labels": ["aiops", payload["label"]],
            **payload["fields"],
        }
        key = calls.change("POST", "issue", {"fields": fields}).get("key")
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            raise DeliveryError(
                f"sink {self.name}: Jira made an issue without saying its key",
                retryable=True,
                ambiguous=True,
            )
        return key

    def _find(self, calls: JiraCalls, label: str) -> str:
        """Return the key of the issue with this label, "" where there is none yet."""
        jql = f'project = "{self._project}" AND labels = "{label}"'
        found = calls.read("search/jql", {"jql": jql, "fields": "status", "maxResults": "2"})
        keys = [str(one.get("key", "")) for one in _listed(found, "issues")]
        return min((key for key in keys if _KEY.fullmatch(key)), default="")

    def _comment(
        self, calls: JiraCalls, key: str, notification: Notification, body: Mapping[str, Any] | None
    ) -> None:
        """Say once what changed: each comment carries which delivery it is of."""
        delivery = f"{notification.action.value}.{notification.revision}"
        if body is None or delivery in _delivered(calls, key):
            return
        properties = [{"key": _PROPERTY, "value": {"delivery": delivery}}]
        calls.change("POST", f"issue/{key}/comment", {"body": body, "properties": properties})


def _delivered(calls: JiraCalls, key: str) -> set[str]:
    """Return which deliveries the newest comments of an issue are of."""
    newest = {"orderBy": "-created", "maxResults": "50", "expand": "properties"}
    return {
        str(value.get("delivery"))
        for comment in _listed(calls.read(f"issue/{key}/comment", newest), "comments")
        for one in _listed(comment, "properties")
        if one.get("key") == _PROPERTY and isinstance(value := one.get("value"), Mapping)
    }


def _close(calls: JiraCalls, sink: str, key: str) -> None:
    """Move an issue to a status that means done, unless a person did."""
    fields = calls.read(f"issue/{key}", {"fields": "status"}).get("fields")
    if isinstance(fields, Mapping) and _is_done(fields.get("status")):
        return
    ways = _listed(calls.read(f"issue/{key}/transitions", {}), "transitions")
    way = next((str(one.get("id", "")) for one in ways if _is_done(one.get("to"))), "")
    if not way:
        raise DeliveryError(
            f"sink {sink}: {key} cannot be closed: no transition leads from its status to one of "
            "the category Done; add one to the workflow, or close the issue by hand",
            retryable=False,
        )
    calls.change("POST", f"issue/{key}/transitions", {"transition": {"id": way}})


def _is_done(status: object) -> bool:
    category = status.get("statusCategory") if isinstance(status, Mapping) else None
    return isinstance(category, Mapping) and category.get("key") == "done"


def _listed(answer: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = answer.get(name)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
