"""PagerDuty's REST API v2: who a user is, who is on call, and how an incident there is changed.

References:
    developer.pagerduty.com, "Authentication", "Rate limiting", "Get a user", "List all of the
    on-calls", "Create a note on an incident" and "Update an incident".
"""

from collections.abc import Mapping
from typing import Any

import orjson

from aiops.domain.errors import DeliveryError
from aiops.notify import http
from aiops.settings import SinkSettings

_SECONDS = 3.0
_ACCEPTED = "application/vnd.pagerduty+json;version=2"


def ask(sink: SinkSettings, path: str, params: Mapping[str, str]) -> Mapping[str, Any]:
    """Return what PagerDuty answers to a question.

    Args:
        sink: a PagerDuty one with a token of its REST API; one that only reads will do.
        path: below the address of the API, as in `oncalls`.
        params: the query.

    Raises:
        DeliveryError: there was no answer, or a refusal.
    """
    key = sink.api_token or sink.write_token
    token = key.get_secret_value() if key else ""
    headers = {"authorization": f"Token token={token}", "accept": _ACCEPTED}
    url = f"{sink.rest_url.rstrip('/')}/{path}"
    with http.new_client(url) as client:
        answer = http.request(
            client, sink.name, "GET", url, headers, params=params, timeout_seconds=_SECONDS
        )
    if not answer.is_success:
        raise DeliveryError(
            f"sink {sink.name}: PagerDuty's {path} answered {answer.status_code}; check "
            "AIOPS_PAGERDUTY_API_TOKEN, and what is asked for",
            retryable=http.is_passing(answer.status_code),
        )
    try:
        content = orjson.loads(answer.content)
    except orjson.JSONDecodeError as error:
        raise DeliveryError(
            f"sink {sink.name}: PagerDuty's {path} answered no JSON", retryable=True
        ) from error
    return content if isinstance(content, Mapping) else {}


def may_ask(sink: SinkSettings) -> bool:
    """Return whether a sink has a token to ask PagerDuty with."""
    return sink.kind == "pagerduty" and bool(sink.api_token or sink.write_token)


def on_call(sinks: tuple[SinkSettings, ...], schedule: str) -> str:
    """Return who is on call by a schedule now: e-mail address, else name; "" where nobody is.

    Of several levels the first counts.

    Args:
        sinks: the settings of all sinks; the first that may ask PagerDuty is asked.
        schedule: its id, as in `PI7DH85`.

    Raises:
        DeliveryError: there was no answer, a refusal, or nobody may ask.
    """
    asking = next((one for one in sinks if may_ask(one)), None)
    if asking is None:
        raise DeliveryError(
            "PagerDuty's schedules can be read by a pagerduty sink with AIOPS_PAGERDUTY_API_TOKEN",
            retryable=False,
        )
    wanted = {"schedule_ids[]": schedule, "include[]": "users", "earliest": "true"}
    listed = ask(asking, "oncalls", wanted).get("oncalls")
    entries = [one for one in listed or () if isinstance(one, Mapping)]
    levels = [(_level(one), _person(one)) for one in entries]
    return min(((level, who) for level, who in levels if who), default=(0, ""))[1]


def _level(entry: Mapping[str, Any]) -> int:
    level = entry.get("escalation_level")
    return level if isinstance(level, int) else 99


def _person(entry: Mapping[str, Any]) -> str:
    user = entry.get("user")
    if not isinstance(user, Mapping):
        return ""
    names = (user.get(key) for key in ("email", "name", "summary"))
    return next((name for name in names if isinstance(name, str) and name), "")
