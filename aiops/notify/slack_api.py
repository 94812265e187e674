"""One call of Slack's Web API, and what its answers mean for a notification."""

import time
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import orjson

from aiops.domain.errors import DeliveryError
from aiops.notify import http
from aiops.notify.phrases import clean

CANNOT_LOOK = frozenset(
    {"missing_scope", "not_in_channel", "channel_not_found", "unknown_method", "invalid_channel"}
)
"""Errors of an app that may not read a channel: then nobody can look what is there already."""

_PASSING = frozenset(
    {
        "ratelimited",
        "rate_limited",
        "internal_error",
        "service_unavailable",
        "fatal_error",
        "request_timeout",
        "team_added_to_org",
    }
)
"""Errors that go away by themselves."""

_TOKEN = "set a bot token (xoxb-…) of an installed app in AIOPS_SLACK_BOT_TOKEN"  # noqa: S105
_CHANNEL = "name an existing channel, best by its id (C…), and invite the app to it"
_SAYS_WHAT_TO_DO: Mapping[str, str] = MappingProxyType(
    {
        "invalid_auth": _TOKEN,
        "not_authed": _TOKEN,
        "account_inactive": _TOKEN,
        "token_revoked": _TOKEN,
        "token_expired": _TOKEN,
        "missing_scope": "give the app the scopes of `aiops slack manifest` and install it again",
        "not_in_channel": "invite the app to the channel: /invite @aiops",
        "channel_not_found": _CHANNEL,
        "is_archived": _CHANNEL,
        "message_not_found": "somebody deleted the message; nothing is left to update",
        "cant_update_message": "the message was posted with another token; use that one",
        "edit_window_closed": "the workspace forbids late edits; allow them for the app",
        "restricted_action": "let a workspace admin allow the app to post",
    }
)

_JSON = "application/json; charset=utf-8"
_FORM = "application/x-www-form-urlencoded"
_FILE_HOSTS = (".slack.com", ".slack-files.com")
_PAGE = "999"
"""As many as Slack gives at once: docs.slack.dev, "conversations.history"."""

_PAGES = 5
"""Over an hour of a channel that takes a message a second: a retry waits some minutes."""

_BUDGET_SECONDS = 25.0
"""For all calls of one delivery together: less than its lease."""


class SlackRefusalError(DeliveryError):
    """Slack understood the call and said no.

    Args:
        message: as in `DeliveryError`.
        error: Slack's short name of what is wrong, as in "not_in_channel".
        retryable: as in `DeliveryError`.
        retry_after_seconds: as in `DeliveryError`.
    """

    def __init__(
        self,
        message: str,
        *,
        error: str,
        retryable: bool,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message, retryable=retryable, retry_after_seconds=retry_after_seconds)
        self.error = error


