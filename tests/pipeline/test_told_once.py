"""Whatever the order of silences, windows, beginnings and ends: told once, ended once, none lost.

A small world of two problems that have nothing to do with each other is driven tick by tick by
events Hypothesis thinks of; then everything that holds people off ends, and then the problems.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.domain.changes import Change, ChangeKind
from aiops.domain.environment import EnvState, EnvTick, Knowledge
from aiops.domain.incidents import Incident, IncidentState, Severity
from aiops.domain.notifications import DeliveryAction, Notification
from aiops.domain.policies import EscalationLevel, LifePolicy, Mode, PagingPolicy, Policies
from aiops.domain.silences import Silence, parse_matcher
from aiops.domain.symptoms import FactKind, Symptom, SymptomFact
from aiops.escalate import escalate
from aiops.pipeline import advance
from tests.builders import change, checkout_errors, ended, minute, series, shop, symptom

HELD = ("checkout", "search")
"""The services that are silenced or maintained; the two problems are of one each."""

POLICIES = Policies(
    paging=PagingPolicy(
        mode=Mode.IN_PATH,
        escalation=tuple(
            EscalationLevel(severity=severity, after_seconds=240, sinks=("slack", "leads"))
            for severity in ("P1", "P2")
        ),
    ),
    life=LifePolicy(mitigated_after_seconds=180, watch_seconds=600),
)

EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["begin", "end", "silence", "lift", "window", "close"]),
        st.integers(0, 1),
        st.integers(1, 5),
    ),
    max_size=14,
)
"""What happens, to which of the two, and how many minutes pass after it."""


@dataclass
class World:
    """One environment under events, and what was told of it."""

    knowledge: Knowledge = field(default_factory=lambda: shop(policies=POLICIES))
    env: EnvState = field(default_factory=lambda: EnvState(env="prod"))
    now: int = 0
    sick: dict[int, tuple[Symptom, ...]] = field(default_factory=dict)
    silences: dict[int, Silence] = field(default_factory=dict)
    windows: dict[int, Change] = field(default_factory=dict)
    facts: list[SymptomFact] = field(default_factory=list)
    told: Counter[tuple[str, int, str, DeliveryAction]] = field(default_factory=Counter)
    inside: list[Notification] = field(default_factory=list)

    def happen(self, what: str, which: int) -> None:
        match what:
            case "begin" if which not in self.sick:
                self.sick[which] = problem(which, self.now + 1)
                self._tell(FactKind.OPENED, self.sick[which])
            case "end" if which in self.sick:
                gone = tuple(ended(one, self.now + 1) for one in self.sick.pop(which))
                self._tell(FactKind.ENDED, gone)
            case "silence":
                self.silences[which] = hush(HELD[which], minute(self.now))
            case "lift":
                self.silences.pop(which, None)
            case "window":
                made = change(HELD[which], kind=ChangeKind.MAINTENANCE, at=self.now, ref="CHG")
                self.windows.setdefault(which, replace(made, id=f"CHG-{which}-{self.now}"))
            case "close":
                self.windows.pop(which, None)
            case _:
                pass

    def wait(self, minutes: int) -> None:
        for _ in range(minutes):
            self.now += 1
            tick = EnvTick(
                at=minute(self.now),
                facts=tuple(self.facts),
                changes=tuple(self.windows.values()),
                silences=tuple(self.silences.values()),
            )
            self.facts.clear()
            done = advance(self.env, tick, self.knowledge)
            self.env = done.state
            self._hear(done.notifications)
            self._escalate(minute(self.now))

    def _tell(self, kind: FactKind, symptoms: tuple[Symptom, ...]) -> None:
        at = minute(self.now + 1)
        self.facts += [SymptomFact(kind=kind, at=at, symptom=one) for one in symptoms]

    def _escalate(self, at: datetime) -> None:
        """Let nobody acknowledge anything: whoever is next is told."""
        known, held = self.knowledge, tuple(self.silences.values())
        steps = [escalate(one, at, known, held) for one in self.env.incidents]
        self.env = replace(self.env, incidents=tuple(after for after, _ in steps))
        for _, told in steps:
            self._hear(told)

    def _hear(self, notifications: tuple[Notification, ...]) -> None:
        incidents = {one.id: one for one in self.env.incidents}
        silenced = {HELD[which] for which in self.silences}
        for one in notifications:
            self.told[one.incident_id, one.episode, one.sink, one.action] += 1
            services = sick_services(incidents[one.incident_id])
            if one.action is DeliveryAction.TRIGGER and services <= silenced:
                self.inside.append(one)


def problem(which: int, at: float) -> tuple[Symptom, ...]:
    """Make what one of two problems looks like: users of the checkout fail, or search is slow."""
    if which == 0:
        slow = series("checkout", "latency_seconds", region="EU", unit="s")
        return (
            symptom(checkout_errors("EU"), at=at, before=0.003, observed=0.072, strength=40),
            symptom(slow, at=at, before=0.1, observed=2.0, strength=30),
        )
    return (
        symptom(series("search", "error_ratio", region="US", unit="1"), at=at, observed=0.4),
        symptom(series("search", "latency_seconds", region="US", unit="s"), at=at, observed=9.0),
    )


def hush(service: str, at: datetime) -> Silence:
    return Silence(
        matchers=(parse_matcher(f"service={service}"),),
        starts_at=at,
        ends_at=at + timedelta(days=1),
        author="ann",
        why="",
        created_at=at,
    )


def sick_services(incident: Incident) -> set[str]:
    standing = incident.symptoms
    return {one.service for one in standing if one.is_open} or {one.service for one in standing}


def after(events: list[tuple[str, int, int]]) -> World:
    world = World()
    for what, which, pause in events:
        world.happen(what, which)
        world.wait(pause)
    return world


@settings(max_examples=120, deadline=None)
@given(EVENTS)
def test_nobody_is_told_inside_a_silence_and_nothing_is_lost_after_it(
    events: list[tuple[str, int, int]],
) -> None:
    world = after(events)
    assert world.inside == []
    world.silences.clear()
    world.windows.clear()
    world.wait(3)
    for one in world.env.incidents:
        if one.is_live and one.quiet_since is None and one.severity < Severity.P4:
            assert one.told, f"{one.id} goes on and nobody knows"


@settings(max_examples=120, deadline=None)
@given(EVENTS)
def test_every_sink_that_was_told_is_told_once_and_hears_of_the_end_once(
    events: list[tuple[str, int, int]],
) -> None:
    world = after(events)
    for which in (0, 1):
        world.happen("end", which)
    world.wait(20)
    for (name, episode, sink, action), count in world.told.items():
        if action in (DeliveryAction.TRIGGER, DeliveryAction.RESOLVE):
            assert count == 1
            assert world.told[name, episode, sink, DeliveryAction.TRIGGER] == 1
            assert world.told[name, episode, sink, DeliveryAction.RESOLVE] == 1
    assert not any(one.is_live for one in world.env.incidents)


@pytest.mark.parametrize("which", [0, 1])
def test_the_world_does_tell_of_both_problems(which: int) -> None:
    world = after([("begin", which, 3)])
    assert {action for *_, action in world.told} >= {DeliveryAction.TRIGGER}
    silent = after([("silence", which, 1), ("begin", which, 5)])
    assert not silent.told
    (recorded,) = silent.env.incidents
    assert recorded.state is IncidentState.OPEN
