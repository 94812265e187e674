"""Who is on call by the schedules that teams keep at PagerDuty, kept in Redis for the others."""

from dataclasses import replace
from typing import cast

import redis

from aiops.domain.environment import Knowledge
from aiops.domain.errors import DeliveryError
from aiops.notify.pagerduty_rest import on_call
from aiops.settings import Settings
from aiops.telemetry import Telemetry

KEPT_SECONDS = 3600
"""What a schedule said last holds for so long while PagerDuty does not answer."""


class OnCall:
    """Asks PagerDuty who is on call, and tells whoever wants to know.

    Nothing rests on it: where nobody can say, a message names the team alone.

    Args:
        settings: for the teams that have a schedule, and what it takes to ask.
        client: Redis; None where a command of a person cannot reach it: the embedded one.
        telemetry: is told of a schedule that cannot be read.
    """

    def __init__(
        self, settings: Settings, client: redis.Redis | None, telemetry: Telemetry
    ) -> None:
        self._sinks = settings.sinks
        self._schedules = {team.name: team.schedule for team in settings.teams if team.schedule}
        self._client = client
        self._telemetry = telemetry
        self._known: Knowledge | None = None
        self._with_people: Knowledge | None = None

    def ask(self) -> None:
        """Look up who is on call by every schedule; what cannot be read stays as it was."""
        if self._client is None:
            return
        for team, schedule in self._schedules.items():
            try:
                who = on_call(self._sinks, schedule)
            except DeliveryError as error:
                self._telemetry.fault("on call", f"schedule {schedule} of {team}: {error}")
                continue
            self._client.set(_key(team), who, ex=KEPT_SECONDS)

    def added_to(self, known: Knowledge) -> Knowledge:
        """Return what is known, with who is on call; the same object while nothing changes."""
        if not self._schedules or self._client is None:
            return known
        teams = tuple(self._schedules)
        found = cast("list[bytes | None]", self._client.mget([_key(team) for team in teams]))
        people = tuple((team, who.decode()) for team, who in zip(teams, found, strict=True) if who)
        if self._with_people is None or known is not self._known or people != self._told():
            self._known, self._with_people = known, replace(known, on_call=people)
        return self._with_people

    def _told(self) -> tuple[tuple[str, str], ...]:
        return self._with_people.on_call if self._with_people else ()


def _key(team: str) -> str:
    return f"on_call:{team}"
