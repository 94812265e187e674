"""Typed reading of one JSON object somebody sent: every refusal names field, found, expected."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

from aiops.domain.errors import InputError
from aiops.domain.time import utc

MAX_TEXT_CHARACTERS = 4_000
_SHOWN_CHARACTERS = 60
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""Control characters, but for those between lines and words."""

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)
_TIME = "a time, as 2026-04-18T10:01:00Z or epoch seconds (not milliseconds), from 1970 to 2200"


class FieldError(InputError):
    """A field is wrong; the message begins with its name."""


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one object; null counts as absent.

    Args:
        path: where it stands, as `attributes.`; empty for the event itself.
        values: as parsed.
    """

    path: str
    values: Mapping[str, Any]

    def mapping(self, name: str) -> "Fields":
        """Return an object inside this one; empty where it is absent."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, dict):
            raise self._wrong(name, "an object")
        return Fields(f"{self.path}{name}.", value or {})

    def text(self, name: str) -> str:
        """Return a text without surrounding space; empty where it is absent. Numbers are texts."""
        value = self.values.get(name)
        if value.__class__ is str and is_usual(value):
            return value.strip()
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise self._wrong(name, "a text")
        text = str(value).strip()
        if len(text) > MAX_TEXT_CHARACTERS:
            raise self._wrong(name, f"at most {MAX_TEXT_CHARACTERS:,} characters")
        if _CONTROL.search(text):
            raise self._wrong(name, "a text without control characters")
        return text

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts, each once; a single one is a list of one. Empty where absent."""
        value = self.values.get(name)
        if value is None or isinstance(value, str):
            value = [value]
        if not isinstance(value, list):
            raise self._wrong(name, "a list of texts")
        inner = Fields(f"{self.path}{name}.", {str(at): one for at, one in enumerate(value)})
        return tuple(dict.fromkeys(text for at in inner.values if (text := inner.text(at))))

    def choice(self, name: str, allowed: Collection[str]) -> str:
        """Return one of a few words."""
        found = self.optional_choice(name, allowed)
        if not found:
            raise self._wrong(name, f"one of {', '.join(allowed)}")
        return found

    def optional_choice(self, name: str, allowed: Collection[str]) -> str:
        """Return one of a few words; empty where it is absent."""
        text = self.text(name).lower()
        if text and text not in allowed:
            close = get_close_matches(text, allowed, n=1)
            hint = f" (did you mean '{close[0]}'?)" if close else ""
            raise self._wrong(name, f"one of {', '.join(allowed)}{hint}")
        return text

    def flag(self, name: str) -> bool:
        """Return a truth value; False where it is absent."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, bool):
            raise self._wrong(name, "true or false")
        return bool(value)

    def share(self, name: str) -> float | None:
        """Return a percentage in (0, 100]; None where it is absent."""
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 100:
            raise self._wrong(name, "a number above 0 and up to 100")
        return float(value)

    def time(self, name: str) -> datetime | None:
        """Return an aware UTC time; one without a zone is UTC. None where it is absent."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise self._wrong(name, _TIME)
        try:
            found = _moment(value)
        except (ValueError, OverflowError, OSError) as error:
            raise self._wrong(name, _TIME) from error
        if not _EARLIEST <= found <= _LATEST:
            raise self._wrong(name, _TIME)
        return found

    def shown(self, name: str) -> str:
        """Return any plain value as a short text; empty where it is absent or not plain."""
        value = self.values.get(name)
        if isinstance(value, (dict, list)):
            return ""
        return str(value).lower() if isinstance(value, bool) else self.text(name)

    def _wrong(self, name: str, expected: str) -> FieldError:
        return FieldError(
            f"{self.path}{name}: found {_shown(self.values.get(name))}, expected {expected}"
        )


def is_usual(text: str) -> bool:
    """Return whether a text is one that needs no closer look: nearly all are."""
    return len(text) <= MAX_TEXT_CHARACTERS and text.isprintable()


def _moment(value: str | float) -> datetime:
    if isinstance(value, str):
        text = value.strip()
        if not text.replace(".", "", 1).isdecimal():
            parsed = datetime.fromisoformat(text)
            return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
        value = float(text)
    return utc(value)


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = str(value)
    return repr(text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…")
