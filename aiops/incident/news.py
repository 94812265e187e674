"""What takes part in grouping, and what of it has news: the rest is left as it is."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b

from aiops.domain.changes import Change
from aiops.domain.environment import EnvState, EnvTick
from aiops.domain.incidents import Incident, IncidentState
from aiops.domain.policies import LifePolicy
from aiops.domain.symptoms import FactKind, Symptom
from aiops.domain.visibility import stands

SETTLE_STEP_SECONDS = 10
"""Causes that settle are ranked again this often at most: in a storm, every incident is young."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What takes part in grouping at a tick, and what of it is news.

    Args:
        symptoms: open ones, those of live incidents, and those that became known just now.
        live: the live incidents.
        touched: ids of symptoms of which there is a fact, or of which samples tell more and more.
        changes: what stands for the changes that are known.
        has_changes: whether a deploy or another change is news: it may explain anything.
        is_any: whether grouping can come to anything that is not known.
    """

    symptoms: tuple[Symptom, ...]
    live: tuple[Incident, ...]
    touched: frozenset[str]
    changes: str
    has_changes: bool
    is_any: bool

    def touches(self, symptoms: Sequence[Symptom], incident_ids: Sequence[str]) -> bool:
        """Return whether a group is more than what its one incident holds already."""
        names = [one.id for one in symptoms]
        known = [one.symptoms for one in self.live if one.id in incident_ids]
        is_known = [[one.id for one in members] for members in known] == [names]
        return self.has_changes or not is_known or not self.touched.isdisjoint(names)


def news_of(env: EnvState, tick: EnvTick, policy: LifePolicy) -> News:
    """Return what is to be grouped at a tick.

    Symptoms of an incident that is mitigated or over take no part: it absorbs nothing. One that
    was over when it became known is a problem too, to be recorded.

    Args:
        env: where the environment stands, with the tick's facts taken in.
        tick: what is new.
        policy: for how long after a symptom its cause settles.
    """
    opened = {one.symptom.id for one in tick.facts if one.kind is FactKind.OPENED}
    symptoms, live = _parts(env, opened)
    changes = _digest(tick.changes)
    young = _settling(live, env, tick, policy)
    return News(
        symptoms=symptoms,
        live=live,
        touched=young.union(one.symptom.id for one in tick.facts),
        changes=changes,
        has_changes=changes != env.changes,
        is_any=bool(tick.facts or young) or not env.settled or changes != env.changes,
    )


def settle(env: EnvState, news: News) -> EnvState:
    """Return an environment that knows what was news at a tick, so that it is news no more.

    It is settled where what was grouped would take part the same way in the next tick.

    Args:
        env: once the tick was worked.
        news: of that tick.
    """
    settled = _names(news.symptoms, news.live) == _names(*_parts(env, ()))
    return replace(env, changes=news.changes, settled=settled)


def _settling(
    live: Iterable[Incident], env: EnvState, tick: EnvTick, policy: LifePolicy
) -> frozenset[str]:
    """Return the ids of members so young that one more sample may tell of another cause.

    Of ticks that lie closer together than `SETTLE_STEP_SECONDS` the samples of one are enough.
    """
    if tick.samples is None or _settle_step(tick.at) == _settle_step(env.at):
        return frozenset()
    since = tick.at - timedelta(seconds=policy.cause_settle_seconds)
    members = (one for incident in live for one in incident.symptoms)
    return frozenset(one.id for one in members if one.detected_at >= since)


def _settle_step(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp()) // SETTLE_STEP_SECONDS


def _digest(changes: Sequence[Change]) -> str:
    """Return what stands for some changes: it is another one as soon as something is new."""
    return blake2b(repr(changes).encode(), digest_size=16).hexdigest()


def _parts(
    env: EnvState, opened: Collection[str]
) -> tuple[tuple[Symptom, ...], tuple[Incident, ...]]:
    closed = {
        symptom.id
        for incident in env.incidents
        if not incident.is_live
        for symptom in incident.symptoms
        if incident.state is IncidentState.MITIGATED or symptom.is_open
    }
    live = tuple(incident for incident in env.incidents if incident.is_live)
    members = {symptom.id for incident in live for symptom in incident.symptoms}
    taken = members | closed
    free = [one for one in env.symptoms if one.id not in taken and stands(one)]
    symptoms = [one for one in env.symptoms if one.id in members]
    symptoms += [one for one in free if one.is_open or one.id in opened]
    return tuple(symptoms), live


def _names(symptoms: Sequence[Symptom], live: Sequence[Incident]) -> tuple[object, ...]:
    members = [(one.id, one.apart_from, [member.id for member in one.symptoms]) for one in live]
    return {one.id for one in symptoms}, members
