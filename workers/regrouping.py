"""Incidents merged and split on a person's word: stored, audited and told, all in one step."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from aiops import regroup
from aiops.backtest import known_changes, kpi_window_start
from aiops.domain.environment import EnvState, EnvTick
from aiops.domain.errors import InputError
from aiops.domain.incidents import Incident
from aiops.domain.words import Word
from aiops.pipeline import Advance
from aiops.store.audit import AuditEntry
from workers.wiring import Parts

COMMAND_LINE = "the command line"


def find(parts: Parts, name: str) -> Incident:
    """Return an incident as it stands, whatever the case of its id.

    Raises:
        InputError: there is none of this name.
    """
    incident = parts.incidents.get(name.upper())
    if incident is None:
        raise InputError(
            f"there is no incident {name}; `aiops incident list` shows those there are"
        )
    return incident


def merge(
    parts: Parts, names: Sequence[str], *, by: str, why: str, place: str = COMMAND_LINE
) -> tuple[Incident, tuple[str, ...]]:
    """Merge incidents; said twice, the second time changes nothing.

    Args:
        parts: of this installation.
        names: at least two ids; of one that was merged before, the one it went to counts.
        by: who says so.
        why: in their words.
        place: where they said it, for the audit log.

    Returns:
        The incident that is left, and the ids of those that became links to it just now.

    Raises:
        InputError: one is not there, or over, or they are of several environments.
    """
    own = [_root(parts, find(parts, name)) for name in names]
    envs = sorted({one.env for one in own})
    if len(envs) > 1:
        raise InputError(f"they are of several environments ({', '.join(envs)}): never one problem")
    if len(set(names)) > 1 and len({one.id for one in own}) == 1:
        return own[0], ()
    word, entry = _said(parts, own[0], "merge", by=by, why=why, place=place)

    def step(env: EnvState) -> Advance:
        ids = [_root(parts, one).id for one in own]
        if len({one.id for one in own}) > 1 and len(set(ids)) == 1:
            return Advance(state=env)
        tick = _tick(parts, env)
        return regroup.merge(env, ids, word, tick=tick, knowledge=parts.knowledge())

    changed = parts.incidents.regroup_by_person(envs[0], step, entry)
    kept = changed[0] if changed else _root(parts, own[0])
    return kept, tuple(one.id for one in changed[1:])


def split(
    parts: Parts,
    name: str,
    leaving: Sequence[str],
    *,
    by: str,
    why: str,
    place: str = COMMAND_LINE,
) -> tuple[Incident, Incident]:
    """Split services or symptoms off an incident; said twice, the second time changes nothing.

    Args:
        parts: of this installation.
        name: id of the incident.
        leaving: services whose symptoms leave it, or ids of symptoms.
        by: who says so.
        why: in their words.
        place: where they said it, for the audit log.

    Returns:
        The incident without what left it, and the one that holds it.

    Raises:
        InputError: it is not there or over, or nothing or everything would leave it.
    """
    incident = find(parts, name)
    word, entry = _said(parts, incident, "split", by=by, why=why, place=place)
    step = partial(_split, parts, incident.id, tuple(leaving), word)
    changed = parts.incidents.regroup_by_person(incident.env, step, entry)
    if changed:
        return changed[0], changed[1]
    state, _ = parts.incidents.load(incident.env)
    holder = _holder(state, incident.id, leaving)
    if holder is None:
        raise InputError(f"{incident.id} changed while it was split; look at it and say it again")
    return find(parts, name), holder


def _split(parts: Parts, name: str, leaving: Sequence[str], word: Word, env: EnvState) -> Advance:
    if _holder(env, name, leaving) is not None:
        return Advance(state=env)
    tick = _tick(parts, env)
    return regroup.split(env, name, leaving, word, tick=tick, knowledge=parts.knowledge())


def _holder(env: EnvState, name: str, leaving: Sequence[str]) -> Incident | None:
    """Return the incident that was split off with all of this before, if there is one."""
    here = next((one for one in env.incidents if one.id == name), None)
    if here is None or set(leaving) & _names(here):
        return None
    apart = (one for one in env.incidents if one.is_live and one.id in here.apart_from)
    return next((one for one in apart if set(leaving) <= _names(one)), None)


def _names(incident: Incident) -> set[str]:
    return {name for one in incident.symptoms for name in (one.service, one.id)}


def _root(parts: Parts, incident: Incident) -> Incident:
    """Return an incident as it stands, or the one it was merged into."""
    latest = find(parts, incident.id)
    while latest.merged_into is not None:
        latest = find(parts, latest.merged_into)
    return latest


def _said(
    parts: Parts, incident: Incident, action: str, *, by: str, why: str, place: str
) -> tuple[Word, AuditEntry]:
    if not why.strip():
        raise InputError("say why: it is what others will read of it")
    now = parts.clock.now()
    detail = f"{why} (said on {place})"
    entry = AuditEntry(
        at=now, actor=by, action=action, subject="", detail=detail, origin=incident.origin
    )
    return Word(who=by, why=why, at=now), entry


def _tick(parts: Parts, env: EnvState) -> EnvTick:
    """Return the last tick of an environment again, without what was new in it."""
    at = env.at or parts.clock.now()
    age = parts.settings.policies.correlate.change_max_age_seconds
    changes = parts.changes.known(env.env, at - timedelta(seconds=2 * age), at)
    return EnvTick(
        at=at,
        changes=known_changes(changes, at, age),
        kpis=parts.history.kpi_window(env.env, kpi_window_start(env, (), at), at),
        samples=parts.history.samples(env.env),
        silences=parts.silences.holding(parts.clock.now()),
        pages=parts.pages.near(parts.clock.now()),
    )
