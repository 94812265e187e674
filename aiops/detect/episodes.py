"""Where the subjects of a detector stand, and what is kept of the symptoms of a few of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from aiops.detect.traits import Bools, Slots
from aiops.domain.ticks import Packed

Hits = npt.NDArray[np.uint32]

IDLE, OPEN, RESTING = 0, 1, 2
"""Nothing; a symptom is open; it ended and may still return within the flap window."""

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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Track:
    """Where every subject of one detector stands.

    Args:
        hits: bit register of the last measured ticks, newest lowest; 1 = outside.
        phase: IDLE, OPEN or RESTING.
        slots: the subjects that something is going on with, ascending.
        episodes: theirs, of dtype `EPISODE`.
    """

    hits: Hits
    phase: npt.NDArray[np.uint8]
    slots: Slots
    episodes: npt.NDArray[np.void]

    @property
    def held(self) -> Bools:
        """Which subjects have an open symptom."""
        return np.asarray(self.phase == OPEN)

    def episode(self, subject: int) -> Any:
        """Return the episode, a view by field, of a subject that something is going on with.

        Raises:
            LookupError: nothing is.
        """
        place = int(np.searchsorted(self.slots, subject))
        if place == len(self.slots) or self.slots[place] != subject:
            raise LookupError(f"subject {subject}: nothing is going on with it")
        return self.episodes[place]

    def moved(self, places: Slots, count: int) -> "Track":
        """Return the track for `count` subjects, in which each old one has a new place."""
        grown = new_track(count)
        grown.hits[places], grown.phase[places] = self.hits, self.phase
        slots = places[self.slots]
        order = np.argsort(slots)
        return Track(
            hits=grown.hits,
            phase=grown.phase,
            slots=slots[order],
            episodes=self.episodes[order],
        )


def new_track(count: int) -> Track:
    """Return the track of `count` subjects nothing is known about."""
    return Track(
        hits=np.zeros(count, dtype=np.uint32),
        phase=np.zeros(count, dtype=np.uint8),
        slots=np.zeros(0, dtype=np.intp),
        episodes=np.zeros(0, dtype=EPISODE),
    )


def remember_change(
    episodes: npt.NDArray[np.void], own_past: Mapping[str, Packed], loud: Slots, first: Slots
) -> None:
    """Keep the largest change: at the peak it may be some time ago."""
    episodes["change"][first] = -1.0
    larger = loud[own_past["change"][loud] > episodes["change"][loud]]
    for name, numbers in own_past.items():
        episodes[name][larger] = numbers[larger]
