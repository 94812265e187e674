"""Domain values as JSON text and back, exactly: aware times, enums, tuples, NaN."""

from functools import cache
from typing import Any, TypeVar, cast

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from aiops.domain.errors import StateFormatError

T = TypeVar("T")


def encode(kind: type[T], value: T) -> str:
    """Return `value`, a dataclass of type `kind`, as one line of JSON.

    NaN and infinities are kept as the strings "NaN" and "Infinity", so every JSON reader can
    read the column. The same value always gives the same text.

    Raises:
        StateFormatError: a field holds what its type does not allow; it would come back changed.
    """
    return _dump(kind, kind | None, value)


def encode_all(kind: type[T], values: tuple[T, ...]) -> str:
    """Return a tuple of `kind` as one line of JSON; see `encode`."""
    return _dump(kind, tuple[kind, ...], values)  # type: ignore[valid-type]


def decode(kind: type[T], text: str) -> T:
    """Return the value `encode` wrote.

    Raises:
        StateFormatError: the text was not written by `encode` for this type.
    """
    return cast(T, _load(kind, kind | None, text))


def decode_all(kind: type[T], text: str) -> tuple[T, ...]:
    """Return the tuple `encode_all` wrote; see `decode`."""
    return cast(tuple[T, ...], _load(kind, tuple[kind, ...], text))  # type: ignore[valid-type]


# pydantic refuses a configuration for a dataclass itself; given for a type that contains one
# (`kind | None`, `tuple[kind, ...]`), it reaches every field inside. Its default for NaN is null.
@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape, config=ConfigDict(ser_json_inf_nan="strings"))


def _dump(kind: type[Any], shape: Any, value: object) -> str:
    try:
        return _adapter(shape).dump_json(value, warnings="error").decode()
    except PydanticSerializationError as error:
        raise StateFormatError(f"cannot store this {kind.__name__}: {error}") from error


def _load(kind: type[Any], shape: Any, text: str) -> object:
    try:
        value = _adapter(shape).validate_json(text)
    except ValidationError as error:
        raise StateFormatError(f"a stored {kind.__name__} cannot be read: {error}") from error
    if value is None:
        raise StateFormatError(f"a stored {kind.__name__} is empty")
    return value
