"""What the pure stages know: the standing knowledge, and where one environment stands."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from aiops.domain.changes import Change
from aiops.domain.clues import ClueWindow
from aiops.domain.incidents import Incident
from aiops.domain.journeys import Journey, Kpi, Runbook, Team
from aiops.domain.outcomes import Archive, PastIncident
from aiops.domain.pages import OutsidePage
from aiops.domain.policies import Policies
from aiops.domain.samples import Samples
from aiops.domain.silences import Silence
from aiops.domain.symptoms import Origin, Symptom, SymptomFact
from aiops.domain.ticks import KpiWindow
from topology.graph import ServiceGraph


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """Everything that is known before a tick: topology, journeys, people, runbooks, rules, memory.

    `cohorts` names the labels, beside region and segment, that part customers.
    `on_call` says who is on call for a team, as another program has it: pairs of team and person.
    `trace_url` is where a trace can be looked at, with `{trace_id}` in it; empty: nowhere.
    `memory` holds ended incidents, newest last, judged by outcomes; `archive` those that are
    indexed already, and where both hold one, `memory` knows it better. Of the services of all
    journeys `entries` are met first, `doors` at some step, and `passed` are all of them.
    """

    graph: ServiceGraph
    journeys: tuple[Journey, ...] = ()
    kpis: tuple[Kpi, ...] = ()
    teams: tuple[Team, ...] = ()
    runbooks: tuple[Runbook, ...] = ()
    memory: tuple[PastIncident, ...] = ()
    archive: Archive | None = None
    policies: Policies = field(default_factory=Policies)
    currency: str = ""
    cohorts: tuple[str, ...] = ()
    trace_url: str = ""
    on_call: tuple[tuple[str, str], ...] = ()
    origin: Origin = Origin.LIVE
    doors: frozenset[str] = field(init=False, repr=False, compare=False)
    entries: frozenset[str] = field(init=False, repr=False, compare=False)
    passed: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Work out once what every symptom is asked about."""
        journeys = self.journeys
        doors = frozenset(door for one in journeys for door in one.doors)
        object.__setattr__(self, "doors", doors)
        object.__setattr__(self, "entries", frozenset(one.entry for one in journeys))
        passed = doors.union(*(one.services for one in journeys))
        object.__setattr__(self, "passed", passed)

    def remembered(self) -> Iterator[PastIncident]:
        """Yield every ended incident once: those of `memory` first, each newest first."""
        yield from reversed(self.memory)
        if self.archive is not None:
            renewed = {one.incident_id for one in self.memory}
            yield from (
                one for one in reversed(self.archive.past) if one.incident_id not in renewed
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvState:
    """Where one environment stands after a tick.

    Args:
        env: its name.
        at: the last tick that was worked through, None before the first.
        symptoms: open ones, and ended ones that still belong to an incident or may return.
        incidents: not yet resolved ones, and ended ones recent enough to be repeated.
        next_number: number of the next incident.
        changes: what stands for the changes that were known at `at`.
        settled: whether grouping the same once more would change nothing.
    """

    env: str
    at: datetime | None = None
    symptoms: tuple[Symptom, ...] = ()
    incidents: tuple[Incident, ...] = ()
    next_number: int = 1001
    changes: str = ""
    settled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvTick:
    """What is new in one environment at one tick.

    Args:
        at: the tick, aware UTC.
        facts: what detection and outside alerts found at it.
        changes: every change young enough to explain something and already known at `at`.
        kpis: readings from before the earliest open onset until `at`; None when there are none.
        clues: what is kept of logs and traces near what is wrong; None when there is nothing.
        samples: what was measured, for the services of a problem; None where nobody can tell.
        silences: those that are in force while this tick is worked.
        pages: of others, those that are open or have ended lately.
        live: False while catching up on the past: what is over by the end never pages.
    """

    at: datetime
    facts: tuple[SymptomFact, ...] = ()
    changes: tuple[Change, ...] = ()
    kpis: KpiWindow | None = None
    clues: ClueWindow | None = None
    samples: Samples | None = field(default=None, compare=False)
    silences: tuple[Silence, ...] = ()
    pages: tuple[OutsidePage, ...] = ()
    live: bool = True
