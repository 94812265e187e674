"""What `aiops doctor` finds: what was looked at, how bad it is, and what to do about it."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from aiops.domain.errors import AiopsError


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at, and what to do about it."""

    what: str
    level: Level
    text: str

    @property
    def is_fault(self) -> bool:
        """Whether it is in the way."""
        return self.level is Level.FAULT

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.level.value:7}  {self.what}: {self.text}"


def ok(what: str, text: str) -> Finding:
    """Return that something is as it should be."""
    return Finding(what=what, level=Level.OK, text=text)


def warning(what: str, text: str) -> Finding:
    """Return that something might be better."""
    return Finding(what=what, level=Level.WARNING, text=text)


def fault(what: str, text: str) -> Finding:
    """Return that something is in the way."""
    return Finding(what=what, level=Level.FAULT, text=text)


def probed(what: str, probe: Callable[[], str]) -> Finding:
    """Return what a probe says, or why it failed."""
    try:
        return ok(what, probe())
    except AiopsError as error:
        return fault(what, str(error))
