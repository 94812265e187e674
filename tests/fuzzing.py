"""Bodies as nobody should send them: those of the golden samples, changed in every way.

`AIOPS_FUZZED` says how many are tried of each sample: 60 in the usual run, 10,000 before a release.
"""

import os
from typing import Any, Final

from hypothesis import strategies as st

FUZZED: Final = int(os.environ.get("AIOPS_FUZZED", "60"))

ODD: Final = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.builds(list),  # made anew each time: the next step may put something in
    st.builds(dict),
    st.builds(lambda: [[None]]),
    st.just("9" * 5000),
    st.just("2026-13-45T99:99:99Z"),
)
"""Values of any kind, most of them out of place wherever they stand."""


def altered(document: Any, data: st.DataObject) -> Any:
    """Return a document of which one to three places were removed or hold something odd.

    Args:
        document: decoded JSON, changed in place.
        data: decides.
    """
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(places(document)))
        holder = document
        for name in place[:-1]:
            holder = holder[name]
        if data.draw(st.booleans()):
            holder[place[-1]] = data.draw(ODD)
        else:
            del holder[place[-1]]
        if not places(document):
            break
    return document


def damaged(body: bytes, data: st.DataObject) -> bytes:
    """Return a body whose bytes were cut, changed, doubled or mixed with others'."""
    found = bytearray(body)
    for _ in range(data.draw(st.integers(1, 4))):
        if not found:
            break
        place = data.draw(st.integers(0, len(found) - 1))
        match data.draw(st.sampled_from(["cut", "byte", "twice", "end", "bare", "quote", "deep"])):
            case "cut":
                del found[place : place + data.draw(st.integers(1, 40))]
            case "byte":
                found[place] = data.draw(st.integers(0, 255))
            case "twice":
                found[place:place] = found[place : place + data.draw(st.integers(1, 60))]
            case "end":
                del found[place:]
            case "bare":
                found = bytearray(found.replace(b'"', b"", 2))
            case "quote":
                found[place:place] = b'"'
            case _:
                found[place:place] = b"[" * 2000
    return bytes(found)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return every place inside a document, as the keys and indices that lead there."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = [path] if path else []
    if isinstance(value, dict | list):
        for name, one in inner:
            deeper = isinstance(one, dict | list)
            found += places(one, (*path, name)) if deeper else [(*path, name)]
    return found
