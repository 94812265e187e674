"""Only what has news is worked: the outcome is that of grouping and ranking everything afresh."""

import random
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from aiops import pipeline
from aiops.domain.changes import Change
from aiops.domain.environment import EnvState, EnvTick, Knowledge
from aiops.domain.incidents import Incident
from aiops.domain.policies import LifePolicy, Mode, PagingPolicy, Policies
from aiops.domain.samples import Excerpt
from aiops.domain.symptoms import FactKind, Symptom, SymptomFact, SymptomState
from aiops.domain.ticks import KpiWindow
from aiops.domain.words import Verb
from tests.builders import change, checkout_errors, heard, kpi_window, minute, revenue, series, shop
from tests.builders import symptom as made

LAST = 40
KNOWN = shop(
    policies=Policies(
        paging=PagingPolicy(mode=Mode.IN_PATH),
        life=LifePolicy(mitigated_after_seconds=300, watch_seconds=600),
    )
)
SERIES = (
    checkout_errors("EU"),
    checkout_errors("US"),
    series("payment-service", "latency_seconds", unit="s"),
    series("payments-db", "connections_used"),
    series("search", "error_ratio", unit="1"),
    series("gateway", "latency_seconds", unit="s"),
    series("stranger", "error_ratio", unit="1"),
    revenue("EU"),
)
CHANGES = (
    change(at=2),
    replace(change("search", ref="v2", at=9), ended_at=minute(14)),
    change("payments-db", ref="pool", at=17),
)
READINGS = kpi_window([revenue("EU")], [0.3], minutes=LAST)


@st.composite
def lives(draw: st.DrawFn) -> tuple[SymptomFact, ...]:
    """Draw what becomes known of one symptom, from its beginning to its end."""
    at = draw(st.integers(3, 25))
    which = draw(st.sampled_from(SERIES))
    strength = draw(st.sampled_from((4.0, 10.0, 40.0)))
    one = replace(made(which, at=at, strength=strength), last_seen=minute(at + 1))
    found = [SymptomFact(kind=FactKind.OPENED, at=minute(at + 1), symptom=one)]
    at += draw(st.integers(2, 6))
    if draw(st.booleans()):
        one = replace(one, strength=strength * 2, last_seen=minute(at))
        found.append(SymptomFact(kind=FactKind.STRENGTHENED, at=minute(at), symptom=one))
    how = draw(st.sampled_from((None, *_OVER)))
    if how is not None:
        at += draw(st.integers(1, 6))
        over = replace(one, state=_OVER[how], ended_at=minute(at), last_seen=minute(at))
        found.append(SymptomFact(kind=how, at=minute(at), symptom=over))
    if how is FactKind.ENDED and draw(st.booleans()):
        at += draw(st.integers(1, 8))
        back = replace(one, last_seen=minute(at))
        found.append(SymptomFact(kind=FactKind.REOPENED, at=minute(at), symptom=back))
    return tuple(found)


_OVER = {
    FactKind.ENDED: SymptomState.ENDED,
    FactKind.WITHDRAWN: SymptomState.WITHDRAWN,
}


def tick_at(
    at: int, facts: Sequence[SymptomFact], changes: Sequence[Change], kpis: KpiWindow | None
) -> EnvTick:
    own = tuple(one for one in facts if one.at == minute(at))
    known = tuple(
        replace(one, ended_at=None) if one.ended_at and one.ended_at > minute(at) else one
        for one in changes
        if one.started_at <= minute(at)
    )
    return EnvTick(at=minute(at), facts=own, changes=known, kpis=kpis)


def acknowledged(env: EnvState, at: int) -> EnvState:
    """Let a person acknowledge every incident, as the store keeps such a step."""
    taken = tuple(heard(one, Verb.ACKNOWLEDGE, "ana", at) for one in env.incidents)
    return replace(env, incidents=taken, settled=False)


def worked(
    facts: Sequence[SymptomFact],
    changes: Sequence[Change],
    kpis: KpiWindow | None,
    taken_at: int | None,
    *,
    afresh: bool,
    known: Knowledge = KNOWN,
) -> list[pipeline.Advance]:
    """Work minute after minute; `afresh` forgets before each what was settled."""
    env, told = EnvState(env="prod"), []
    for at in range(3, LAST):
        if afresh:
            env = replace(env, changes="", settled=False)
        told.append(pipeline.advance(env, tick_at(at, facts, changes, kpis), known))
        env = told[-1].state
        if at == taken_at:
            env = acknowledged(env, at)
    return told


