"""Whether a statement only reads, as far as its words say. Pure.

The database is told so, too: this finds a slip before anything is sent.
"""

import re
from typing import Final

from aiops.domain.errors import InputError

_TOKENS: Final = re.compile(
    r"""
    (?P<comment>--[^\n]*|/\*.*?\*/)
    | (?P<text>'(?:[^']|'')*'|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
    | (?P<name>"(?:[^"]|"")*"|`[^`]*`|\[[^\]\n]*\])
    | (?P<parameter>(?<!:):[A-Za-z_]\w*)
    | (?P<word>[A-Za-z_]\w*)
    | (?P<end>;)
    """,
    re.VERBOSE | re.DOTALL,
)
_FIRST: Final = frozenset({"select", "with", "values", "table"})
_WRITING: Final = frozenset(
    """
    insert update delete merge upsert replace truncate create alter drop grant revoke call exec
    execute do copy load import attach detach pragma vacuum reindex analyze lock set reset begin
    commit rollback savepoint into
    """.split()  # noqa: SIM905  # one word after the other reads better
)
_FUNCTIONS: Final = frozenset({"replace"})
"""Words that also are functions, which read only."""

MAX_CHARACTERS: Final = 20_000


def require_reading(statement: str) -> None:
    """Refuse a statement that is none, several, or that could write.

    Raises:
        InputError: says which word is in the way.

    Examples:
        >>> require_reading("SELECT at, sum(paid) AS value FROM orders GROUP BY at")
        >>> require_reading("DELETE FROM orders")
        Traceback (most recent call last):
        aiops.domain.errors.InputError: the query begins with 'DELETE', expected SELECT or WITH
    """
    if len(statement) > MAX_CHARACTERS:
        raise InputError(f"the query has more than {MAX_CHARACTERS:,} characters")
    words = [one for one in _TOKENS.finditer(statement) if one.lastgroup not in ("comment", "tag")]
    words = [one for one in words if one["word"] or one["end"]]
    if not words or not words[0]["word"] or words[0]["word"].lower() not in _FIRST:
        first = words[0][0] if words else "nothing"
        raise InputError(f"the query begins with {first!r}, expected SELECT or WITH")
    for index, one in enumerate(words):
        if one["end"] and index < len(words) - 1:
            raise InputError("the query has several statements, expected one")
        word = (one["word"] or "").lower()
        is_call = word in _FUNCTIONS and statement[one.end() :].lstrip().startswith("(")
        if word in _WRITING and not is_call:
            raise InputError(
                f"the query says {one['word']!r}, expected one that only reads; a name is quoted, "
                f'as "{one["word"]}"'
            )


def parameters_in(statement: str) -> frozenset[str]:
    """Return the names of the parameters of a statement, as `since`.

    Examples:
        >>> sorted(parameters_in("SELECT ':a', x::text FROM t WHERE at >= :since"))
        ['since']
    """
    found = (one["parameter"] for one in _TOKENS.finditer(statement))
    return frozenset(one[1:] for one in found if one)
