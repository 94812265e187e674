"""What PagerDuty's Events API v2 accepts: its schema and the rules its prose adds.

Where the real error texts are known (their casing and spelling included) ours are the same.

References:
    PagerDuty/api-schema, `reference/events-v2`; developer.pagerduty.com, "Send an Alert Event".
"""

import re
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

MAX_BODY_BYTES = 512_000
"""512 KB; the smaller reading of it, which Alertmanager keeps to as well."""

_ACTIONS = ("trigger", "acknowledge", "resolve")
_SEVERITIES = ("critical", "warning", "error", "info")
_ROUTING_KEY_CHARACTERS = 32
_DEDUP_KEY_CHARACTERS = 255
_SUMMARY_CHARACTERS = 1024

Event = Mapping[str, Any]


class Throttle:
    """Takes so many events of one routing key in any minute, and no more."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._lately: dict[str, deque[datetime]] = {}

    def takes_no(self, event: Event, at: datetime) -> bool:
        """Tell whether a valid event is one too many; if it is not it counts."""
        lately = self._lately.setdefault(str(event["routing_key"]), deque())
        while lately and at - lately[0] >= timedelta(minutes=1):
            lately.popleft()
        if len(lately) >= self._per_minute:
            return True
        lately.append(at)
        return False


def enqueue_errors(event: Event, routing_keys: Collection[str]) -> list[str]:
    """Return what is wrong with an alert event, worst first; empty when it is accepted.

    Examples:
        >>> enqueue_errors({"routing_key": "R" * 32, "event_action": "resolve"}, {"R" * 32})
        ["'dedup_key' is missing or blank"]
    """
    return [
        *_routing_key_errors(event, routing_keys),
        *_action_errors(event),
        *_dedup_key_errors(event),
        *(_trigger_errors(event) if event.get("event_action") == "trigger" else ()),
    ]


def change_errors(event: Event, routing_keys: Collection[str]) -> list[str]:
    """Return what is wrong with a change event; empty when it is accepted."""
    return [
        *_routing_key_errors(event, routing_keys),
        *_payload_errors(event, required=("summary",)),
        *_attachment_errors(event),
    ]


def _routing_key_errors(event: Event, known: Collection[str]) -> Iterator[str]:
    key = event.get("routing_key")
    if not isinstance(key, str) or not key.strip():
        yield "'routing_key' is missing or blank"
        return
    well_formed = True
    if len(key) != _ROUTING_KEY_CHARACTERS:
        well_formed = False
        length = _ROUTING_KEY_CHARACTERS
        yield f"Length of 'routing_key' is incorrect (should be {length} characters)"
    if not (key.isascii() and key.isalnum()):
        well_formed = False
        yield "'routing_key' cannot contain non-alphanumeric characters."
    if well_formed and key not in known:
        yield "Invalid routing key"


def _action_errors(event: Event) -> Iterator[str]:
    action = event.get("event_action")
    if action is None or action == "":
        yield "'event_action' is missing or blank"
    elif action not in _ACTIONS:
        yield f"'event_action' is invalid (must be one of the following: {', '.join(_ACTIONS)})"


def _dedup_key_errors(event: Event) -> Iterator[str]:
    key = event.get("dedup_key")
    if key is None or key == "":
        if event.get("event_action") in {"acknowledge", "resolve"}:
            yield "'dedup_key' is missing or blank"
    elif not isinstance(key, str):
        yield "'dedup_key' is invalid (must be a string)"
    elif len(key) > _DEDUP_KEY_CHARACTERS:
        yield f"'dedup_key' is too long (maximum is {_DEDUP_KEY_CHARACTERS} characters)"


def _trigger_errors(event: Event) -> Iterator[str]:
    yield from _payload_errors(event, required=("summary", "source", "severity"))
    yield from _attachment_errors(event)
    yield from _text_errors(event, "", ("client",))
    url = event.get("client_url")
    if url is not None and not _is_url(url):
        yield "'client_url' is invalid (must be a URL)"


def _payload_errors(event: Event, required: Collection[str]) -> Iterator[str]:
    payload = event.get("payload")
    if not isinstance(payload, Mapping):
        yield "'payload' is missing or blank"
        return
    for name in required:
        if payload.get(name) is None or payload[name] == "":
            yield f"'payload.{name}' is missing or blank"
    names = ("summary", "source", "timestamp", "component", "group", "class")
    yield from _text_errors(payload, "payload.", names)
    summary, severity = payload.get("summary"), payload.get("severity")
    if isinstance(summary, str) and len(summary) > _SUMMARY_CHARACTERS:
        # the vendor spells it so
        yield f"'summary' is too long (maiximum is {_SUMMARY_CHARACTERS} characters)"
    if "severity" in required and severity not in (None, "", *_SEVERITIES):
        options = ", ".join(f"'{option}'" for option in _SEVERITIES)
        yield f"'payload.severity' is invalid (must be one of the following: {options})"
    if isinstance(payload.get("timestamp"), str) and not _is_time(payload["timestamp"]):
        yield "'payload.timestamp' is invalid (must be an ISO 8601 date-time)"
    details = payload.get("custom_details")
    if details is not None and not isinstance(details, Mapping):
        yield "'payload.custom_details' is invalid (must be an object)"


def _attachment_errors(event: Event) -> Iterator[str]:
    for name, target in (("links", "href"), ("images", "src")):
        entries = event.get(name)
        if entries is None:
            continue
        if not isinstance(entries, list):
            yield f"'{name}' is invalid (must be an array)"
            continue
        for index, entry in enumerate(entries):
            yield from _entry_errors(f"{name}[{index}]", entry, target)


def _entry_errors(place: str, entry: object, target: str) -> Iterator[str]:
    if not isinstance(entry, Mapping) or not entry.get(target):
        yield f"'{place}.{target}' is missing or blank"
        return
    if not _is_url(entry[target]):
        yield f"'{place}.{target}' is invalid (must be a URL)"
    elif target == "src" and not entry[target].startswith("https://"):
        yield f"'{place}.src' is invalid (must be served via HTTPS)"
    if target == "src" and entry.get("href") is not None and not _is_url(entry["href"]):
        yield f"'{place}.href' is invalid (must be a URL)"
    yield from _text_errors(entry, f"{place}.", ("text", "alt"))


def _text_errors(content: Event, prefix: str, names: Collection[str]) -> Iterator[str]:
    for name in names:
        if content.get(name) is not None and not isinstance(content[name], str):
            yield f"'{prefix}{name}' is invalid (must be a string)"


def _is_url(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc)


def _is_time(text: str) -> bool:
    if re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", text) is None:
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