def outcome(
    told: Sequence[pipeline.Advance],
) -> list[tuple[tuple[Incident, ...], tuple[Symptom, ...], object, object]]:
    return [
        (one.state.incidents, one.state.symptoms, one.revisions, one.notifications) for one in told
    ]


@given(
    found=st.lists(lives(), min_size=1, max_size=6),
    changes=st.sets(st.sampled_from(CHANGES)),
    kpis=st.sampled_from((None, READINGS)),
    taken_at=st.none() | st.integers(5, 30),
    seed=st.integers(0, 99),
    repeated=st.integers(0, 4),
)
@settings(max_examples=40, deadline=None)
def test_what_is_left_alone_would_have_stayed_as_it_is(  # noqa: PLR0917  # drawn by name
    found: list[tuple[SymptomFact, ...]],
    changes: set[Change],
    kpis: KpiWindow | None,
    taken_at: int | None,
    seed: int,
    repeated: int,
) -> None:
    facts = [fact for one in found for fact in one]
    deploys = sorted(changes, key=lambda one: (one.started_at, one.id))
    afresh = worked(facts, deploys, kpis, taken_at, afresh=True)
    again = [*facts, *facts[:repeated]]
    random.Random(seed).shuffle(again)  # noqa: S311 - not a secret
    assert outcome(worked(again, deploys, kpis, taken_at, afresh=False)) == outcome(afresh)


def test_what_joins_only_an_incident_joins_it_a_tick_later() -> None:
    errors = made(checkout_errors("EU"), at=3, strength=40, before=0.003, observed=0.07)
    late = made(series("checkout", "cpu_usage_ratio", region="EU"), at=20, strength=4)
    news = [SymptomFact(kind=FactKind.OPENED, at=minute(21), symptom=one) for one in (errors, late)]
    told = worked(news, (), None, None, afresh=False)
    (first,), (then,) = (told[at - 3].state.incidents for at in (21, 22))
    assert [len(one.symptoms) for one in (first, then)] == [1, 2]


def test_a_change_reported_late_is_weighed_at_once() -> None:
    news = [SymptomFact(kind=FactKind.OPENED, at=minute(4), symptom=made(SERIES[2], strength=40))]
    env, deploy = EnvState(env="prod"), change(at=2)
    for at, known in ((4, ()), (5, ()), (6, (deploy,))):
        env = pipeline.advance(env, tick_at(at, news, known, None), KNOWN).state
    assert env.incidents[0].causes[0].change == deploy


def test_an_incident_without_news_is_left_as_it_is() -> None:
    news = [SymptomFact(kind=FactKind.OPENED, at=minute(4), symptom=made(SERIES[2], strength=40))]
    told = worked(news, (), None, None, afresh=False)
    assert told[8].state.incidents == told[2].state.incidents
    assert not any(one.revisions for one in told[2:12])


class Asked:
    """Samples of nobody, that remember until when they were wanted."""

    def __init__(self) -> None:
        self.until: list[datetime] = []

    def around(
        self, _services: Collection[str], _since: datetime, until: datetime
    ) -> Sequence[Excerpt]:
        self.until.append(until)
        return ()

    def hourly(
        self, _services: Collection[str], _since: datetime, _until: datetime
    ) -> Sequence[Excerpt]:
        return ()


def test_a_cause_is_ranked_again_at_every_tick_until_it_has_settled() -> None:
    news = [SymptomFact(kind=FactKind.OPENED, at=minute(4), symptom=made(SERIES[2], strength=40))]
    env, asked = EnvState(env="prod"), Asked()
    own = timedelta(microseconds=1)
    for at in (minute(4), minute(4) + own, *map(minute, range(5, 20))):
        facts = tuple(news) if at == minute(4) else ()
        tick = EnvTick(at=at, facts=facts, samples=asked)
        env = pipeline.advance(env, tick, KNOWN).state
    last = 4 + KNOWN.policies.life.cause_settle_seconds // 60
    assert asked.until == [minute(at) for at in range(4, last + 1)]


def test_of_ticks_a_second_apart_one_in_ten_seconds_ranks_a_cause_again() -> None:
    opened = SymptomFact(kind=FactKind.OPENED, at=minute(4), symptom=made(SERIES[2], strength=40))
    env, asked = EnvState(env="prod"), Asked()
    for second in range(35):
        at = minute(4) + timedelta(seconds=second)
        tick = EnvTick(at=at, facts=() if second else (opened,), samples=asked)
        env = pipeline.advance(env, tick, KNOWN).state
    assert asked.until == [minute(4) + timedelta(seconds=one) for one in (0, 10, 20, 30)]
