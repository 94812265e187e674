"""One call of Jira Cloud's REST API, and what its answers mean for a notification."""

import base64
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import httpx
import orjson

from aiops.domain.errors import DeliveryError
from aiops.notify import http
from aiops.notify.phrases import clean

TOKEN_WORDS = (
    "set the account's address and an API token of it, as ops@example.com:ATATT…, "  # noqa: S105
    "in AIOPS_JIRA_TOKEN"
)

_SAYS_WHAT_TO_DO: Mapping[int, str] = MappingProxyType(
    {
        401: TOKEN_WORDS,
        403: "let the account browse the project, create, edit and transition issues in it",
        404: "the project or issue is not there, or the account may not see it",
        302: "expected the site's address without a path, as https://acme.atlassian.net",
    }
)

_BUDGET_SECONDS = 25.0
"""For all calls of one delivery together: less than its lease."""

_SAID_CHARACTERS = 300


class JiraCalls:
    """The calls of one delivery, which share one budget of time.

    Args:
        client: that sends them.
        sink: name of the sink, for messages.
        url: of the site, as `https://acme.atlassian.net`.
        token: `ADDRESS:API-TOKEN`; None: not given yet.
    """

    def __init__(self, client: httpx.Client, sink: str, url: str, token: str | None) -> None:
        self._client = client
        self._sink = sink
        self._url = f"{url.rstrip('/')}/rest/api/3"
        self._token = token
        self._until = time.monotonic() + _BUDGET_SECONDS

    def change(self, verb: str, path: str, content: Mapping[str, Any]) -> Mapping[str, Any]:
        """POST or PUT; return the answer, empty where Jira has nothing to say.

        Raises:
            DeliveryError: Jira did not take it, or did not say so.
        """
        return self._call(verb, path, content=orjson.dumps(content))

    def read(self, path: str, params: Mapping[str, str]) -> Mapping[str, Any]:
        """GET; raises as `change` does, and is never ambiguous."""
        with http.reading():
            return self._call("GET", path, params=params)

    def _call(
        self,
        verb: str,
        path: str,
        *,
        content: bytes | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:
        left = self._until - time.monotonic()
        if not self._token:
            raise DeliveryError(f"sink {self._sink}: no token; {TOKEN_WORDS}", retryable=True)
        if left <= 0:
            raise DeliveryError(f"sink {self._sink}: Jira answers too slowly", retryable=True)
        headers = {
            "authorization": f"Basic {base64.b64encode(self._token.encode()).decode()}",
            "accept": "application/json",
        }
        if content is not None:
            headers["content-type"] = "application/json"
        response = http.request(
            self._client,
            self._sink,
            verb,
            f"{self._url}/{path}",
            headers,
            content=content,
            params=params,
            timeout_seconds=min(http.TIMEOUT_SECONDS, left),
        )
        return self._judge(f"{verb} {path}", response)

    def _judge(self, call: str, response: httpx.Response) -> Mapping[str, Any]:
        status = response.status_code
        if status == 204:
            return {}
        answer = _json(response)
        if response.is_success and answer is not None:
            return answer
        where = f"sink {self._sink}: Jira answered {status} to {call}"
        parts = [where, _complaints(answer or {}), _SAYS_WHAT_TO_DO.get(status, "")]
        if response.is_success:
            parts.append("and nothing Jira would say")
        raise DeliveryError(
            "; ".join(part for part in parts if part),
            retryable=response.is_success or http.is_passing(status),
            retry_after_seconds=http.wait_seconds(response),
            ambiguous=response.is_success or status >= 500,
        )


def _json(response: httpx.Response) -> Mapping[str, Any] | None:
    try:
        content = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return None
    return content if isinstance(content, Mapping) else None


def _complaints(answer: Mapping[str, Any]) -> str:
    """Return what Jira says is wrong, by field where it names one."""
    general, fields = answer.get("errorMessages"), answer.get("errors")
    said = [str(one) for one in general] if isinstance(general, list) else []
    if isinstance(fields, Mapping):
        said += [f"{name}: {why}" for name, why in fields.items()]
    return clean(", ".join(said), _SAID_CHARACTERS)
