"""A loopback of the one call of PagerDuty's REST API v2 that we make: who a user is.

References:
    developer.pagerduty.com, "Authentication" and "Get a user".
"""

from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from starlette.types import ASGIApp

from aiops.receivers.asgi import receiver_app
from aiops.receivers.faults import FaultPlan
from aiops.receivers.ledger import Answer, Clock, Ledger, Received

_PATH = "/users/"


class PagerDutyUsers(Ledger):
    """Tells who a user is to whoever has a key of the REST API.

    Args:
        tokens: the API keys that exist.
        users: id to name and e-mail address.
        clock: stamps the requests.
    """

    name: ClassVar[str] = "pagerduty_users"

    def __init__(
        self, *, tokens: Collection[str], users: Mapping[str, tuple[str, str]], clock: Clock
    ) -> None:
        super().__init__(clock=clock)
        self._tokens = frozenset(tokens)
        self._users = users

    def answer(self, received: Received) -> Answer:
        """Check a request as the REST API does, and answer it if it passes."""
        scheme, _, token = received.headers.get("authorization", "").partition("token=")
        if scheme.strip() != "Token" or token not in self._tokens:
            return _error(401, 2006, "Unauthorized")
        if received.method != "GET":
            return _error(405, 2002, "Method Not Allowed")
        return self.apply(received)

    def apply(self, received: Received) -> Answer:
        """Return the user that is asked for."""
        user_id = received.path.removeprefix(_PATH)
        if not received.path.startswith(_PATH) or user_id not in self._users:
            return _error(404, 2100, "Not Found")
        name, email = self._users[user_id]
        user = {"id": user_id, "type": "user", "name": name, "email": email}
        return Answer(status=200, content={"user": user})

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
