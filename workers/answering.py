"""Answers to people at the address their program gave: to them alone, as plain words."""

from urllib.parse import urlsplit

import orjson

from aiops.domain.errors import DeliveryError
from aiops.notify import http
from aiops.settings import SinkSettings
from workers.wiring import Parts

_ANSWER_SECONDS = 3.0
_SLACK_HOST = "hooks.slack.com"
_CHARACTERS = 1000


def answer_at(parts: Parts, url: str, words: str) -> None:
    """Tell somebody something where only they see it; nothing happens without an address.

    Args:
        parts: of this installation.
        url: Slack's, or that of a Slack the settings name; any other is passed over.
        words: not escaped; they mention nobody and link nowhere.

    Raises:
        DeliveryError: they were not told.
    """
    if not url or not _may_answer(parts.settings.sinks, url):
        return
    from aiops.notify.mrkdwn import escaped, section  # noqa: PLC0415 - slack_sdk is slow to import

    said = escaped(words, _CHARACTERS)
    message = {
        "response_type": "ephemeral",
        "replace_original": False,
        "text": said,
        "blocks": [section(said)],
    }
    headers = {"content-type": "application/json; charset=utf-8"}
    with http.new_client(url) as client:
        answer = http.request(
            client,
            "slack",
            "POST",
            url,
            headers,
            content=orjson.dumps(message),
            timeout_seconds=_ANSWER_SECONDS,
        )
    if answer.status_code != 200:
        raise DeliveryError(f"the answer was refused: {answer.status_code}", retryable=False)


def _may_answer(sinks: tuple[SinkSettings, ...], url: str) -> bool:
    """Return whether an address to answer at is Slack's, or that of a Slack we were told of."""
    known = {urlsplit(one.url).netloc for one in sinks if one.kind == "slack"}
    where = urlsplit(url)
    is_slack = where.scheme == "https" and where.hostname == _SLACK_HOST
    return is_slack or where.netloc in known
