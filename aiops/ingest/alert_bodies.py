"""What every body of alerts shares: limits, times, and what reading one gives. Pure."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from aiops.domain.alerts import AlertReport
from aiops.domain.errors import InputError
from aiops.ingest.fields import FieldError, Fields, is_usual

MAX_BODY_BYTES: Final = 8 * 1024 * 1024
MAX_ALERTS: Final = 10_000
MAX_LABELS: Final = 200
MAX_KEY_CHARACTERS: Final = 255

_MAX_TOLD = 10
"""Problems told in one answer; a wrong sender repeats itself."""

_NEVER = "0001-01-01T"
"""How Go writes a time that is not set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What a body of alerts says.

    Args:
        reports: what it says of each alert, in its order.
        steps: which rule did what to each.
        truncated: how many more alerts its sender left out.
    """

    reports: tuple[AlertReport, ...]
    steps: tuple[tuple[str, ...], ...] = ()
    truncated: int = 0


def read_json(body: bytes) -> Any:
    """Return the JSON of a body; one that is nested too deep is none.

    Raises:
        InputError: it is too long, or no JSON.
    """
    if len(body) > MAX_BODY_BYTES:
        raise InputError(f"found {len(body):,} bytes, expected at most {MAX_BODY_BYTES:,}")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InputError(f"found no JSON ({error}), expected an object") from error


def read_object(body: bytes) -> Fields:
    """Return the fields of a body's JSON object.

    Raises:
        InputError: it is none.
    """
    found = read_json(body)
    if not isinstance(found, dict):
        raise InputError("found no object, expected one")
    return Fields("", found)


def read_group(
    body: bytes,
    read: Callable[[Any, str], tuple[AlertReport, tuple[str, ...]]],
    sender: str,
    fewer: str,
) -> Received:
    """Return what a group of alerts says, as Alertmanager and those who took its form send it.

    All of it is taken or none.

    Args:
        body: UTF-8 JSON.
        read: what reads one alert, by it and the place it stands at.
        sender: who that is.
        fewer: how it is told to send fewer at once.

    Raises:
        InputError: names every place that is wrong, what was found and what was expected.
    """
    group = read_object(body)
    alerts = group.values.get("alerts")
    if not isinstance(alerts, list):
        raise InputError(f"alerts: found no list, expected one as the webhook of {sender} sends")
    if len(alerts) > MAX_ALERTS:
        raise InputError(f"alerts: found {len(alerts):,}, expected at most {MAX_ALERTS:,}: {fewer}")
    found: list[tuple[AlertReport, tuple[str, ...]]] = []
    problems: list[str] = []
    for index, alert in enumerate(alerts):
        try:
            found.append(read(alert, f"alerts[{index}]."))
        except FieldError as error:
            problems.append(str(error))
    refuse(problems)
    return Received(
        reports=tuple(report for report, _ in found),
        steps=tuple(steps for _, steps in found),
        truncated=_truncated(group),
    )


def _truncated(group: Fields) -> int:
    count = group.values.get("truncatedAlerts")
    return count if isinstance(count, int) and not isinstance(count, bool) and count > 0 else 0


def labels_of(fields: Fields, name: str) -> Mapping[str, str]:
    """Return the labels of an alert: plain values as texts.

    Raises:
        FieldError: they are no object, or too many, or a value is not plain.
    """
    part = fields.mapping(name)
    if len(part.values) > MAX_LABELS:
        raise FieldError(
            f"{fields.path}{name}: found {len(part.values)} labels, expected at most {MAX_LABELS}"
        )
    return {
        label: value.strip()
        if value.__class__ is str and is_usual(value)
        else _label(part, label, value)
        for label, value in part.values.items()
    }


def _label(labels: Fields, name: str, value: Any) -> str:
    if isinstance(value, (dict, list)):
        raise FieldError(f"{labels.path}{name}: found no text, expected one")
    return labels.shown(name)


def moment(fields: Fields, name: str) -> datetime | None:
    """Return a time, None where it is not set, also as Go writes that."""
    value = fields.values.get(name)
    if isinstance(value, str) and value.startswith(_NEVER):
        return None
    return fields.time(name)


def key_of(fields: Fields, name: str) -> str:
    """Return the key an alert is known by; empty where there is none.

    Raises:
        FieldError: it is too long.
    """
    key = fields.text(name)
    if len(key) > MAX_KEY_CHARACTERS:
        raise FieldError(
            f"{fields.path}{name}: found {len(key)} characters, expected at most"
            f" {MAX_KEY_CHARACTERS}"
        )
    return key


def fingerprint(labels: Mapping[str, str]) -> str:
    """Return a key for an alert that brings none: the same labels give the same.

    Examples:
        >>> fingerprint({"a": "1", "b": "2"}) == fingerprint({"b": "2", "a": "1"})
        True
    """
    text = "\x1f".join(f"{name}\x1e{labels[name]}" for name in sorted(labels))
    return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()


def refuse(problems: list[str]) -> None:
    """Refuse a body for all that is wrong with it.

    Raises:
        InputError: there is a problem.
    """
    if problems:
        more = [f"… and {len(problems) - _MAX_TOLD} more"] if len(problems) > _MAX_TOLD else []
        raise InputError("\n".join(problems[:_MAX_TOLD] + more))
