"""What became of the subjects of a detector at a tick."""

from dataclasses import dataclass, fields

import numpy as np

from aiops.detect.traits import Slots


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Transitions:
    """The subjects something became known about at a tick."""

    opened: Slots
    reopened: Slots
    strengthened: Slots
    continued: Slots
    ended: Slots
    released: Slots
    withdrawn: Slots

    def of(self, slots: Slots) -> "Transitions":
        """Return them for subjects at these slots instead of their positions."""
        return Transitions(**{one.name: slots[getattr(self, one.name)] for one in fields(self)})

    @property
    def told(self) -> Slots:
        """All of them."""
        return np.concatenate([getattr(self, one.name) for one in fields(self)])


NOBODY = np.zeros(0, dtype=np.intp)
NOTHING = Transitions(
    opened=NOBODY,
    reopened=NOBODY,
    strengthened=NOBODY,
    continued=NOBODY,
    ended=NOBODY,
    released=NOBODY,
    withdrawn=NOBODY,
)
