"""A loopback of PagerDuty's REST API v2 for incidents: notes, status, merge, status updates.

References:
    developer.pagerduty.com, "Authentication", "Rate limiting", "Create a note on an incident",
    "Update an incident", "Merge incidents", "Create a status update on an incident" and "List log
    entries for an incident".
"""

import re
from collections import deque
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, ClassVar

import orjson
from starlette.types import ASGIApp

from aiops.receivers.asgi import receiver_app
from aiops.receivers.faults import FaultPlan
from aiops.receivers.ledger import Answer, Clock, Ledger, Received
from aiops.receivers.pagerduty_rest_incident import RestIncident, SentUpdate, update_error

MAX_NOTES = 2000
"""So many notes an incident takes, says "Create a note on an incident"."""

_VERSIONS = ("application/vnd.pagerduty+json;version=2", "application/json")
_PATH = re.compile(
    r"/incidents/(?P<id>[A-Z0-9]+)(?:/(?P<part>notes|merge|status_updates|log_entries))?"
)
_STATUSES = ("acknowledged", "resolved")
_TYPES = ("incident", "incident_reference")


class PagerDutyIncidents(Ledger):
    """Lets whoever has a key that may write change incidents, in a known user's name.

    Args:
        tokens: the API keys that may write.
        users: e-mail addresses of the users that exist, to their ids.
        clock: stamps the requests.
        read_only: API keys that may only read.
        priorities: names of the priorities the account has, to their ids; empty: it has none.
        per_minute: more requests in any minute answer 429; PagerDuty's own limit is 960.
    """

    name: ClassVar[str] = "pagerduty_incidents"

    def __init__(
        self,
        *,
        tokens: Collection[str],
        users: Mapping[str, str],
        clock: Clock,
        read_only: Collection[str] = (),
        priorities: Mapping[str, str] = MappingProxyType({}),
        per_minute: int = 960,
    ) -> None:
        super().__init__(clock=clock)
        self._tokens = frozenset(tokens)
        self._read_only = frozenset(read_only)
        self._users = users
        self._priorities = priorities
        self._per_minute = per_minute
        self._lately: deque[datetime] = deque()
        self.incidents: dict[str, RestIncident] = {}

    def open(self, incident_id: str, key: str = "") -> RestIncident:
        """Let an incident be there, as a monitor opens one."""
        opened = RestIncident(id=incident_id, key=key, opened_at=self._clock())
        self.incidents[incident_id] = opened
        return self.incidents[incident_id]

    def answer(self, received: Received) -> Answer:
        """Check a request as the REST API does, act on it if it passes."""
        is_read = received.method == "GET"
        objection = self._access(received) or (None if is_read else self._sender(received))
        if objection is not None:
            return objection
        return self._read(received) if is_read else self.apply(received)

    def _access(self, received: Received) -> Answer | None:
        """Return what keeps a request from being looked at, None for nothing."""
        if _token(received) not in self._tokens | self._read_only:
            return _error(401, 2006, "Unauthorized")
        if received.headers.get("accept") not in _VERSIONS:
            return _error(406, 2013, "Not Acceptable")
        wait = self._wait(received.at)
        return self.refusal(429, wait) if wait else None

    def _sender(self, received: Received) -> Answer | None:
        """Return what keeps a change from being made in somebody's name, None for nothing."""
        if _token(received) in self._read_only:
            return _error(403, 2010, "Access Denied")
        if received.media_type != "application/json":
            return _error(415, 2001, "Unsupported Media Type")
        sender = received.headers.get("from", "")
        if not sender:
            return _error(400, 1007, "Requester Required", "From header is missing")
        return None if sender in self._users else _error(400, 1008, "Requester User Not Found")

    def apply(self, received: Received) -> Answer:
        """Change an incident."""
        place = _PATH.fullmatch(received.path)
        incident = self.incidents.get(place["id"]) if place else None
        if place is None or incident is None:
            return _error(404, 2100, "Not Found")
        try:
            content = orjson.loads(received.body)
        except orjson.JSONDecodeError:
            content = None
        if not isinstance(content, Mapping):
            return _error(400, 2001, "Invalid Input Provided", "the body is no JSON object")
        change = _CHANGES.get((received.method, place["part"]))
        if change is None:
            return _error(405, 2002, "Method Not Allowed")
        return change(self, incident, content, received)

    def refusal(self, status: int, retry_after_seconds: int) -> Answer:
        """Return PagerDuty's answer on a bad day; its 429 says when the limit begins anew."""
        headers = {"ratelimit-reset": str(retry_after_seconds)} if status == 429 else {}
        content = {"error": {"code": 2020, "message": "Rate Limit Exceeded"}}
        return Answer(status=status, content=content, headers=headers)

    def state(self) -> Mapping[str, Any]:
        """Return the incidents with their notes."""
        return {
            "incidents": [
                one.to_json() | {"notes": one.notes, "updates": one.updates, "by": one.by}
                for one in self.incidents.values()
            ]
        }

    def _wait(self, at: datetime) -> int:
        """Return how many seconds are left until a request is taken again, 0 for none."""
        while self._lately and at - self._lately[0] >= timedelta(minutes=1):
            self._lately.popleft()
        if len(self._lately) >= self._per_minute:
            return 60 - int((at - self._lately[0]).total_seconds())
        self._lately.append(at)
        return 0

    def _read(self, received: Received) -> Answer:
        if received.path == "/incidents":
            key = received.query.get("incident_key", "")
            found = [one.to_json() for one in self.incidents.values() if one.key == key]
            return Answer(status=200, content={"incidents": found, "more": False})
        if received.path == "/priorities":
            named = [{"id": id_, "name": name} for name, id_ in self._priorities.items()]
            return Answer(status=200, content={"priorities": named}) if named else _NO_PRIORITIES
        if received.path == "/users":
            asked = received.query.get("query", "")
            known = [{"id": id_, "email": email} for email, id_ in self._users.items()]
            users = [one for one in known if asked in one["email"]]
            return Answer(status=200, content={"users": users, "more": False})
        return self._read_one(received)

    def _read_one(self, received: Received) -> Answer:
        place = _PATH.fullmatch(received.path)
        incident = self.incidents.get(place["id"]) if place else None
        if place is None or incident is None:
            return _error(404, 2100, "Not Found")
        if place["part"] == "notes":
            notes = [{"id": f"N{at}", "content": one} for at, one in enumerate(incident.notes)]
            return Answer(status=200, content={"notes": notes})
        if place["part"] in ("merge", "status_updates"):
            return _error(405, 2002, "Method Not Allowed")
        if place["part"] == "log_entries":
            log = incident.log(received.query)
            if isinstance(log, str):
                return _error(400, 2001, "Invalid Input Provided", log)
            return Answer(status=200, content=log)
        return Answer(status=200, content={"incident": incident.to_json()})

    def _add_note(
        self, incident: RestIncident, content: Mapping[str, Any], received: Received
    ) -> Answer:
        note = content.get("note")
        text = note.get("content") if isinstance(note, Mapping) else None
        if not isinstance(text, str) or not text.strip():
            return _error(400, 2001, "Invalid Input Provided", "Content cannot be empty")
        if len(incident.notes) >= MAX_NOTES:
            return _error(400, 2001, "Invalid Input Provided", "Too many notes")
        incident.notes.append(text)
        shown = {"id": f"N{len(incident.notes)}", "content": text}
        return Answer(status=200, content={"note": shown}, accepted=True)

    def _update(
        self, incident: RestIncident, content: Mapping[str, Any], received: Received
    ) -> Answer:
        wanted = content.get("incident")
        if not isinstance(wanted, Mapping) or wanted.get("type") not in _TYPES:
            return _error(400, 2001, "Invalid Input Provided", "incident.type is missing")
        invalid = self._invalid(wanted)
        if invalid:
            return _error(400, 2001, "Invalid Input Provided", invalid)
        status = wanted.get("status")
        if status is not None and incident.status == "resolved":
            return _error(400, 1001, "Incident Already Resolved")
        if status == "acknowledged" == incident.status:
            return _error(400, 1002, "Incident Already Acknowledged")
        if wanted.get("assignments"):
            incident.assignees = [one["assignee"]["id"] for one in wanted["assignments"]]
        if wanted.get("priority"):
            incident.priority = wanted["priority"]["id"]
        if status is not None:
            incident.status = status
            incident.by.append(received.headers["from"])
        return Answer(status=200, content={"incident": incident.to_json()}, accepted=True)

    def _invalid(self, wanted: Mapping[str, Any]) -> str:
        """Return what is wrong with an update, "" for nothing."""
        if wanted.get("status") not in (None, *_STATUSES):
            return "Status is invalid"
        given = wanted.get("assignments")
        ids = {one.get("assignee", {}).get("id") for one in given or ()}
        if given is not None and (not ids or not ids <= set(self._users.values())):
            return "Assignee is invalid"
        priority = wanted.get("priority")
        if priority is not None and priority.get("id") not in self._priorities.values():
            return "Priority is invalid"
        return ""

    def _merge(
        self, incident: RestIncident, content: Mapping[str, Any], received: Received
    ) -> Answer:
        sources = content.get("source_incidents")
        ids = [one.get("id") for one in sources] if isinstance(sources, list) else []
        if not ids or not set(ids) <= set(self.incidents) - {incident.id}:
            return _error(400, 2001, "Invalid Input Provided", "Source incidents are invalid")
        if incident.status == "resolved":
            return _error(400, 2001, "Invalid Input Provided", "Target is resolved")
        for one in ids:
            self.incidents[one].status = "resolved"
            self.incidents[one].merged_into = incident.id
        return Answer(status=200, content={"incident": incident.to_json()}, accepted=True)

    def _send_update(
        self, incident: RestIncident, content: Mapping[str, Any], received: Received
    ) -> Answer:
        invalid = update_error(content)
        if invalid:
            return _error(400, 2001, "Invalid Input Provided", invalid)
        sent = SentUpdate(content["message"], received.at, received.headers["from"])
        incident.sent.append(sent)
        shown = {"id": f"S{len(incident.sent)}", "message": sent.message}
        return Answer(status=200, content={"status_update": shown}, accepted=True)


Change = Callable[[PagerDutyIncidents, RestIncident, Mapping[str, Any], Received], Answer]

_CHANGES: Mapping[tuple[str, str | None], Change] = {
    ("POST", "notes"): PagerDutyIncidents._add_note,
    ("PUT", None): PagerDutyIncidents._update,
    ("PUT", "merge"): PagerDutyIncidents._merge,
    ("POST", "status_updates"): PagerDutyIncidents._send_update,
}


def create_app(ledger: PagerDutyIncidents, faults: FaultPlan | None = None) -> ASGIApp:
    """Return the app that answers as api.pagerduty.com does for incidents."""
    return receiver_app(ledger, faults if faults is not None else FaultPlan())


def _token(received: Received) -> str:
    scheme, _, token = received.headers.get("authorization", "").partition("token=")
    return token if scheme.strip() == "Token" else ""


def _error(status: int, code: int, message: str, *errors: str) -> Answer:
    error: dict[str, Any] = {"code": code, "message": message}
    return Answer(status=status, content={"error": error | ({"errors": errors} if errors else {})})


_NO_PRIORITIES = _error(404, 2100, "Not Found")
