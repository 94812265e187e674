"""Which of many things belong together, built up pair by pair with the reason of each pair."""

from collections import defaultdict

from aiops.domain.incidents import Clause


class Links:
    """A disjoint-set forest over 0 … size - 1 that remembers why two sets became one.

    The resulting sets do not depend on the order of the pairs; the reasons do, so callers join in
    a fixed order.

    References:
        Tarjan, "Efficiency of a Good But Not Linear Set Union Algorithm", 1975.
    """

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))
        self._reasons: list[tuple[int, Clause]] = []
        self._apart: list[tuple[int, int]] = []

    def find(self, item: int) -> int:
        """Return the smallest member of the item's set."""
        root = item
        while self._parent[root] != root:
            root = self._parent[root]
        while self._parent[item] != root:
            self._parent[item], item = root, self._parent[item]
        return root

    def keep_apart(self, first: int, second: int) -> None:
        """Never make the sets of two items one from here on, whatever joins them."""
        self._apart.append((first, second))

    def join(self, first: int, second: int, reason: Clause | None = None) -> None:
        """Make the sets of two items one, unless kept apart; the reason counts if they were two."""
        low, high = sorted((self.find(first), self.find(second)))
        if low == high or self._are_apart(low, high):
            return
        self._parent[high] = low
        if reason is not None:
            self._reasons.append((low, reason))

    def _are_apart(self, low: int, high: int) -> bool:
        pairs = ((self.find(one), self.find(other)) for one, other in self._apart)
        return any(pair in ((low, high), (high, low)) for pair in pairs)

    def sets(self) -> dict[int, list[int]]:
        """Return the members of each set, ascending, by its smallest member."""
        members: defaultdict[int, list[int]] = defaultdict(list)
        for item in range(len(self._parent)):
            members[self.find(item)].append(item)
        return dict(members)

    def reasons(self) -> dict[int, list[Clause]]:
        """Return why each set is one, in the order it grew, by its smallest member."""
        found: defaultdict[int, list[Clause]] = defaultdict(list)
        for item, reason in self._reasons:
            found[self.find(item)].append(reason)
        return dict(found)
