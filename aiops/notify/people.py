"""Who somebody is at PagerDuty or Slack: by e-mail address, which both ends share.

References:
    docs.slack.dev, "users.info" (scopes users:read and users:read.email);
    developer.pagerduty.com, "Get a user".
"""

from collections.abc import Mapping
from typing import Any

import httpx
import orjson

from aiops.domain.errors import DeliveryError
from aiops.domain.words import Place
from aiops.notify import http, pagerduty_rest
from aiops.settings import SinkSettings

_SECONDS = 3.0


class People:
    """Looks people up, each once; where that cannot be done nobody waits for it.

    Args:
        sinks: the settings of all sinks; those that hold what it takes to ask are asked.
    """

    def __init__(self, sinks: tuple[SinkSettings, ...]) -> None:
        self._sinks = sinks
        self._known: dict[tuple[Place, str], str] = {}

    def name_of(self, place: Place, user_id: str) -> str:
        """Return a person's e-mail address, else their name there; "" where nobody can say.

        Args:
            place: where the id is known.
            user_id: as that place gives it.
        """
        if not user_id:
            return ""
        known = self._known.get((place, user_id))
        if known is None:
            known = next((name for sink in self._sinks if (name := _ask(sink, place, user_id))), "")
            if known:
                self._known[place, user_id] = known
        return known


def _ask(sink: SinkSettings, place: Place, user_id: str) -> str:
    if not user_id.isalnum():
        return ""
    try:
        if place is Place.SLACK and sink.kind == "slack" and sink.secret:
            token = f"Bearer {sink.secret.get_secret_value()}"
            url, asked = f"{sink.url.rstrip('/')}/users.info", {"user": user_id}
            user = _get(sink, url, {"authorization": token}, asked).get("user")
            profile = _object(_object(user).get("profile"))
            return _first(profile.get("email"), profile.get("real_name"), _object(user).get("name"))
        if place is Place.PAGERDUTY and pagerduty_rest.may_ask(sink):
            user = _object(pagerduty_rest.ask(sink, f"users/{user_id}", {}).get("user"))
            return _first(user.get("email"), user.get("name"))
    except DeliveryError:
        return ""
    return ""


def _get(
    sink: SinkSettings, url: str, headers: Mapping[str, str], params: Mapping[str, str]
) -> Mapping[str, Any]:
    with http.new_client(url) as client:
        answer: httpx.Response = http.request(
            client, sink.name, "GET", url, headers, params=params, timeout_seconds=_SECONDS
        )
    try:
        return _object(orjson.loads(answer.content))
    except orjson.JSONDecodeError:
        return {}


def _object(content: object) -> Mapping[str, Any]:
    return content if isinstance(content, Mapping) else {}


def _first(*names: object) -> str:
    return next((name for name in names if isinstance(name, str) and name), "")
