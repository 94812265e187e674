"""Ended incidents → their archive with the bar that parts patterns here; for the slow worker.

The bar is measured by asking the history of itself: for every incident whose cause is known, are
those most like it of the same cause? Where everything in a shop is seen at its front door, unlike
faults look alike, and the bar must be higher.

References:
    scikit-learn, `sklearn.neighbors.NearestNeighbors`, brute force with cosine distance.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from aiops.correlate.archive import ALIKE, archive_of
from aiops.domain.outcomes import Archive, PastIncident

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

NEIGHBOURS = 5
"""So many of the most alike ones say what a pattern was, as in `history`."""

ASKED = 500
"""The newest so many are asked about: the slow worker has better things to do than more."""

LEAST_PAIRS = 50
"""Below so many neighbours of known cause above a bar it cannot be measured."""

AGREEING = 0.9
"""So often should one that counts as the same pattern have the same cause."""

BARS = (ALIKE, 0.8, 0.9)


def fit(past: Iterable[PastIncident]) -> Archive:
    """Return ended incidents as arrays, with the lowest bar above which neighbours agree.

    Args:
        past: ended incidents, each once, in any order.
    """
    archive = archive_of(past)
    known = [row for row, one in enumerate(archive.past) if one.real and one.cause_service]
    if len(known) <= NEIGHBOURS:
        return archive
    matrix = as_matrix(archive)[known]
    asked = np.arange(len(known))[-ASKED:]
    distances, places = neighbours_of(matrix).kneighbors(matrix[asked], NEIGHBOURS + 1)
    causes = np.unique([archive.past[row].cause_service for row in known], return_inverse=True)[1]
    other = places != asked[:, None]
    same = causes[places] == causes[asked][:, None]
    return replace(archive, bar=_bar(1 - distances[other], same[other]))


def neighbours_of(matrix: "csr_matrix") -> Any:
    """Return scikit-learn's nearest neighbours, fitted on the rows of a matrix."""
    from sklearn.neighbors import NearestNeighbors  # noqa: PLC0415 - 0.8 s, slow worker only

    return NearestNeighbors(metric="cosine", algorithm="brute").fit(matrix)


def as_matrix(archive: Archive) -> "csr_matrix":
    """Return the vectors of an archive, one row each, shape (rows, tokens)."""
    from scipy.sparse import csc_matrix  # noqa: PLC0415

    shape = (len(archive.past), len(archive.tokens))
    return csc_matrix((archive.weights, archive.rows, archive.starts), shape=shape).tocsr()


def _bar(similarity: Any, same: Any) -> float:
    for bar in BARS:
        above = same[similarity >= bar]
        if len(above) < LEAST_PAIRS:
            return ALIKE if bar == ALIKE else bar
        if above.mean() >= AGREEING:
            return bar
    return BARS[-1]
