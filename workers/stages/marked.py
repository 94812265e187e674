"""The policy detection judges a tick by: what settings say, and the marks people set by then."""

from datetime import datetime

from aiops.domain.policies import DetectPolicy
from aiops.learn.marks import MarkedPolicy
from aiops.store.marks import MarkStore


class MarkedPolicies:
    """Knows the policy of every tick; marks are read anew where there are new ones."""

    def __init__(self, policy: DetectPolicy, marks: MarkStore) -> None:
        self._policy = policy
        self._marks = marks
        self._version = 0
        self._marked = MarkedPolicy(policy)

    def renew(self) -> None:
        """Look whether there are new marks: one number is compared."""
        version = self._marks.version()
        if version != self._version:
            self._marked = MarkedPolicy(self._policy, self._marks.all())
            self._version = version

    def at(self, when: datetime) -> DetectPolicy:
        """Return the policy of a tick."""
        return self._marked.at(when)
