"""What `aiops up` says while it runs: troubled sources, and the life of incidents."""

from collections.abc import Callable
from datetime import datetime

import redis

from aiops.domain.errors import AiopsError
from aiops.domain.incidents import Decision, Incident
from workers.wiring import Parts

_SHOWN = 20


class Watch:
    """Looks at an installation again and again, and says what is new.

    Args:
        parts: of the installation.
        say: receives each line.
    """

    def __init__(self, parts: Parts, say: Callable[[str], None]) -> None:
        self._parts = parts
        self._say = say
        self._trouble = {one.name: "" for one in parts.settings.measuring}
        self._started_at = parts.clock.now()
        self._begun: set[str] = set()
        self._incidents = {one.dedup_key: _line(one) for one in self._recent()}
        self._own_trouble = ""

    def look(self) -> None:
        """Say what changed since the last look; what cannot be looked at now is said once."""
        try:
            self._look_at_sources()
            self._look_at_incidents()
        except (AiopsError, redis.RedisError) as error:
            if str(error) != self._own_trouble:
                self._own_trouble = str(error)
                self._tell(f"cannot look around for now: {error}")
        else:
            self._own_trouble = ""

    def _look_at_sources(self) -> None:
        for name, before in self._trouble.items():
            now = self._parts.health.trouble(name)
            if now and now != before:
                self._tell(f"{name} is in trouble: {now}")
            if before and not now:
                self._tell(f"{name} answers in full again")
            self._trouble[name] = now
            if not now and name not in self._begun:
                self._greet(name)

    def _greet(self, name: str) -> None:
        """Say once how many series a source brings, when its first live tick is there."""
        at = self._parts.extents.newest_tick(name)
        if at is not None and at > self._started_at:
            self._begun.add(name)
            shards = [self._parts.history.shard(one) for one in self._parts.extents.shard_ids(name)]
            count = sum(len(shard.series) for shard in shards)
            self._tell(f"{name} is watched: {count} series, seen up to {at:%H:%M:%S} UTC")

    def _look_at_incidents(self) -> None:
        for incident in reversed(self._recent()):
            line = _line(incident)
            if self._incidents.get(incident.dedup_key) != line:
                first = incident.dedup_key not in self._incidents
                self._incidents[incident.dedup_key] = line
                self._tell(line)
                if first:
                    self._say(f"          {incident.story}")
                    self._say(
                        f"          {self._parts.settings.web.base_url}/incidents/{incident.id}"
                    )

    def _recent(self) -> tuple[Incident, ...]:
        return self._parts.incidents.recent(_SHOWN)

    def _tell(self, text: str) -> None:
        self._say(f"{self._now():%H:%M:%S}  {text}")

    def _now(self) -> datetime:
        return self._parts.clock.now()


def _line(incident: Incident) -> str:
    told = "nobody is told" if incident.decision is Decision.NONE else incident.decision.value
    return (
        f"{incident.id} {incident.severity.value} {incident.state.value}, {told} "
        f"({incident.decision_reason.value}): {incident.title}"
    )
