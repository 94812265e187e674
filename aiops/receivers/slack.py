"""A loopback Slack: the Web API methods we use, and response URLs."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

from starlette.types import ASGIApp

from aiops.receivers.asgi import receiver_app
from aiops.receivers.faults import FaultPlan
from aiops.receivers.ledger import Answer, Clock, Ledger, Received
from aiops.receivers.slack_channels import listed
from aiops.receivers.slack_files import UPLOAD_PREFIX, SlackFiles
from aiops.receivers.slack_messages import Conversations, Revision, SlackMessage
from aiops.receivers.slack_requests import (
    Arguments,
    SlackRefusedError,
    admit,
    arguments_of,
    content_of,
    window_of,
)

_POST_CHARACTERS = 40_000
_UPDATE_CHARACTERS = 4_000
_RESPONSES_PER_URL = 5
_RESPONSE_PREFIX = "/response/"
_TOKEN_PREFIXES = ("xoxb-", "xoxp-")
_RATE_LIMIT = timedelta(seconds=1)


class SlackLedger(Ledger):
    """What was sent to Slack, and the messages it makes of it.

    Args:
        tokens: bot token to bot id ("xoxb-…": "B0001").
        channels: channel id to name, without the number sign.
        clock: stamps the requests.
        path: the file that outlives the process, see `Ledger`.
        users: user id to what users.info tells of them.
        scopes: what the app may do, in Slack's names; None: everything.
        rate_limited: whether more than a message a second and channel answers 429.

    Examples:
        >>> from aiops.domain.time import utc
        >>> SlackLedger(tokens={}, channels={"C1": "incidents"}, clock=lambda: utc(0)).messages
        ()
    """

    name: ClassVar[str] = "slack"

    def __init__(
        self,
        *,
        tokens: Mapping[str, str],
        channels: Mapping[str, str],
        clock: Clock,
        path: Path | None = None,
        rate_limited: bool = False,
        users: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
        scopes: tuple[str, ...] | None = None,
    ) -> None:
        super().__init__(clock=clock, path=path)
        self._tokens = dict(tokens)
        self._rate_limited = rate_limited
        self._users = users
        self._scopes = scopes
        self._conversations = Conversations(channels)
        self._files = SlackFiles(self._conversations)
        self._last_posts: dict[str, datetime] = {}
        self._responses: dict[str, tuple[Mapping[str, Any], ...]] = {}
        self._methods: Mapping[str, Callable[[Received, Arguments], Answer]] = {
            "/api/auth.test": self._auth_test,
            "/api/chat.postMessage": self._post_message,
            "/api/chat.update": self._update,
            "/api/conversations.history": self._history,
            "/api/conversations.replies": self._replies,
            "/api/conversations.list": self._list,
            "/api/users.info": self._user,
            **self._files.methods,
        }
        self._reload()

    @property
    def messages(self) -> tuple[SlackMessage, ...]:
        """Return every message, oldest first, with all it ever said."""
        return self._conversations.messages

    @property
    def responses(self) -> Mapping[str, tuple[Mapping[str, Any], ...]]:
        """Return what each response URL was sent, by the id at its end."""
        return dict(self._responses)

    def answer(self, received: Received) -> Answer:
        """Check a request as the Web API does, act on it if it passes.

        Refusals are HTTP 200 with `"ok": false`, as Slack's are; only a rate limit is a 429.
        """
        try:
            return self._answer(received)
        except SlackRefusedError as refused:
            return _refused(refused)

    def apply(self, received: Received) -> Answer:
        """Act on a request whose token was good.

        Raises:
            SlackRefusedError: the request is wrong in another way.
        """
        if received.path.startswith(_RESPONSE_PREFIX):
            return self._respond(received)
        if received.path.startswith(UPLOAD_PREFIX):
            return self._files.upload(received)
        method = self._methods.get(received.path)
        if method is None:
            raise SlackRefusedError("unknown_method")
        return method(received, arguments_of(received))

    def refusal(self, status: int, retry_after_seconds: int) -> Answer:
        """Return Slack's answer on a bad day; its 429 says how long to wait."""
        if status == 429:
            return _refused(_rate_limit(retry_after_seconds))
        return Answer(status=status, content={"ok": False, "error": "internal_error"})

    def state(self) -> Mapping[str, Any]:
        """Return the messages and responses as JSON values."""
        return {
            "messages": [
                {"channel": m.channel, **m.to_json(), "revisions": m.revisions}
                for m in self.messages
            ],
            "responses": self._responses,
        }

    def _answer(self, received: Received) -> Answer:
        if received.path.startswith((_RESPONSE_PREFIX, UPLOAD_PREFIX)):  # the address is a secret
            return self.apply(received)
        bot_id = self._authenticate(received)
        admit(received, self._scopes)
        if self._rate_limited and received.path == "/api/chat.postMessage":
            self._limit_rate(received)
        return replace(self.apply(replace(received, sender=bot_id)), sender=bot_id)

    def _authenticate(self, received: Received) -> str:
        scheme, _, token = received.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            token = arguments_of(received).text("token")
        if not token:
            raise SlackRefusedError("not_authed")
        if not token.startswith(_TOKEN_PREFIXES) or token.strip() not in self._tokens:
            raise SlackRefusedError("invalid_auth")
        return self._tokens[token.strip()]

    def _limit_rate(self, received: Received) -> None:
        channel = self._conversations.find(arguments_of(received).text("channel"))
        last = self._last_posts.get(channel) if channel is not None else None
        if last is not None and received.at - last < _RATE_LIMIT:
            raise _rate_limit(1)

    def _auth_test(self, received: Received, _: Arguments) -> Answer:
        bot_id = received.sender or ""
        answer = _ok(
            accepted=False,
            url="https://loopback.slack.com/",
            team="Loopback",
            team_id="T0001",
            user="aiops",
            user_id=f"U{bot_id[1:]}",
            bot_id=bot_id,
            is_enterprise_install=False,
        )
        scopes = {} if self._scopes is None else {"x-oauth-scopes": ",".join(self._scopes)}
        return replace(answer, headers=scopes)

    def _post_message(self, received: Received, arguments: Arguments) -> Answer:
        channel = self._conversations.find(arguments.require("channel"))
        if channel is None:
            raise SlackRefusedError("channel_not_found")
        thread_ts = arguments.text("thread_ts") or None
        if thread_ts is not None and self._conversations.get(channel, thread_ts) is None:
            raise SlackRefusedError("thread_not_found")
        content = content_of(arguments, max_text=_POST_CHARACTERS)
        message = self._conversations.post(
            channel=channel,
            bot_id=received.sender or "",
            thread_ts=thread_ts,
            broadcast=arguments.flag("reply_broadcast"),
            revision=Revision(seq=received.seq, at=received.at, content=content),
        )
        self._last_posts[channel] = received.at
        return _ok(channel=channel, ts=message.ts, message=message.to_json())

    def _update(self, received: Received, arguments: Arguments) -> Answer:
        channel = self._channel_id(arguments)
        message = self._conversations.get(channel, arguments.require("ts"))
        if message is None:
            raise SlackRefusedError("message_not_found")
        if message.bot_id != received.sender:
            raise SlackRefusedError("cant_update_message")
        content = content_of(arguments, max_text=_UPDATE_CHARACTERS, before=message.content)
        revision = Revision(seq=received.seq, at=received.at, content=content)
        updated = self._conversations.update(message, revision)
        return _ok(channel=channel, ts=message.ts, text=content.text, message=updated.to_json())

    def _history(self, _: Received, arguments: Arguments) -> Answer:
        messages = self._conversations.history(self._channel_id(arguments))
        return self._page(messages, arguments, newest_first=True)

    def _replies(self, _: Received, arguments: Arguments) -> Answer:
        channel = self._channel_id(arguments)
        messages = self._conversations.thread(channel, arguments.require("ts"))
        if not messages:
            raise SlackRefusedError("thread_not_found")
        return self._page(messages, arguments, newest_first=False)

    def _list(self, _: Received, arguments: Arguments) -> Answer:
        return listed(self._conversations, arguments, self._scopes)

    def _user(self, _: Received, arguments: Arguments) -> Answer:
        name = arguments.require("user")
        if name not in self._users:
            raise SlackRefusedError("user_not_found")
        return _ok(accepted=False, user={"id": name, **self._users[name]})

    def _page(
        self, messages: tuple[SlackMessage, ...], arguments: Arguments, *, newest_first: bool
    ) -> Answer:
        """Return one page; the cursor is the `ts` of the last message already shown."""
        window = window_of(arguments)
        cursor = arguments.text("cursor")
        found = [
            message
            for message in messages
            if window.holds(message.ts)
            and (not cursor or (message.ts < cursor if newest_first else message.ts > cursor))
        ]
        shown, rest = found[: window.limit], found[window.limit :]
        metadata = arguments.flag("include_all_metadata")
        return _ok(
            accepted=False,
            messages=[self._conversations.show(m, metadata=metadata) for m in shown],
            has_more=bool(rest),
            response_metadata={"next_cursor": shown[-1].ts if rest else ""},
        )

    def _channel_id(self, arguments: Arguments) -> str:
        channel = arguments.require("channel")
        if not self._conversations.has(channel):
            raise SlackRefusedError("channel_not_found")
        return channel

    def _respond(self, received: Received) -> Answer:
        id_ = received.path.removeprefix(_RESPONSE_PREFIX)
        earlier = self._responses.get(id_, ())
        if received.method != "POST" or len(earlier) >= _RESPONSES_PER_URL:
            raise SlackRefusedError("used_url", status=404)
        try:
            arguments = arguments_of(received)
            if not arguments.flag("delete_original"):
                content_of(arguments, max_text=_POST_CHARACTERS)
        except SlackRefusedError as refused:
            return Answer(status=400, content=refused.error.encode())
        self._responses[id_] = (*earlier, arguments.values)
        return Answer(status=200, content=b"ok", accepted=True)


def create_app(ledger: SlackLedger, faults: FaultPlan | None = None) -> ASGIApp:
    """Return the app that answers as slack.com/api does, and takes responses.

    Args:
        ledger: keeps what arrives.
        faults: what goes wrong; a plan of its own when None.
    """
    return receiver_app(ledger, faults if faults is not None else FaultPlan())


def _ok(*, accepted: bool = True, **content: Any) -> Answer:
    return Answer(status=200, content={"ok": True, **content}, accepted=accepted)


def _refused(refused: SlackRefusedError) -> Answer:
    return Answer(status=refused.status, content=refused.content, headers=refused.headers)


def _rate_limit(seconds: int) -> SlackRefusedError:
    return SlackRefusedError("ratelimited", status=429, retry_after_seconds=seconds)
