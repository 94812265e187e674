"""READ FIRST: the whole product as pure functions, one per arrow of the data flow.

    Signal ─detect─▶ Symptom ─correlate─▶ Candidate ─assemble─▶ Incident ─decide─▶ Notification
      ▲                                                             │
      └──────────── learn ◀── Outcome ◀── resolve ◀─── Action ◀─────┘

`detect` runs per shard and tick. `advance` chains correlate, assemble and decide per environment
and tick. The Celery workers, the backtest and the tests call these same functions, so the same
closed ticks give the same incidents wherever they run.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aiops.adopt import adopt
from aiops.advise.match import with_runbook
from aiops.advise.suggest import suggest
from aiops.clues import choose
from aiops.correlate import archive_fit
from aiops.correlate.archive import ALIKE, archive_of
from aiops.correlate.candidates import correlate as correlate_symptoms
from aiops.correlate.grouping import Group
from aiops.correlate.signature import signature
from aiops.detect import engine
from aiops.detect.engine import Detection, ShardProfile, ShardState
from aiops.domain.changes import Change
from aiops.domain.environment import EnvState, EnvTick, Knowledge
from aiops.domain.incidents import Candidate, Incident, IncidentState
from aiops.domain.notifications import Notification
from aiops.domain.outcomes import Archive, Outcome, PastIncident
from aiops.domain.policies import DetectPolicy
from aiops.domain.slos import UNHURT
from aiops.domain.symptoms import Origin
from aiops.domain.ticks import Shard, Tick
from aiops.impact.claims import Claim, claims
from aiops.impact.damage import assess_damage
from aiops.incident import assemble as assembling
from aiops.incident import life, merge, timeline
from aiops.incident.news import News, news_of, settle
from aiops.incident.repeats import repeating
from aiops.incident.standing import absorb, forget
from aiops.learn.memory import infer_outcome, remember
from aiops.route.decision import react
from aiops.route.notifications import plan, pulses
from aiops.route.owner import with_owner
from aiops.slo.budget import service_levels

MEMORY_SIZE = 200
"""So many ended incidents are compared one by one; more are searched as arrays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """What one tick did to an environment: its new state, and what is worth storing and telling."""

    state: EnvState
    revisions: tuple[Incident, ...] = ()
    notifications: tuple[Notification, ...] = ()


def detect(
    shard: Shard,
    profile: ShardProfile,
    state: ShardState,
    tick: Tick,
    policy: DetectPolicy,
    *,
    origin: Origin = Origin.LIVE,
    late: bool = False,
) -> Detection:
    """Signal → Symptom: score one closed tick of a shard, or values `late` for it, causally."""
    score = engine.rescore if late else engine.step
    return score(shard, profile, state, tick, policy, origin)


def correlate(news: News, tick: EnvTick, knowledge: Knowledge) -> tuple[Candidate, ...]:
    """Symptom → Candidate: group what belongs together and rank its causes, where there is news.

    Left out is what is known as it is: what is no problem of its own, and incidents nothing has
    happened to. Without any news nothing is grouped at all.
    """
    if not news.is_any:
        return ()

    def is_news(group: Group) -> bool:
        if group.incident_ids:
            return news.touches(group.symptoms, group.incident_ids)
        return assembling.deserves_incident(group.symptoms, knowledge)

    return correlate_symptoms(
        news.symptoms,
        news.live,
        tick.changes,
        tick.at,
        knowledge,
        is_news=is_news,
        samples=tick.samples,
    )


