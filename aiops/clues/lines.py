"""Log records -> counted groups of like lines: the most that is ever stored of them. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from aiops.clues.masking import generalise, redact, statement
from aiops.domain.clues import LogLines, LogSeverity
from aiops.domain.time import utc

MOST_GROUPS: Final = 5_000
"""Groups kept of one body; a body with more has no statements in it but data."""

_COMPARED: Final = 1000
"""Characters of a line by which lines are told apart before they are masked."""

_Key = tuple[str, str, int, int, str, str, str]
_Line = tuple[bool, str, str]

_ROUGH: Final = re.compile(r"[0-9a-f-]*[0-9][0-9a-f-]*")
_LEVEL: Final = re.compile(
    r"\b(?:(fatal|crit(?:ical)?|panic|emerg(?:ency)?|alert)|(err(?:or)?|severe|exception|traceback)"
    r"|(warn(?:ing)?))\b",
    re.IGNORECASE,
)
_BY_GROUP: Final = {1: LogSeverity.FATAL, 2: LogSeverity.ERROR, 3: LogSeverity.WARN}
_BY_NUMBER: Final = {
    number: max(one for one in LogSeverity if one <= number)
    for number in range(LogSeverity.WARN, LogSeverity.FATAL + 1)
}
_MILD: Final = re.compile(r"\b(?:trace|debug|info|notice|information(?:al)?)\b", re.IGNORECASE)


class LogRecord(NamedTuple):
    """One log record as its sender wrote it.

    Attributes:
        env: the environment.
        service: whose it is.
        severity: OpenTelemetry's number, 1 to 24; 0 where the sender gives none.
        at: epoch seconds.
        text: what it says, of any length.
        trace_id: hex, or empty.
        repeated: how many records it stands for: a recording writes like ones once.
        region: where it was written; empty where it does not say.
        segment: for which customers; empty where it does not say.
    """

    env: str
    service: str
    severity: int
    at: float
    text: str
    trace_id: str = ""
    repeated: int = 1
    region: str = ""
    segment: str = ""


def severity_named(text: str) -> LogSeverity | None:
    """Return the severity a level's name or a line speaks of, None for less than a warning.

    Examples:
        >>> severity_named("CRITICAL").name, severity_named("2026-04-18 ERROR no card").name
        ('FATAL', 'ERROR')
        >>> severity_named("info: 0 errors") is None
        True
    """
    found = _LEVEL.search(text)
    if found is None:
        return None
    mild = _MILD.search(text, 0, found.start())
    return None if mild else _BY_GROUP[found.lastindex or 1]


def severity_of(number: int, text: str) -> LogSeverity | None:
    """Return the severity of a record by its number, else by what its text says; None for less."""
    if number <= 0:
        return severity_named(text[:80])
    if number < LogSeverity.WARN:
        return None
    return _BY_NUMBER[min(number, LogSeverity.FATAL)]


def group_lines(
    records: Iterable[LogRecord], *, most: int = MOST_GROUPS
) -> tuple[tuple[LogLines, ...], int]:
    """Return the like lines of some records, counted, and how many records were too many.

    Neither the order of the records nor repeats of the call change the result: of each group the
    line that sorts first among those with a trace is the example. Less than a warning is no clue
    and is left out.

    Args:
        records: of any environments and services.
        most: how many groups are kept; of more, those that sort last are left out.

    Examples:
        >>> records = [LogRecord("prod", "pay", 17, 60, f"card {n} declined") for n in (17, 4)]
        >>> (group,), left_out = group_lines(records)
        >>> group.text, group.count, group.example
        ('card <*> declined', 2, 'card 17 declined')
    """
    groups: dict[_Key, _Group] = {}
    for env, service, number, at, text, trace_id, repeated, region, segment in records:
        severity = severity_of(number, text)
        said = statement(text) if severity is not None else ""
        if severity is None or not said:
            continue
        # Masking is dear, so lines that differ in digits only are masked once.
        rough = _ROUGH.sub("0", said[:_COMPARED])
        key = (env, service, severity, int(at // 60) * 60, rough, region, segment)
        group = groups.get(key)
        if group is None:
            groups[key] = _Group((not trace_id, said, trace_id), repeated)
        else:
            group.count += repeated
            group.first = min(group.first, (not trace_id, said, trace_id))
    return _kept(_masked(groups), most)


class _Group:
    """Lines that are alike: how many, and the one that sorts first."""

    __slots__ = ("count", "first")

    def __init__(self, first: _Line, count: int) -> None:
        self.count = count
        self.first = first


def _masked(groups: Mapping[_Key, _Group]) -> dict[_Key, _Group]:
    """Return groups by their masked text; the example of each without secrets."""
    masked: dict[_Key, _Group] = {}
    for (env, service, severity, minute, _, region, segment), group in groups.items():
        bare, said, trace_id = group.first
        example = redact(said)
        key = (env, service, severity, minute, generalise(example), region, segment)
        first = (bare, example, trace_id)
        known = masked.get(key)
        if known is None:
            masked[key] = known = _Group(first, 0)
        known.count += group.count
        known.first = min(known.first, first)
    return masked


def _kept(groups: Mapping[_Key, _Group], most: int) -> tuple[tuple[LogLines, ...], int]:
    keys = sorted(groups)
    lines = tuple(_lines(key, groups[key]) for key in keys[:most])
    return lines, sum(groups[key].count for key in keys[most:])


def _lines(key: _Key, group: _Group) -> LogLines:
    env, service, severity, minute, text, region, segment = key
    _, example, trace_id = group.first
    return LogLines(
        env=env,
        service=service,
        severity=LogSeverity(severity),
        minute=utc(minute),
        text=text,
        count=group.count,
        example=example,
        trace_id=trace_id,
        region=region,
        segment=segment,
    )
