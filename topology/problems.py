"""What can be wrong with a topology text, each with its place and what to do.

TopologyError    the text is no YAML or JSON, or beyond the limits; holds `problems`
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Place(NamedTuple):
    """A line of a topology file, from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class ProblemLevel(StrEnum):
    """How bad a problem is: an error loses what was written, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong in a topology file.

    Attributes:
        file: name of the file as it was given.
        line: line in it, from 1.
        message: what is wrong and, for an error, what was left out because of it.
        hint: what to do about it.
        level: error or warning.
    """

    file: str
    line: int
    message: str
    hint: str = ""
    level: ProblemLevel = ProblemLevel.ERROR

    def __str__(self) -> str:
        advice = f" ({self.hint})" if self.hint else ""
        return f"{self.file}:{self.line}: {self.level.value}: {self.message}{advice}"


class TopologyError(Exception):
    """A topology text that cannot be read at all.

    Attributes:
        problems: what is wrong, at least one.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
