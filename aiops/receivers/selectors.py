"""The one PromQL expression the loopback Prometheus reads: a metric and its equality matchers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiops.domain.errors import InputError

_BLANK = re.compile(r"(?:\s|#[^\n]*)*")
_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_STRING = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`[^`]*`")
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'"}
_ONLY = 'this loopback server reads only metric or metric{label="value",…}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """A metric name and the labels its series must have."""

    metric: str
    matchers: Mapping[str, str] = field(default_factory=dict)


def parse_selector(query: str) -> Selector:
    """Return the selector a query is.

    Raises:
        InputError: it is not one; the text is Prometheus's own where it would refuse it too,
            its position counted in characters from 1.

    Examples:
        >>> parse_selector('up{job="shop"}')
        Selector(metric='up', matchers={'job': 'shop'})
    """
    reader = _Reader(query)
    if reader.at_end():
        raise InputError("1:1: parse error: no expression found in input")
    metric = reader.take(_METRIC)
    if not metric:
        if reader.peek() == "{":
            raise InputError(f"1:1: parse error: a metric name is missing ({_ONLY})")
        raise reader.error(f"unexpected character: {reader.peek()!r} ({_ONLY})")
    matchers = _matchers(reader) if reader.skip("{") else {}
    if not reader.at_end():
        raise reader.error(_token(reader) + ("" if _METRIC.match(reader.rest()) else f" ({_ONLY})"))
    return Selector(metric=metric, matchers=matchers)


def _matchers(reader: "_Reader") -> dict[str, str]:
    matchers: dict[str, str] = {}
    while not reader.skip("}"):
        label, value = _matcher(reader)
        if label == "__name__":
            raise InputError(f"1:1: parse error: metric name must not be set twice ({_ONLY})")
        if matchers.get(label, value) != value:
            raise reader.error(f"label {label!r} is matched twice ({_ONLY})")
        matchers[label] = value
        if not reader.skip(",") and reader.peek() != "}":
            raise _unexpected_inside(reader, '"," or "}"')
    return matchers


def _matcher(reader: "_Reader") -> tuple[str, str]:
    label = reader.take(_LABEL)
    if not label:
        raise _unexpected_inside(reader, 'identifier or "}"')
    if reader.rest().startswith(("=~", "!~", "!=")):
        raise reader.error(f"only equality matchers ({_ONLY})")
    if not reader.skip("="):
        raise _unexpected_inside(reader, "label matching operator")
    return label, _string(reader)


def _string(reader: "_Reader") -> str:
    start = reader.position()
    text = reader.take(_STRING)
    if not text:
        if reader.peek() and reader.peek() in "'\"`":
            raise InputError(f"1:{start}: parse error: unterminated quoted string")
        raise _unexpected_inside(reader, "string")
    if text[0] == "`":
        return text[1:-1]
    for escape in _ESCAPE.finditer(text):
        letter = escape[1]
        if letter not in _ESCAPES:
            raise InputError(
                f"1:{start}: parse error: unknown escape sequence U+{ord(letter):04X} {letter!r}"
            )
    return _ESCAPE.sub(lambda match: _ESCAPES[match[1]], text[1:-1])


def _unexpected_inside(reader: "_Reader", expected: str) -> InputError:
    if reader.at_end():
        return reader.error("unexpected end of input inside braces")
    if reader.peek() not in ("}", ",", "=") and not _METRIC.match(reader.rest()):
        return reader.error(f"unexpected character inside braces: {reader.peek()!r}")
    return reader.error(f"{_token(reader)} in label matching, expected {expected}")


def _token(reader: "_Reader") -> str:
    word = _METRIC.match(reader.rest())
    return f'unexpected identifier "{word[0]}"' if word else f'unexpected "{reader.peek()}"'


class _Reader:
    """A position in a query, always past the blanks and comments."""

    def __init__(self, query: str) -> None:
        self._query = query
        self._at = 0
        self._skip_blank()

    def _skip_blank(self) -> None:
        blank = _BLANK.match(self._query, self._at)
        self._at = blank.end() if blank else self._at

    def at_end(self) -> bool:
        return self._at >= len(self._query)

    def rest(self) -> str:
        return self._query[self._at :]

    def peek(self) -> str:
        return self._query[self._at : self._at + 1]

    def position(self) -> int:
        return self._at + 1

    def take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._query, self._at)
        if match is None:
            return ""
        self._at = match.end()
        self._skip_blank()
        return match[0]

    def skip(self, character: str) -> bool:
        if self.peek() != character:
            return False
        self._at += 1
        self._skip_blank()
        return True

    def error(self, text: str) -> InputError:
        return InputError(f"1:{self.position()}: parse error: {text}")
