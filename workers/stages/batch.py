"""What a run of ticks did to an environment, for one commit."""

from collections.abc import Sequence

from aiops import pipeline
from aiops.domain.environment import EnvState
from aiops.domain.incidents import Incident
from aiops.domain.notifications import Notification
from aiops.domain.symptoms import SymptomFact


class Batch:
    """The ticks of one commit: where they lead, and what is stored and told of them.

    Args:
        state: of the environment before the first of them.
    """

    def __init__(self, state: EnvState) -> None:
        self._known = {(one.dedup_key, one.revision) for one in state.incidents}
        self.state = state
        self.worked = 0
        self.facts: list[SymptomFact] = []
        self.revisions: list[Incident] = []
        self.notifications: list[Notification] = []

    def news(self) -> list[Incident]:
        """Return what is worth telling: the first sight of every new revision, in order."""
        seen = set(self._known)
        news = []
        for incident in self.revisions:
            if (incident.dedup_key, incident.revision) not in seen:
                seen.add((incident.dedup_key, incident.revision))
                news.append(incident)
        return news

    def take(self, advance: pipeline.Advance, facts: Sequence[SymptomFact]) -> None:
        """Add what one more tick did."""
        self.state = advance.state
        self.worked += 1
        self.facts += facts
        self.revisions += advance.revisions
        self.notifications += advance.notifications
