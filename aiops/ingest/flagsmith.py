"""Flagsmith's webhooks: what was done to a feature in an environment. Pure.

References:
    docs.flagsmith.com, "Environment settings", environment webhooks; the audit log of the
    organisation comes in another form, and tells nothing that these do not.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from aiops.domain.change_reports import ChangeReport
from aiops.domain.changes import ChangeKind
from aiops.domain.words import Passed
from aiops.ingest.fields import FieldError, Fields
from aiops.ingest.words import read_object

_EVENTS: Final = ("FLAG_UPDATED", "FLAG_DELETED")
_MOST_SHOWN: Final = 60
"""Characters of a value that are shown; remote config may be a whole document."""


def parse(
    body: bytes, headers: Mapping[str, str], received_at: datetime
) -> tuple[ChangeReport, ...] | Passed:
    """Read one webhook.

    Args:
        body: as it came.
        headers: not looked at.
        received_at: when it came, aware UTC: for bodies without a time.

    Raises:
        InputError: names the field, what was found and what was expected.
    """
    del headers
    content = Fields("", read_object(body))
    event = content.text("event_type")
    if not event:
        raise FieldError("event_type: found nothing, expected FLAG_UPDATED")
    if event not in _EVENTS:
        return Passed(why=f"Flagsmith's {event[:40]!r} changes nothing that runs")
    data = content.mapping("data")
    new, old = data.mapping("new_state"), data.mapping("previous_state")
    state = new if new.values else old
    name = state.mapping("feature").text("name")
    if not name:
        raise FieldError(f"{state.path}feature.name: found nothing, expected that of a feature")
    if state.shown("identity") or state.shown("identity_identifier"):
        return Passed(why="it is about a single identity")
    was, now = old.flag("enabled"), new.flag("enabled") and event != "FLAG_DELETED"
    if not was and not now and (not old.values or not new.values):
        return Passed(why="a feature that is off came or went: nothing that runs has changed")
    return (_report(data, state, was=was, now=now, received_at=received_at),)


def _report(
    data: Fields, state: Fields, *, was: bool, now: bool, received_at: datetime
) -> ChangeReport:
    feature = state.mapping("feature")
    name, at = feature.text("name"), data.time("timestamp") or received_at
    env, project = _called(state, "environment"), _called(feature, "project")
    segment = state.mapping("feature_segment").mapping("segment").text("name")
    turned = "" if was == now else "on" if now else "off"
    said = f"for segment {segment}" if segment else ""
    return ChangeReport(
        key=f"{project} {env} {name} {segment} {at.isoformat()}",
        kind=ChangeKind.FLAG,
        ref=name,
        started_at=at,
        status=turned,
        env=env,
        description=", ".join(filter(None, (_difference(data), said))),
        actor=data.text("changed_by"),
        facts={"project": (project,), "flag": (name,)},
    )


def _called(one: Fields, name: str) -> str:
    """Return the name of a project or environment; versions before 2021 sent its number."""
    value = one.values.get(name)
    return one.mapping(name).text("name") if isinstance(value, dict) else one.text(name)


def _difference(data: Fields) -> str:
    """Return how a value changed, where both are short."""
    old, new = (
        data.mapping(name).values.get("feature_state_value")
        for name in ("previous_state", "new_state")
    )
    if old == new or not data.mapping("new_state").values:
        return ""
    told = ["nothing" if one is None else str(one) for one in (old, new)]
    if all(len(one) <= _MOST_SHOWN and one.isprintable() for one in told):
        return " → ".join(told)
    return "its value changed"
