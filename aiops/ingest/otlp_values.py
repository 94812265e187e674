"""Values of OTLP in its two encodings: names in two spellings, attributes, ids, numbers. Pure.

Source: OTLP 1.x, https://opentelemetry.io/docs/specs/otlp/ (JSON encoding).
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from aiops.domain.errors import InputError

_DEPTH: Final = 4
_TEXT_CHARACTERS: Final = 4_000
_MOST_DIGITS: Final = 20
"""Of the largest number of 64 bits, with its sign."""


@lru_cache(maxsize=256)
def snake_case(name: str) -> str:
    """Return a lowerCamelCase name as protobuf's own JSON may have it.

    Examples:
        >>> snake_case("startTimeUnixNano")
        'start_time_unix_nano'
    """
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in name)


def either(of: Mapping[str, Any], name: str) -> Any:
    """Return a field in lowerCamelCase, as the specification has it, else in snake_case, or None.

    Examples:
        >>> either({"trace_id": "5b"}, "traceId"), either({}, "traceId")
        ('5b', None)
    """
    return of.get(name, of.get(snake_case(name)))


def items(of: Mapping[str, Any], name: str, place: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the objects in a list of a JSON object, each with its place; a missing list is empty.

    Names are taken in lowerCamelCase, as the specification has them, and in snake_case.

    Raises:
        InputError: it is no list, or holds something else; names the place.
    """
    found = either(of, name)
    where = f"{place}.{name}" if place else name
    if found is None:
        return
    if not isinstance(found, list):
        raise InputError(f"{where}: found {kind_of(found)}, expected a list")
    for number, one in enumerate(found):
        if not isinstance(one, dict):
            raise InputError(f"{where}[{number}]: found {kind_of(one)}, expected an object")
        yield f"{where}[{number}]", one


def told_in(of: Mapping[str, Any], place: str) -> dict[str, str]:
    """Return the attributes of a JSON object as texts."""
    return {
        str(one.get("key", "")): text_in(one.get("value"))
        for _, one in items(of, "attributes", place)
    }


def told_by(attributes: Iterable[Any]) -> dict[str, str]:
    """Return the attributes of a message as texts."""
    return {one.key: text_by(one.value) for one in attributes}


def text_in(value: object, depth: int = _DEPTH) -> str:
    """Return a value of a JSON body as text; what lies too deep is left out.

    Examples:
        >>> text_in({"kvlistValue": {"values": [{"key": "n", "value": {"intValue": "3"}}]}})
        'n=3'
    """
    if not isinstance(value, dict) or not value:
        return ""
    kind, inner = next(iter(value.items()))
    if kind in ("stringValue", "string_value"):
        return str(inner)[:_TEXT_CHARACTERS]
    if not isinstance(inner, dict):
        return str(inner).lower() if isinstance(inner, bool) else str(inner)[:_TEXT_CHARACTERS]
    values = inner.get("values")
    if depth <= 0 or not isinstance(values, list):
        return "…"
    told = [
        f"{one.get('key')}={text_in(one.get('value'), depth - 1)}"
        if "key" in one
        else text_in(one, depth - 1)
        for one in values
        if isinstance(one, dict)
    ]
    return " ".join(told)[:_TEXT_CHARACTERS]


def text_by(value: Any, depth: int = _DEPTH) -> str:
    """Return a value of a message as text; as `text_in`."""
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return str(value.string_value)[:_TEXT_CHARACTERS]
    if kind is None:
        return ""
    inner = getattr(value, kind)
    if kind == "kvlist_value":
        told = (f"{one.key}={text_by(one.value, depth - 1)}" for one in inner.values)
    elif kind == "array_value":
        told = (text_by(one, depth - 1) for one in inner.values)
    else:
        return str(inner).lower() if kind == "bool_value" else str(inner)[:_TEXT_CHARACTERS]
    return " ".join(told)[:_TEXT_CHARACTERS] if depth > 0 else "…"


def hex_id(value: object, characters: int) -> str:
    """Return an id of a JSON body in lower case, empty where it is none.

    OTLP/JSON writes ids as hex, unlike other bytes in protobuf's JSON.
    """
    text = str(value or "").lower()
    is_id = len(text) == characters and not text.strip("0123456789abcdef")
    return text if is_id and text.strip("0") else ""


def number_in(value: object, names: Mapping[str, int]) -> int:
    """Return a number of a JSON body, or that of an enumeration's name; 0 for anything else.

    Examples:
        >>> number_in("STATUS_CODE_ERROR", {"STATUS_CODE_ERROR": 2}), number_in("7", {})
        (2, 7)
        >>> number_in("9" * 400, {})
        0
    """
    if isinstance(value, str) and value in names:
        return names[value]
    told = str(value or 0)
    try:
        return int(told) if len(told) <= _MOST_DIGITS else 0
    except ValueError:
        return 0


def kind_of(value: object) -> str:
    """Return what sort of JSON value it is, in words."""
    names = {list: "a list", dict: "an object", str: "a text", bool: "a truth value"}
    return names.get(type(value), "nothing" if value is None else "a number")
