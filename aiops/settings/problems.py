"""What can be wrong with a setting, said in one form: place, path, found, expected, what to do."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from aiops.domain.errors import ConfigurationError

_SHOWN_CHARACTERS = 60
_CREDENTIALS = re.compile(r"//[^/\s]*@")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One wrong setting.

    Args:
        place: `aiops.yaml:12`, or `environment`.
        path: the setting: `journeys[0].steps[1].service`, `AIOPS_ORIGIN`; empty: all of it.
        message: what was found and what was expected.
        hint: what to do, if that is not obvious.
    """

    place: str
    path: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        path = f" {self.path}:" if self.path else ""
        advice = f"; {self.hint}" if self.hint else ""
        return f"{self.place}:{path} {self.message}{advice}"


def refuse(problems: Sequence[Problem]) -> ConfigurationError:
    """Return the one error that names all problems, a line each, in their order."""
    return ConfigurationError("\n".join(map(str, problems)))


def shown(value: object) -> str:
    """Return a found value short enough for a message, without the credentials of an address.

    Examples:
        >>> shown("abc"), shown({"a": 1}), shown(None)
        ("'abc'", 'a mapping', 'nothing')
    """
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = _CREDENTIALS.sub("//…@", str(value))
    return repr(text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return advice for a name nobody knows.

    Examples:
        >>> did_you_mean("jurneys", ["journeys", "kpis"])
        "did you mean 'journeys'?"
    """
    names = sorted(known)
    close = get_close_matches(name, names, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known: {', '.join(names)}" if names else "none is declared"
