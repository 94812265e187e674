"""Domain values as JSON text and back, exactly: aware times, enums, tuples, NaN."""

from collections import OrderedDict
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


class Recall:
    """Encodes and decodes, without doing again what was done last time.

    Most of what an environment holds is the same from one step to the next. A value that is the
    very object it gave or was given last under a key has the same text, and the same text is the
    same value: nothing here can go stale.

    Args:
        size: how many keys are remembered; those used least recently are forgotten.
    """

    def __init__(self, size: int = 1000) -> None:
        self._size = size
        self._last: OrderedDict[str, tuple[Any, str]] = OrderedDict()

    def encode(self, kind: type[T], key: str, value: T) -> str:
        """Return what `encode` returns."""
        return self._encoded(kind, kind | None, key, value)

    def encode_all(self, kind: type[T], key: str, values: tuple[T, ...]) -> str:
        """Return what `encode_all` returns."""
        return self._encoded(kind, tuple[kind, ...], key, values)  # type: ignore[valid-type]

    def decode(self, kind: type[T], key: str, text: str) -> T:
        """Return what `decode` returns."""
        return cast(T, self._decoded(kind, kind | None, key, text))

    def decode_all(self, kind: type[T], key: str, text: str) -> tuple[T, ...]:
        """Return what `decode_all` returns."""
        shape = tuple[kind, ...]  # type: ignore[valid-type]
        return cast(tuple[T, ...], self._decoded(kind, shape, key, text))

    def _encoded(self, kind: type[Any], shape: Any, key: str, value: object) -> str:
        before = self._last.get(key)
        text = before[1] if before and before[0] is value else _dump(kind, shape, value)
        return self._remember(key, value, text)

    def _decoded(self, kind: type[Any], shape: Any, key: str, text: str) -> object:
        before = self._last.get(key)
        value = before[0] if before and before[1] == text else _load(kind, shape, text)
        self._remember(key, value, text)
        return value

    def _remember(self, key: str, value: object, text: str) -> str:
        self._last[key] = value, text
        self._last.move_to_end(key)
        if len(self._last) > self._size:
            self._last.popitem(last=False)
        return text


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