def assemble(  # noqa: PLR0917  # one argument per thing it is made of
    candidate: Candidate,
    previous: Incident | None,
    tick: EnvTick,
    knowledge: Knowledge,
    incident_id: str,
    claimed: Sequence[Claim] = (),
) -> Incident:
    """Candidate → Incident: reach, cost, severity, title, narrative, owner, runbook, next steps.

    `claimed` is what live incidents may have cost, so that no loss is counted twice. An incident
    that nothing changed in is returned as it was.
    """
    others = [one for one in claimed if one.incident_id != incident_id]
    damage = assess_damage(candidate, previous, tick, knowledge, others)
    known = previous.levels if previous else UNHURT
    incident = assembling.assemble(
        candidate,
        previous,
        damage.blast,
        damage.impacts,
        tick.changes,
        tick.at,
        knowledge,
        incident_id=incident_id,
        cost=damage.cost,
        affected=damage.affected,
        levels=service_levels(candidate.symptoms, tick.samples, known, tick.at, knowledge),
        clues=choose.choose(candidate, tick.clues, tick.at, knowledge),
    )
    incident = with_runbook(with_owner(incident, tick.at, knowledge), knowledge)
    incident = replace(incident, suggestions=suggest(incident, knowledge))
    is_same = previous and incident == replace(previous, updated_at=incident.updated_at)
    return previous if previous and is_same else incident


def decide(
    incident: Incident,
    previous: Incident | None,
    tick: EnvTick,
    knowledge: Knowledge,
    others: Iterable[Incident] = (),
) -> tuple[Incident, tuple[Notification, ...]]:
    """Incident → Notification: page, ticket or record, with its reason, and whom that tells.

    While the pipeline catches up on the past nobody new is told: what is over by the end stays
    silent, what is still alive is told once, at the first live tick. `others` are the incidents of
    the environment: what the page for one of them covers is not paged again.
    """
    incident = react(incident, tick, knowledge, others)
    incident, told = plan(incident, previous, tick.at, knowledge, live=tick.live)
    return timeline.decided(incident, previous, told, tick.at), told


def resolve(incident: Incident, changes: Sequence[Change], at: datetime) -> Outcome:
    """Action → Outcome: read from the record what ended an incident, until a person judges it."""
    return infer_outcome(incident, changes, at)


def learn(incident: Incident, outcome: Outcome) -> PastIncident:
    """Outcome → memory: what is kept of an ended incident for the next one like it."""
    change = incident.causes[0].change if incident.causes else None
    return remember(incident, outcome, signature(incident.symptoms, change))


def advance(env: EnvState, tick: EnvTick, knowledge: Knowledge) -> Advance:
    """Work one closed tick of an environment through correlate, assemble and decide.

    Args:
        env: where the environment stood after the tick before.
        tick: what is new; a tick not after `env.at` changes nothing.
        knowledge: everything that is known beforehand.

    Returns:
        The new state, every incident with a new revision, and the notifications to send.
    """
    if env.at is not None and tick.at <= env.at:
        return Advance(state=env)
    env = absorb(env, tick)
    before = {incident.id: incident for incident in env.incidents}
    incidents = dict(before)
    number = env.next_number
    claimed = claims(env.incidents, knowledge)
    news = news_of(env, tick, knowledge.policies.life)
    for candidate in correlate(news, tick, knowledge):
        number = _place(candidate, incidents, number, tick, knowledge, claimed)
    _bring_up(before.values(), incidents, tick, knowledge, claimed)
    incidents.update(adopt(incidents.values(), tick, knowledge))
    notifications: list[Notification] = []
    for name, incident in incidents.items():
        aged = life.advance_life(incident, tick.at, knowledge.policies.life, knowledge)
        others = incidents.values()
        incidents[name], messages = decide(aged, before.get(name), tick, knowledge, others)
        notifications += messages
    revisions = tuple(
        incident for name, incident in incidents.items() if incident != before.get(name)
    )
    state = replace(env, at=tick.at, incidents=tuple(incidents.values()), next_number=number)
    return Advance(
        state=settle(forget(state, knowledge), news),
        revisions=revisions,
        notifications=(*notifications, *pulses(tick)),
    )


def remembering(knowledge: Knowledge, advance: Advance, tick: EnvTick) -> Knowledge:
    """Return what is known after a tick: also what the incidents that ended in it taught."""
    over = (IncidentState.MITIGATED, IncidentState.RESOLVED)
    ended = [incident for incident in advance.revisions if incident.state in over]
    if not ended:
        return knowledge
    fresh = {one.id: learn(one, resolve(one, tick.changes, one.updated_at)) for one in ended}
    past = [one for one in knowledge.memory if one.incident_id not in fresh]
    past = sorted([*past, *fresh.values()], key=lambda one: (one.ended_at, one.incident_id))
    known = replace(knowledge, memory=tuple(past))
    return known if len(past) < MEMORY_SIZE else _filed(known)


