"""Runbook text → runbook: Markdown with its machine-readable part as YAML front matter."""

from datetime import UTC, date, datetime, time
from typing import Any

import yaml

from aiops.domain.errors import InputError
from aiops.domain.journeys import Runbook, RunbookStep

_KEYS = frozenset(
    {"id", "title", "owner", "services", "families", "keywords", "reviewed_at", "steps"}
)
_STEP_KEYS = frozenset({"text", "query", "condition", "action", "level"})
_FENCE = "---"


def parse_runbook(text: str, filename: str) -> Runbook:
    r"""Return the runbook that a Markdown text with front matter describes.

    Args:
        text: the whole document.
        filename: for messages only.

    Raises:
        InputError: the front matter is missing or wrong; names the file, the key and what was
            expected.

    Examples:
        >>> parse_runbook("---\nid: RB-1\ntitle: Slow\n---\nLook.", "rb.md").title
        'Slow'
    """
    matter, body = _split(text, filename)
    unknown = sorted(set(matter) - _KEYS)
    if unknown:
        raise InputError(
            f"{filename}: unknown key {unknown[0]!r}; known: {', '.join(sorted(_KEYS))}"
        )
    return Runbook(
        id=_text(matter, "id", filename, required=True),
        title=_text(matter, "title", filename, required=True),
        owner=_text(matter, "owner", filename) or None,
        services=_texts(matter, "services", filename),
        families=_texts(matter, "families", filename),
        keywords=_texts(matter, "keywords", filename),
        reviewed_at=_day(matter.get("reviewed_at"), filename),
        steps=tuple(
            _step(step, number, filename)
            for number, step in enumerate(_list(matter, "steps", filename), start=1)
        ),
        text=body.strip(),
    )


def _split(text: str, filename: str) -> tuple[dict[str, Any], str]:
    lines = text.splitlines()
    if not lines or lines[0].strip() != _FENCE or _FENCE not in (one.strip() for one in lines[1:]):
        raise InputError(f"{filename}: expected YAML front matter between two lines of {_FENCE!r}")
    end = next(number for number, line in enumerate(lines[1:], start=1) if line.strip() == _FENCE)
    try:
        matter = yaml.safe_load("\n".join(lines[1:end]))
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        line_number = place.line + 2 if place is not None else 1
        raise InputError(
            f"{filename}:{line_number}: the front matter is not YAML: {error}"
        ) from error
    if not isinstance(matter, dict):
        raise InputError(f"{filename}:2: expected keys and values in the front matter")
    return matter, "\n".join(lines[end + 1 :])


def _step(step: object, number: int, filename: str) -> RunbookStep:
    place = f"steps[{number}]"
    if isinstance(step, str):
        step = {"text": step}
    if not isinstance(step, dict) or "text" not in step:
        raise InputError(f"{filename}: {place}: expected a text, or keys with `text` among them")
    unknown = sorted(set(step) - _STEP_KEYS)
    if unknown:
        raise InputError(f"{filename}: {place}: unknown key {unknown[0]!r}")
    level = step.get("level", 1)
    if level not in (0, 1, 2, 3):
        raise InputError(
            f"{filename}: {place}.level: {level!r} is no automation level 0, 1, 2 or 3"
        )
    return RunbookStep(
        text=str(step["text"]).strip(),
        query=str(step.get("query") or ""),
        condition=str(step.get("condition") or ""),
        action=str(step.get("action") or ""),
        level=level,
    )


def _text(matter: dict[str, Any], key: str, filename: str, *, required: bool = False) -> str:
    value = matter.get(key, "")
    if not isinstance(value, str) or (required and not value.strip()):
        raise InputError(f"{filename}: {key}: expected a text, found {value!r}")
    return value.strip()


def _list(matter: dict[str, Any], key: str, filename: str) -> list[Any]:
    value = matter.get(key) or []
    if not isinstance(value, list):
        raise InputError(f"{filename}: {key}: expected a list, found {type(value).__name__}")
    return value


def _texts(matter: dict[str, Any], key: str, filename: str) -> tuple[str, ...]:
    return tuple(str(value) for value in _list(matter, key, filename))


def _day(value: object, filename: str) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), tzinfo=UTC)
    raise InputError(f"{filename}: reviewed_at: expected a date as in 2026-04-01, found {value!r}")
