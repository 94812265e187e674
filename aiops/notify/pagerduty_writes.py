"""Changing an incident at PagerDuty by its REST API v2: notes, status, merges, status updates.

References:
    developer.pagerduty.com, "Create a note on an incident", "Update an incident", "Merge
    incidents", "Create a status update on an incident" and "Rate limiting".
"""

from collections.abc import Mapping
from typing import Any

import httpx
import orjson

from aiops.domain.errors import DeliveryError
from aiops.notify import http
from aiops.notify.phrases import clean

_ACCEPTED = "application/vnd.pagerduty+json;version=2"
_DONE_ALREADY = frozenset({1001, 1002})
"""Codes of what is resolved or acknowledged already: it is as it should be."""

_SAID_CHARACTERS = 300
_LOG_ENTRIES = "100"
_SENT = "status_update_log_entry"
_SAYS_WHAT_TO_DO: Mapping[int, str] = {
    401: "renew AIOPS_PAGERDUTY_WRITE_TOKEN",
    403: "let AIOPS_PAGERDUTY_WRITE_TOKEN write: it may only read",
    404: "the incident is not there, or the token may not see it",
}


class PagerDutyWrites:
    """The calls that change incidents, in somebody's name.

    Args:
        client: sends the requests.
        sink: name of the sink, for messages.
        rest_url: where the API begins, without path.
        token: of the API, that may write.
        write_as: the e-mail address of the user at PagerDuty in whose name things are done.
    """

    def __init__(
        self, client: httpx.Client, sink: str, rest_url: str, token: str, write_as: str
    ) -> None:
        self._client = client
        self._sink = sink
        self._url = rest_url.rstrip("/")
        self._token = token
        self._write_as = write_as

    def notes(self, page_id: str) -> tuple[str, ...]:
        """Return what the notes of an incident say; raises as `_call`, and is never ambiguous."""
        with http.reading():
            notes = _listed(self._call("GET", f"incidents/{page_id}/notes"), "notes")
        return tuple(str(one.get("content")) for one in notes)

    def add_note(self, page_id: str, text: str) -> None:
        """Write a note."""
        self._call("POST", f"incidents/{page_id}/notes", {"note": {"content": text}})

    def set_status(self, page_id: str, status: str, by: str = "") -> None:
        """Acknowledge or resolve an incident; one that stands so already is as it should be.

        Args:
            page_id: of the incident.
            status: `acknowledged` or `resolved`.
            by: who says so, an e-mail address: in their name where PagerDuty knows them.
        """
        content = {"incident": {"type": "incident_reference", "status": status}}
        self._call_as(by, "PUT", f"incidents/{page_id}", content)

    def status_updates(self, page_id: str, since: str) -> tuple[str, ...]:
        """Return what the status updates of an incident say that were sent since a moment.

        Its log is the only place where PagerDuty lists them.

        Args:
            page_id: of the incident.
            since: the moment, ISO 8601.
        """
        asked = {"since": since, "limit": _LOG_ENTRIES}
        with http.reading():
            log = self._call("GET", f"incidents/{page_id}/log_entries", params=asked)
        entries = _listed(log, "log_entries")
        return tuple(str(one.get("message")) for one in entries if one.get("type") == _SENT)

    def send_status_update(self, page_id: str, message: str, by: str = "") -> None:
        """Send a status update to who follows an incident; `by` as for `set_status`."""
        self._call_as(by, "POST", f"incidents/{page_id}/status_updates", {"message": message})

    def assign(self, page_id: str, email: str) -> None:
        """Assign an incident to the user with an e-mail address; nothing where there is none."""
        with http.reading():
            users = _listed(self._call("GET", "users", params={"query": email}), "users")
        same = (one for one in users if str(one.get("email", "")).lower() == email.lower())
        user = next((str(one["id"]) for one in same if one.get("id")), "")
        if user:
            assignee = {"assignee": {"id": user, "type": "user_reference"}}
            wanted = {"type": "incident_reference", "assignments": [assignee]}
            self._call("PUT", f"incidents/{page_id}", {"incident": wanted})

    def prioritise(self, page_id: str, name: str) -> None:
        """Give an incident the priority of a name; nothing where the account has none so named."""
        try:
            with http.reading():
                known = _listed(self._call("GET", "priorities"), "priorities")
        except DeliveryError as error:
            if error.retryable:
                raise
            return  # an account without priorities refuses to list them
        same = (one for one in known if str(one.get("name", "")).casefold() == name.casefold())
        priority = next((str(one["id"]) for one in same if one.get("id")), "")
        if priority:
            given = {"id": priority, "type": "priority_reference"}
            wanted = {"type": "incident_reference", "priority": given}
            self._call("PUT", f"incidents/{page_id}", {"incident": wanted})

    def is_open(self, page_id: str) -> bool:
        """Return whether an incident is not resolved."""
        with http.reading():
            incident = self._call("GET", f"incidents/{page_id}").get("incident")
        return isinstance(incident, Mapping) and incident.get("status") != "resolved"

    def find(self, key: str, *, ended_too: bool = False) -> str:
        """Return the id of the open incident with a dedup key, "" where there is none.

        Args:
            key: the dedup key.
            ended_too: whether the last one that is resolved will do where none is open.
        """
        with http.reading():
            listed = _listed(
                self._call("GET", "incidents", params={"incident_key": key}), "incidents"
            )
        known = [one for one in listed if one.get("id")]
        found = [one for one in known if one.get("status") != "resolved"]
        if not found and ended_too:
            found = sorted(known, key=lambda one: str(one.get("created_at", "")), reverse=True)
        return str(found[0]["id"]) if found else ""

    def merge(self, page_id: str, into_key: str) -> None:
        """Merge an incident into the open one with a dedup key; nothing where there is none."""
        into = self.find(into_key)
        if into and into != page_id:
            source = {"id": page_id, "type": "incident_reference"}
            self._call("PUT", f"incidents/{into}/merge", {"source_incidents": [source]})

    def _call_as(self, by: str, method: str, path: str, content: Mapping[str, Any]) -> None:
        """Call in a person's name where PagerDuty knows them, else in that of `write_as`.

        A refusal did nothing: so nothing is done twice.
        """
        if "@" in by and by != self._write_as:
            try:
                self._call(method, path, content, by)
            except DeliveryError as error:
                if error.retryable:
                    raise
            else:
                return
        self._call(method, path, content)

    def _call(
        self,
        method: str,
        path: str,
        content: Mapping[str, Any] | None = None,
        who: str = "",
        *,
        params: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:
        """Return PagerDuty's answer.

        Raises:
            DeliveryError: it was refused, or there was no answer.
        """
        headers = {
            "authorization": f"Token token={self._token}",
            "accept": _ACCEPTED,
            "content-type": "application/json",
            "from": who or self._write_as,
        }
        response = http.request(
            self._client,
            self._sink,
            method,
            f"{self._url}/{path}",
            headers,
            content=None if content is None else orjson.dumps(content),
            params=params,
        )
        answer = _object(response)
        if response.is_success and answer is not None:
            return answer
        error = (answer or {}).get("error")
        refused = error if isinstance(error, Mapping) else {}
        if refused.get("code") in _DONE_ALREADY:
            return {}
        raise self._refusal(f"{method} /{path}", response, refused)

    def _refusal(
        self, call: str, response: httpx.Response, refused: Mapping[str, Any]
    ) -> DeliveryError:
        status, listed = response.status_code, refused.get("errors")
        said = [refused.get("message"), *(listed if isinstance(listed, list) else ())]
        words = clean("; ".join(str(one) for one in said if one), _SAID_CHARACTERS)
        parts = [
            f"sink {self._sink}: PagerDuty answered {status} to {call}",
            words,
            _SAYS_WHAT_TO_DO.get(status, ""),
        ]
        return DeliveryError(
            "; ".join(part for part in parts if part),
            retryable=response.is_success or http.is_passing(status),
            retry_after_seconds=http.wait_seconds(response),
            ambiguous=response.is_success or status >= 500,
        )


def _listed(answer: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = answer.get(name)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _object(response: httpx.Response) -> Mapping[str, Any] | None:
    try:
        content = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return None
    return content if isinstance(content, Mapping) else None
