"""What the sections of `aiops.yaml` are made of: names, texts, addresses, times, lists."""

import re
from datetime import time
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

from aiops.domain.errors import InputError
from aiops.domain.silences import parse_matcher
from aiops.settings.alert_sources import TOPIC_PATTERN


def without_empty(values: Any) -> Any:
    """Drop keys nobody gave a value to."""
    if values is None:
        return {}
    if isinstance(values, dict):
        return {key: value for key, value in values.items() if value is not None}
    return values


def spelled(value: Any) -> Any:
    """Take `in path` and `in-path` for `in_path`."""
    return value.strip().replace(" ", "_").replace("-", "_") if isinstance(value, str) else value


def one_or_many(value: Any) -> Any:
    """Take a single text for a list of one."""
    return [value] if isinstance(value, str) else value


def _known_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, OSError, ValueError) as error:
        raise PydanticCustomError("zone_unknown", "a time zone") from error
    return value


def _with_trace_id(value: str) -> str:
    rest = value.replace("{trace_id}", "", 1)
    in_host = "{" in value.split("/", 3)[2]
    if rest == value or in_host or any(char in rest for char in "{}<>|\"'\\`"):
        raise PydanticCustomError("trace_url", "an address with the trace's id in its path")
    return value


def _matcher(value: str) -> str:
    try:
        parse_matcher(value)
    except InputError as error:
        raise PydanticCustomError("matcher", "a matcher") from error
    return value


def _pattern(value: str) -> str:
    try:
        names = re.compile(value).groupindex
    except re.error as error:
        raise PydanticCustomError("pattern", "a regular expression") from error
    if not names:
        raise PydanticCustomError("pattern", "a pattern with a named group, as (?P<service>.+)")
    return value


def _time_of_day(value: Any) -> Any:
    """Take `22:00` also as YAML reads it: as a number, for it counts in sixties."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = f"{value // 60:02}:{value % 60:02}"
    try:
        return time.fromisoformat(value).replace(tzinfo=None)
    except (TypeError, ValueError) as error:
        raise PydanticCustomError("time_of_day", "a time of day") from error


Text = Annotated[str, StringConstraints(min_length=1)]
Zone = Annotated[str, AfterValidator(_known_zone)]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s<>,;:\"]+@[^@\s<>,;:\"]+$")]
SmtpUrl = Annotated[str, StringConstraints(pattern=r"^smtps?://[^\s/@]+$")]
ScheduleId = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]+$")]
ProjectKey = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]+$")]
HttpUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+")]
TraceUrl = Annotated[
    str, StringConstraints(pattern=r"^https?://[^\s/]+/\S*$"), AfterValidator(_with_trace_id)
]
SecretVariable = Annotated[str, StringConstraints(pattern=r"^AIOPS_[A-Z0-9_]+$")]
Seconds = Annotated[int, Field(gt=0)]
Texts = Annotated[list[Text], BeforeValidator(one_or_many)]
Topic = Annotated[str, StringConstraints(pattern=TOPIC_PATTERN)]
Topics = Annotated[list[Topic], BeforeValidator(one_or_many)]
Labels = Annotated[list[Text], Field(min_length=1), BeforeValidator(one_or_many)]
Pattern = Annotated[Text, AfterValidator(_pattern)]
MatcherText = Annotated[Text, AfterValidator(_matcher)]
TimeOfDay = Annotated[time, BeforeValidator(_time_of_day)]
Place = Literal["service", "env", "region", "segment", "severity", "status"]
AlertField = Literal["alerts", "key", "name", "status", "started_at", "ended_at", "url"]
LogField = Literal["time", "level", "message", "trace_id"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
PolicyOf = BeforeValidator(without_empty)


class Section(BaseModel):
    """A mapping of known keys."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, str_strip_whitespace=True
    )

    @model_validator(mode="before")
    @classmethod
    def _ignore_empty(cls, values: Any) -> Any:
        return without_empty(values)
