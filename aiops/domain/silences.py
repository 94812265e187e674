"""Silences: what nobody is to be told of for a while, who said so, why, and until when."""

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from aiops.domain.errors import InputError

LONGEST = timedelta(days=30)
"""A silence ends; what is to stay quiet for longer belongs into the settings."""

Labels = Mapping[str, frozenset[str]]
"""What something is, by label: a symptom has one service, its incident may hit two journeys."""

_MOST_CHARACTERS = 500
_MOST_CHOICES = 3
_COMPARED_CHARACTERS = 200
# Python's expressions backtrack: with more choices, or a repeated group, comparing one value could
# take for ever, and all correlation would wait.


class MatchOperator(StrEnum):
    """How a label is compared, as Alertmanager writes it."""

    NOT_REGEX = "!~"
    REGEX = "=~"
    NOT_EQUAL = "!="
    EQUAL = "="


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """A condition on one label: `service=checkout`, `region!=US`, `service=~"pay.*"`.

    A regular expression has to match the whole value, of which 200 characters count. A label that
    is missing is as an empty one. Of several values one has to match; none may, where the operator
    negates.

    References:
        Prometheus, Alertmanager, "Matchers" (prometheus.io/docs/alerting/latest/configuration).
    """

    label: str
    operator: MatchOperator
    value: str

    def matches(self, labels: Labels) -> bool:
        """Return whether the condition holds for what has these labels."""
        values = labels.get(self.label) or frozenset({""})
        found = any(self._is(value) for value in values)
        is_negated = self.operator in (MatchOperator.NOT_EQUAL, MatchOperator.NOT_REGEX)
        return found is not is_negated

    def _is(self, value: str) -> bool:
        if self.operator in (MatchOperator.EQUAL, MatchOperator.NOT_EQUAL):
            return value == self.value
        return _compiled(self.value).fullmatch(value[:_COMPARED_CHARACTERS]) is not None

    def __str__(self) -> str:
        return f'{self.label}{self.operator}"{self.value}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """What nobody is told of from `starts_at` until `ends_at`, both aware UTC, the end excluded.

    It stops messages of what opens; recording and correlation go on, and who was told of an
    incident before hears of its end.

    Args:
        id: `SIL-7`; empty until it is stored.
        matchers: all have to hold, of each symptom that is open.
        author: who said so.
        why: in their words.
        created_at: when they said it, aware UTC.
        expired_by: who ended it early; `ends_at` is when. Empty where nobody did.
    """

    id: str = ""
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    author: str
    why: str
    created_at: datetime
    expired_by: str = ""

    def holds(self, at: datetime) -> bool:
        """Return whether it is in force at a moment."""
        return self.starts_at <= at < self.ends_at


def check_silence(silence: Silence, now: datetime) -> None:
    """Refuse what no silence may be.

    Raises:
        InputError: it ends before it begins or before now, goes on for longer than `LONGEST`, or
            holds for everything there is.
    """
    if silence.ends_at <= max(silence.starts_at, now):
        raise InputError(
            f"a silence ends after it begins and after now ({now:%d %b %H:%M} UTC); found "
            f"{silence.starts_at:%d %b %H:%M} to {silence.ends_at:%d %b %H:%M} UTC"
        )
    if silence.ends_at - silence.starts_at > LONGEST:
        raise InputError(f"a silence lasts {LONGEST.days} days at most; say it again when it ends")
    if all(matcher.matches({}) for matcher in silence.matchers):
        raise InputError(
            "a silence needs at least one matcher that an empty label does not fulfil, as in "
            "service=checkout: this one would silence everything"
        )


def parse_matcher(text: str) -> Matcher:
    """Return a matcher as people write it: label, operator, and a value in quotes or not.

    Raises:
        InputError: it is none; says what was expected.

    Examples:
        >>> str(parse_matcher('service=~"pay.*"'))
        'service=~"pay.*"'
        >>> parse_matcher("region != US").operator.name
        'NOT_EQUAL'
    """
    found = _WRITTEN.fullmatch(text.strip())
    if found is None or len(text) > _MOST_CHARACTERS:
        raise InputError(
            f"{text[:80]!r} is no matcher; expected a label, an operator (= != =~ !~) and a value, "
            "as in service=checkout or region=~'EU|US'"
        )
    label, operator, value = found["label"], MatchOperator(found["operator"]), found["value"]
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    if operator in (MatchOperator.REGEX, MatchOperator.NOT_REGEX):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", FutureWarning)  # as of [[: it will mean another
                _compiled(value)
        except (re.error, FutureWarning) as error:
            raise InputError(f"{text!r}: {value!r} is no regular expression ({error})") from error
        _check_bounded(text, value)
    return Matcher(label=label, operator=operator, value=value)


_WRITTEN = re.compile(
    r"(?P<label>[A-Za-z_][A-Za-z0-9_.]*)\s*(?P<operator>!~|=~|!=|=)\s*(?P<value>.*)", re.DOTALL
)


_TOKEN = re.compile(
    r"\\(?P<escaped>.)"  # one character, whatever it means elsewhere
    r"|\[\^?\]?(?:\\.|[^\]\\])*\]"  # a class of characters
    r"|\((?:\?(?P<special>[^:])|\?:)?(?P<opens>)"
    r"|(?P<repeats>(?P<group>\))?[*+{])|(?P<optional>\?)",
    re.DOTALL,
)


def _check_bounded(text: str, pattern: str) -> None:
    """Refuse an expression that some value could keep busy for long."""
    found = [one for one in _TOKEN.finditer(pattern) if one[0]]
    choices = sum(one.lastgroup in ("opens", "repeats", "optional") for one in found)
    is_nested = any(one["group"] for one in found)
    is_special = any(one["special"] or (one["escaped"] or "a").isdigit() for one in found)
    if choices > _MOST_CHOICES or is_nested or is_special:
        raise InputError(
            f"{text!r}: an expression may have {_MOST_CHOICES} groups and repeats at most, repeats "
            "no group and looks nowhere else: it is compared with every symptom at every tick; "
            "set several silences, or write alternatives, as in pay.*|checkout"
        )


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