def file_away(past: Sequence[PastIncident]) -> Archive:
    """Index ended incidents for the search for what looked alike; in the slow worker."""
    return archive_fit.fit(past)


def rest(env: EnvState, until: datetime) -> EnvState:
    """Return an environment after ticks in which nothing was open and nothing happened."""
    return env if env.at is not None and env.at >= until else replace(env, at=until)


def _filed(knowledge: Knowledge) -> Knowledge:
    """Move what is remembered into the archive, which is searched at once however long it is."""
    bar = knowledge.archive.bar if knowledge.archive else ALIKE
    archive = archive_of(knowledge.remembered(), bar)
    return replace(knowledge, memory=(), archive=archive)


def _place(  # noqa: PLR0917  # one argument per thing a place is decided by
    candidate: Candidate,
    incidents: dict[str, Incident],
    number: int,
    tick: EnvTick,
    knowledge: Knowledge,
    claimed: Sequence[Claim],
) -> int:
    """Put a candidate into the incident it belongs to, or a new one; return the next number."""
    if candidate.incident_ids:
        _update(candidate, incidents, tick, knowledge, claimed)
        return number
    watched = life.returning(candidate, tuple(incidents.values()), tick.at, knowledge)
    if watched is not None:
        again = life.reopen(watched, tick.at)
        incidents[again.id] = assemble(candidate, again, tick, knowledge, again.id, claimed)
        return number
    fresh = assemble(candidate, None, tick, knowledge, f"INC-{number}", claimed)
    incidents[fresh.id] = repeating(fresh, tuple(incidents.values()), tick.at)
    return number + 1


def _bring_up(
    before: Iterable[Incident],
    incidents: dict[str, Incident],
    tick: EnvTick,
    knowledge: Knowledge,
    claimed: Sequence[Claim],
) -> None:
    """Bring up to date what live incidents without other news cost, and what logs tell of them."""
    claiming = {one.incident_id for one in claimed} if tick.kpis is not None else set()
    for one in before:
        is_untouched = one.is_live and incidents[one.id] is one
        has_clues = is_untouched and choose.speaks_of(one, tick.clues)
        costs = one.impacts or one.affected or one.levels.budgets or one.id in claiming
        if is_untouched and (costs or has_clues):
            known = Candidate(symptoms=one.symptoms, causes=one.causes, ruled_out=one.ruled_out)
            incidents[one.id] = assemble(known, one, tick, knowledge, one.id, claimed)


def _update(
    candidate: Candidate,
    incidents: dict[str, Incident],
    tick: EnvTick,
    knowledge: Knowledge,
    claimed: Sequence[Claim],
) -> None:
    """Bring up to date the incidents a candidate belongs to, merged where nobody holds them apart.

    One that somebody acknowledged keeps its symptoms to itself until a person merges it.
    """
    own = [incidents[name] for name in candidate.incident_ids]
    survivor, links = merge.merge(own[0], own[1:], tick.at)
    incidents.update({link.id: link for link in links})
    gone = {link.id for link in links}
    claimed = [one for one in claimed if one.incident_id not in gone]
    apart = [one for one in own if one.id not in gone and one.id != survivor.id]
    for incident in apart:
        members = {symptom.id for symptom in incident.symptoms}
        mine = [one for one in candidate.symptoms if one.id in members]
        rest = [one for one in candidate.symptoms if one.id not in members]
        part, candidate = (replace(candidate, symptoms=tuple(some)) for some in (mine, rest))
        incidents[incident.id] = assemble(part, incident, tick, knowledge, incident.id, claimed)
    incidents[survivor.id] = assemble(candidate, survivor, tick, knowledge, survivor.id, claimed)