class SlackCalls:
    """The calls of one delivery, which share one budget of time.

    Args:
        client: that sends them.
        sink: name of the sink, for messages.
        api_url: `https://slack.com/api/`.
        token: of the bot; None: not given yet.
    """

    def __init__(self, client: httpx.Client, sink: str, api_url: str, token: str | None) -> None:
        self._client = client
        self._sink = sink
        self._api_url = api_url.rstrip("/")
        self._token = token
        self._until = time.monotonic() + _BUDGET_SECONDS

    def post(self, method: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call a method that changes something.

        Raises:
            SlackRefusalError: Slack said no.
            DeliveryError: Slack did not answer, or not as Slack answers.
        """
        return self._call("POST", method, content=orjson.dumps(arguments))

    def get(self, method: str, arguments: Mapping[str, str]) -> Mapping[str, Any]:
        """Call a method that reads; raises as `post` does, and is never ambiguous."""
        with http.reading():
            return self._call("GET", method, params=arguments)

    def form(self, method: str, arguments: Mapping[str, str | int]) -> Mapping[str, Any]:
        """Call a method that takes a form only, and does nothing anybody sees; raises as `get`."""
        with http.reading():
            return self._call(
                "POST", method, content=urlencode(arguments).encode(), content_type=_FORM
            )

    def upload(self, url: str, content: bytes) -> None:
        """Send a file to an address that Slack gave for it; our token does not go there.

        Raises:
            DeliveryError: it is none of Slack's addresses, or did not take the file. Nobody sees a
                file before it is shared: it is never ambiguous.
        """
        where = urlsplit(url)
        is_slacks = where.scheme == "https" and f".{where.hostname}".endswith(_FILE_HOSTS)
        if not is_slacks and where.netloc != urlsplit(self._api_url).netloc:
            raise DeliveryError(
                f"sink {self._sink}: Slack named an address for a file that is not its own",
                retryable=False,
            )
        headers = {"content-type": "application/octet-stream"}
        with http.reading():
            response = self._send("POST", url, headers, content)
        if response.status_code != 200:
            raise DeliveryError(
                f"sink {self._sink}: Slack's address for files answered {response.status_code}",
                retryable=True,
                retry_after_seconds=http.wait_seconds(response),
            )

    def pages(
        self, method: str, arguments: Mapping[str, str], key: str = "messages"
    ) -> Iterator[Mapping[str, Any]]:
        """Yield what a reading method lists, page by page, up to a limit; raises as `get`."""
        cursor = ""
        for _ in range(_PAGES):
            asked = {"limit": _PAGE, "include_all_metadata": "true", "cursor": cursor}
            answer = self.get(method, {**arguments, **asked})
            listed = answer.get(key)
            yield from (one for one in listed or () if isinstance(one, Mapping))
            more = answer.get("response_metadata")
            cursor = str(more.get("next_cursor") or "") if isinstance(more, Mapping) else ""
            if not cursor:
                return

    def _call(
        self,
        verb: str,
        method: str,
        *,
        content: bytes | None = None,
        content_type: str = _JSON,
        params: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:
        if not self._token:
            raise DeliveryError(f"sink {self._sink}: no bot token; {_TOKEN}", retryable=True)
        headers = {"authorization": f"Bearer {self._token}"}
        if content is not None:
            headers["content-type"] = content_type
        response = self._send(verb, f"{self._api_url}/{method}", headers, content, params)
        return self._judge(method, response)

    def _send(
        self,
        verb: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None = None,
        params: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        left = self._until - time.monotonic()
        if left <= 0:
            raise DeliveryError(f"sink {self._sink}: Slack answers too slowly", retryable=True)
        return http.request(
            self._client,
            self._sink,
            verb,
            url,
            headers,
            content=content,
            params=params,
            timeout_seconds=min(http.TIMEOUT_SECONDS, left),
        )

    def _judge(self, method: str, response: httpx.Response) -> Mapping[str, Any]:
        where = f"sink {self._sink}: Slack's {method} answered"
        status = response.status_code
        answer = _json(response)
        if status == 200 and answer.get("ok") is True:
            return answer
        if status == 429 or (status == 200 and answer.get("ok") is False):
            raise self._refusal(where, answer, response)
        raise DeliveryError(
            f"{where} {status}" + (", nothing Slack would say" if status == 200 else ""),
            retryable=status == 200 or http.is_passing(status),
            retry_after_seconds=http.wait_seconds(response),
            ambiguous=status == 200 or status >= 500,
        )

    def _refusal(
        self, where: str, answer: Mapping[str, Any], response: httpx.Response
    ) -> SlackRefusalError:
        fallback = "ratelimited" if response.status_code == 429 else "unknown_error"
        error = clean(str(answer.get("error") or fallback), 100)
        parts = [f"{where} {error}", _details(answer), _SAYS_WHAT_TO_DO.get(error, "")]
        text = "; ".join(part for part in parts if part).replace(self._token or "\0", "(token)")
        return SlackRefusalError(
            text,
            error=error,
            retryable=error in _PASSING or response.status_code == 429,
            retry_after_seconds=http.wait_seconds(response),
        )


def _json(response: httpx.Response) -> Mapping[str, Any]:
    try:
        content = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return {}
    return content if isinstance(content, Mapping) else {}


def _details(answer: Mapping[str, Any]) -> str:
    """Return what Slack says beside the name of an error: wrong blocks, a missing scope."""
    metadata = answer.get("response_metadata")
    messages = metadata.get("messages") if isinstance(metadata, Mapping) else None
    said = [str(one) for one in messages[:3]] if isinstance(messages, list) else []
    if answer.get("needed"):
        said.append(f"needed scope: {answer['needed']}")
    return clean(", ".join(said), 400)
