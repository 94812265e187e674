"""Ended incidents as arrays, and the search for those that looked like what is seen now."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from aiops.correlate.signature import vector
from aiops.domain.outcomes import Archive, PastIncident

ALIKE = 0.7
"""From this cosine similarity on two problems count as the same pattern, unless a fit knows better.

In generated shops the same fault again reached 0.9 and more within three minutes, faults that began
in other services at most 0.61 (5 repeats and 19 unlike pairs, by `aiops.demo`).
"""

_DIGITS = 9
"""Sums of the same numbers in another order differ after that, and are no difference."""


def archive_of(past: Iterable[PastIncident], bar: float = ALIKE) -> Archive:
    """Return ended incidents as arrays; the same ones in any order give the same arrays.

    Args:
        past: ended incidents, each once.
        bar: similarity from which on two count as the same pattern.
    """
    ordered = sorted(past, key=lambda one: (one.ended_at, one.incident_id))
    columns: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
    for row, one in enumerate(ordered):
        for token, weight in vector(one.signature).items():
            columns[token].append((row, weight))
    tokens = tuple(sorted(columns))
    cells = [cell for token in tokens for cell in columns[token]]
    sizes = [len(columns[token]) for token in tokens]
    return Archive(
        past=tuple(ordered),
        tokens=tokens,
        starts=np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]).astype(np.int64),
        rows=np.array([row for row, _ in cells], dtype=np.int32),
        weights=np.array([weight for _, weight in cells], dtype=np.float64),
        bar=bar,
    )


def similarities(seen: Mapping[str, float], archive: Archive) -> npt.NDArray[np.float64]:
    """Return the cosine similarity of each row to what is seen, in [0, 1], shape (rows,).

    Args:
        seen: from `vector`.
        archive: what is searched.
    """
    found = np.zeros(len(archive.past))
    for token, weight in seen.items():
        column = _column(token, archive)
        if column is not None:
            found[archive.rows[column]] += weight * archive.weights[column]
    return np.round(found, _DIGITS)


def nearest(seen: Mapping[str, float], archive: Archive) -> list[tuple[float, PastIncident]]:
    """Return the incidents that are alike, the most alike first, with their similarity.

    They are those that scikit-learn's `radius_neighbors` finds within the cosine distance
    1 - `archive.bar`; of equally alike ones the last to end comes first.
    """
    found = similarities(seen, archive)
    rows = np.flatnonzero(found >= archive.bar)[::-1]
    best = rows[np.argsort(-found[rows], kind="stable")]
    return [(float(found[row]), archive.past[row]) for row in best.tolist()]


def _column(token: str, archive: Archive) -> slice | None:
    place = bisect_left(archive.tokens, token)
    if place == len(archive.tokens) or archive.tokens[place] != token:
        return None
    return slice(int(archive.starts[place]), int(archive.starts[place + 1]))
