"""What is kept of the last symptom of every subject, in one array of a shard's state."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from aiops.detect.traits import Slots
from aiops.domain.ticks import Packed

EPISODE = np.dtype(
    [
        ("onset", "<i8"),
        ("detected", "<i8"),
        ("last_outside", "<i8"),
        ("ended", "<i8"),
        ("told_at", "<i8"),
        ("inside_since", "<i8"),
        ("inside", "<i4"),
        ("direction", "<i4"),
        ("peak", "<f4"),
        ("told", "<f4"),
        ("observed", "<f4"),
        ("expected", "<f4"),
        ("low", "<f4"),
        ("high", "<f4"),
        ("before", "<f4"),
        ("settled", "<f4"),
        ("change", "<f4"),
        ("reached", "<f4"),
        ("hours", "<f4"),
        ("bar", "<f4"),
        ("young", "<i4"),
        ("contrary", "<i4"),
    ]
)
"""What is kept of the last symptom of a subject; times in epoch seconds.

`settled` is the level that became normal, of a symptom that was released for having stayed;
`change`, `reached`, `hours` and `bar` are the numbers of `unusual.OWN_PAST` at its largest change.
`contrary` counts late values inside the band while the symptom was building up; it is far below
zero where a single value was enough to open it.
"""


def remember_change(
    episodes: npt.NDArray[np.void], own_past: Mapping[str, Packed], loud: Slots, first: Slots
) -> None:
    """Keep the largest change: at the peak it may be some time ago."""
    episodes["change"][first] = -1.0
    larger = loud[own_past["change"][loud] > episodes["change"][loud]]
    for name, numbers in own_past.items():
        episodes[name][larger] = numbers[larger]
