"""A loopback of the calls of PagerDuty's REST API v2 that we make: who is it, who is on call.

References:
    developer.pagerduty.com, "Authentication", "Versioning", "Get a user" and "List all of the
    on-calls".
"""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from starlette.types import ASGIApp

from aiops.receivers.asgi import receiver_app
from aiops.receivers.faults import FaultPlan
from aiops.receivers.ledger import Answer, Clock, Ledger, Received

_PATH = "/users/"
_ON_CALLS = "/oncalls"
_VERSIONS = ("application/vnd.pagerduty+json;version=2", "application/json")


class PagerDutyUsers(Ledger):
    """Tells who a user is to whoever has a key of the REST API.

    Args:
        tokens: the API keys that exist.
        users: id to name and e-mail address.
        clock: stamps the requests.
        schedules: id to the ids of the users on call, the first level first.
    """

    name: ClassVar[str] = "pagerduty_users"

    def __init__(
        self,
        *,
        tokens: Collection[str],
        users: Mapping[str, tuple[str, str]],
        clock: Clock,
        schedules: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> None:
        super().__init__(clock=clock)
        self._tokens = frozenset(tokens)
        self._users = users
        self.schedules = dict(schedules)

    def answer(self, received: Received) -> Answer:
        """Check a request as the REST API does, and answer it if it passes."""
        scheme, _, token = received.headers.get("authorization", "").partition("token=")
        if scheme.strip() != "Token" or token not in self._tokens:
            return _error(401, 2006, "Unauthorized")
        if received.method != "GET":
            return _error(405, 2002, "Method Not Allowed")
        return self.apply(received)

    def apply(self, received: Received) -> Answer:
        """Return the user, or the on-calls, that are asked for."""
        if received.path == _ON_CALLS:
            return self._on_calls(received)
        user_id = received.path.removeprefix(_PATH)
        if not received.path.startswith(_PATH) or user_id not in self._users:
            return _error(404, 2100, "Not Found")
        return Answer(status=200, content={"user": self._user(user_id)})

    def _on_calls(self, received: Received) -> Answer:
        if received.headers.get("accept") not in _VERSIONS:
            return _error(406, 2013, "Not Acceptable")
        unknown = set(received.query) - {"schedule_ids[]", "include[]", "earliest"}
        schedule = received.query.get("schedule_ids[]", "")
        if unknown or received.query.get("earliest", "false") not in ("true", "false"):
            return _error(400, 2001, "Invalid Input Provided")
        is_full = received.query.get("include[]") == "users"
        oncalls = [
            {
                "user": self._user(one) if is_full else self._reference(one),
                "schedule": {"id": schedule, "type": "schedule_reference", "summary": schedule},
                "escalation_policy": {"id": "PT20YPA", "type": "escalation_policy_reference"},
                "escalation_level": level,
                "start": None,
                "end": None,
            }
            for level, one in enumerate(self.schedules.get(schedule, ()), start=1)
        ]
        page = {"limit": 25, "offset": 0, "more": False, "total": None}
        return Answer(status=200, content={"oncalls": oncalls[::-1], **page})

    def _user(self, user_id: str) -> Mapping[str, str]:
        name, email = self._users[user_id]
        return {"id": user_id, "type": "user", "name": name, "email": email, "summary": name}

    def _reference(self, user_id: str) -> Mapping[str, str]:
        return {"id": user_id, "type": "user_reference", "summary": self._users[user_id][0]}

    def refusal(self, status: int, retry_after_seconds: int) -> Answer:
        """Return PagerDuty's answer on a bad day; its 429 says when the limit begins anew."""
        headers = {"ratelimit-reset": str(retry_after_seconds)} if status == 429 else {}
        return Answer(status=status, content={"error": {"code": 2020}}, headers=headers)

    def state(self) -> Mapping[str, Any]:
        """Return nothing: questions change nothing."""
        return {}


def create_app(ledger: PagerDutyUsers, faults: FaultPlan | None = None) -> ASGIApp:
    """Return the app that answers as api.pagerduty.com does."""
    return receiver_app(ledger, faults if faults is not None else FaultPlan())


def _error(status: int, code: int, message: str) -> Answer:
    return Answer(status=status, content={"error": {"code": code, "message": message}})
