"""What a person says belongs together, or does not: incidents merged and split on their word.

Pure, as `pipeline` is: where an environment stands → where it stands then, what is worth storing,
and whom that tells. Time does not move; the next tick goes on from there.
"""

from collections.abc import Sequence
from dataclasses import replace

from aiops import pipeline
from aiops.adopt import adopt
from aiops.correlate.causes import rank_causes
from aiops.domain.environment import EnvState, EnvTick, Knowledge
from aiops.domain.errors import InputError
from aiops.domain.incidents import Candidate, Incident
from aiops.domain.notifications import Notification
from aiops.domain.symptoms import Symptom
from aiops.domain.words import Word
from aiops.incident import merge as merging
from aiops.incident import split as splitting
from aiops.pipeline import Advance


def merge(
    env: EnvState, names: Sequence[str], word: Word, *, tick: EnvTick, knowledge: Knowledge
) -> Advance:
    """Merge live incidents into the one of them that was paged, else the older.

    The others become closed links to it, and whoever was told of them hears where to follow it.

    Args:
        env: where the environment stands.
        names: ids of at least two of its incidents.
        word: who says so, why and when.
        tick: changes and KPI readings as of the last tick; facts are not looked at.
        knowledge: everything that is known.

    Raises:
        InputError: a name is no incident of this environment, or is over.
    """
    own = [_incident(env, name) for name in dict.fromkeys(names)]
    merged, links = merging.merge_by_word(own, word)
    before = {one.id: one for one in own}
    candidate = _candidate(merged.symptoms, tick, knowledge)
    survivor = pipeline.assemble(candidate, merged, tick, knowledge, merged.id)
    survivor = replace(survivor, revision=merged.revision)
    return _told(env, before, (survivor, *links), env.next_number, tick=tick, knowledge=knowledge)


def split(
    env: EnvState,
    name: str,
    parts: Sequence[str],
    word: Word,
    *,
    tick: EnvTick,
    knowledge: Knowledge,
) -> Advance:
    """Make symptoms of a live incident one of their own, which no later tick joins to it again.

    Args:
        env: where the environment stands.
        name: id of one of its incidents.
        parts: services whose symptoms leave it, or ids of single symptoms.
        word: who says so, why and when.
        tick: changes and KPI readings as of the last tick; facts are not looked at.
        knowledge: everything that is known.

    Raises:
        InputError: as `aiops.incident.split.split`, or no incident of this name is here.
    """
    before = _incident(env, name)
    new_id = f"INC-{env.next_number}"
    parted = splitting.split(before, parts, new_id, word)
    stay = _candidate(parted.rest.symptoms, tick, knowledge)
    rest = pipeline.assemble(stay, parted.rest, tick, knowledge, name)
    rest = replace(rest, revision=before.revision + 1)
    leave = _candidate(parted.left, tick, knowledge)
    fresh = pipeline.assemble(leave, None, tick, knowledge, new_id)
    fresh = splitting.split_off(fresh, before, word)
    return _told(
        env, {name: before}, (rest, fresh), env.next_number + 1, tick=tick, knowledge=knowledge
    )


def _incident(env: EnvState, name: str) -> Incident:
    found = next((one for one in env.incidents if one.id == name), None)
    if found is None:
        raise InputError(f"{name} is no incident of {env.env} that anything can still be done to")
    return found


def _candidate(symptoms: tuple[Symptom, ...], tick: EnvTick, knowledge: Knowledge) -> Candidate:
    causes, ruled_out = rank_causes(symptoms, tick.changes, tick.at, knowledge, tick.samples)
    return Candidate(symptoms=symptoms, causes=causes, ruled_out=ruled_out)


def _told(
    env: EnvState,
    before: dict[str, Incident],
    after: Sequence[Incident],
    next_number: int,
    *,
    tick: EnvTick,
    knowledge: Knowledge,
) -> Advance:
    """Decide on what changed, and put it in its place."""
    incidents = {one.id: one for one in (*env.incidents, *after)}
    adopting = adopt(incidents.values(), tick, knowledge)
    after = [adopting.get(one.id, one) for one in after]
    notifications: list[Notification] = []
    for one in after:
        incidents[one.id], messages = pipeline.decide(
            one, before.get(one.id), tick, knowledge, incidents.values()
        )
        notifications += messages
    return Advance(
        state=replace(
            env, incidents=tuple(incidents.values()), next_number=next_number, settled=False
        ),
        revisions=tuple(incidents[one.id] for one in after),
        notifications=tuple(notifications),
    )
