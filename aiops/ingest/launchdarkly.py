"""LaunchDarkly's webhooks: what was done to a flag or segment in an environment. Pure.

They may come out of order: every one is a change of its own, at its own time.

References:
    launchdarkly.com/docs/api/webhooks: a body is an entry of the audit log.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiops.domain.change_reports import ChangeReport
from aiops.domain.changes import ChangeKind
from aiops.domain.errors import InputError
from aiops.domain.time import utc
from aiops.domain.words import Passed
from aiops.ingest.fields import FieldError, Fields
from aiops.ingest.words import read_object

_KINDS: Mapping[str, ChangeKind] = {"flag": ChangeKind.FLAG, "segment": ChangeKind.CONFIG}
_TURNED: Mapping[str, str] = {"turned on": "on", "turned off": "off"}
_LATEST_MS = 7_258_118_400_000


def parse(
    body: bytes, headers: Mapping[str, str], received_at: datetime
) -> tuple[ChangeReport, ...] | Passed:
    """Read one webhook.

    Args:
        body: as it came.
        headers: not looked at.
        received_at: when it came, aware UTC: for bodies without a date.

    Raises:
        InputError: names the field, what was found and what was expected.
    """
    del headers
    content = Fields("", read_object(body))
    kind = _KINDS.get(content.text("kind"))
    if kind is None:
        return Passed(why=f"LaunchDarkly's {content.text('kind')[:40]!r} changes nothing that runs")
    key = content.text("_id")
    if not key:
        raise FieldError("_id: found nothing, expected the id of the entry")
    resources = [resource(one) for one in _resources(content)]
    in_places = [one for one in resources if one.env and one.key]
    if not in_places:
        return Passed(why="it is about no environment: nothing that runs has changed")
    at = _date(content) or received_at
    verb = content.text("titleVerb")
    status = next((status for words, status in _TURNED.items() if words in verb), "")
    return tuple(
        ChangeReport(
            key=f"{key} {one.env} {one.key}",
            kind=kind,
            ref=one.key,
            started_at=at,
            ended_at=at if kind is ChangeKind.CONFIG else None,
            status=status,
            env=one.env,
            description=content.text("comment") or verb,
            actor=_actor(content),
            facts={"project": (one.project,), "flag": (one.key,), "tag": one.tags},
        )
        for one in dict.fromkeys(in_places)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """The project, environment and key that a specifier names, with the tags of them all."""

    project: str
    env: str
    key: str
    tags: tuple[str, ...]


def resource(specifier: str) -> Resource:
    """Return what a resource specifier names, empty where it does not.

    Examples:
        >>> one = resource("proj/shop:env/production;critical:flag/new-cart;web,cart")
        >>> one.project, one.env, one.key, one.tags
        ('shop', 'production', 'new-cart', ('critical', 'web', 'cart'))
    """
    found: dict[str, str] = {}
    tags: list[str] = []
    for part in specifier.split(":"):
        name, _, after = part.partition(";")
        what, _, key = name.partition("/")
        found["key" if what in _KINDS else what] = key
        tags += [tag for tag in after.split(",") if tag]
    return Resource(
        project=found.get("proj", ""),
        env=found.get("env", ""),
        key=found.get("key", ""),
        tags=tuple(tags),
    )


def _resources(content: Fields) -> list[str]:
    """Return the specifiers of a body: of what was done, else of what it was done to."""
    accesses = _listed(content, "accesses")
    named = [one.get("resource") for one in accesses if isinstance(one, dict)]
    if not named:
        named = _listed(content.mapping("target"), "resources")
    if not all(isinstance(one, str) for one in named):
        raise InputError("accesses: found a resource that is no text, expected proj/…:env/…:flag/…")
    return [str(one)[:1000] for one in named[:100]]


def _listed(content: Fields, name: str) -> list[Any]:
    found = content.values.get(name)
    if found is not None and not isinstance(found, list):
        raise FieldError(f"{content.path}{name}: found no list, expected one")
    return found or []


def _date(content: Fields) -> datetime | None:
    """Return the time of an entry: epoch milliseconds."""
    value = content.values.get("date")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LATEST_MS:
        raise FieldError(f"date: found {str(value)[:40]!r}, expected epoch milliseconds")
    return utc(value / 1000)


def _actor(content: Fields) -> str:
    member = content.mapping("member")
    return member.text("email") or member.text("_id")
