"""Unleash's webhooks: what was done to a feature flag. Pure.

They may come twice and out of order: every one is a change of its own, known by the event's number.

References:
    docs.getunleash.io/reference/integrations/webhook and docs.getunleash.io/reference/events.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from aiops.domain.change_reports import ChangeReport
from aiops.domain.changes import ChangeKind
from aiops.domain.words import Passed
from aiops.ingest.fields import FieldError, Fields
from aiops.ingest.words import read_object

_WORDS: Final[Mapping[str, str]] = {
    "feature-environment-enabled": "on",
    "feature-environment-disabled": "off",
    "feature-archived": "off",
    "feature-strategy-add": "",
    "feature-strategy-update": "",
    "feature-strategy-remove": "",
    "feature-environment-variants-updated": "",
    "feature-variants-updated": "",
    "feature-updated": "",
}
"""What changes how a flag is answered, and how it is turned by that."""

_MOST_TAGS: Final = 100


def parse(
    body: bytes, headers: Mapping[str, str], received_at: datetime
) -> tuple[ChangeReport, ...] | Passed:
    """Read one webhook.

    Args:
        body: as Unleash writes it where the integration has no template of its own.
        headers: not looked at.
        received_at: when it came, aware UTC: for bodies without a time.

    Raises:
        InputError: names the field, what was found and what was expected.
    """
    del headers
    content = Fields("", read_object(body))
    event, number = content.text("type"), content.text("id")
    if not event:
        raise FieldError(
            "type: found nothing, expected that of an event: leave the body template empty"
        )
    if event not in _WORDS:
        return Passed(why=f"Unleash's {event[:60]!r} changes nothing that runs")
    name = content.text("featureName")
    for field, value in (("id", number), ("featureName", name)):
        if not value:
            raise FieldError(f"{field}: found nothing, expected that of the event's flag")
    project = content.text("project")
    return (
        ChangeReport(
            key=f"{number} {project} {name}",
            kind=ChangeKind.FLAG,
            ref=name,
            started_at=content.time("createdAt") or received_at,
            status=_WORDS[event],
            env=content.text("environment"),
            description=_description(content, event),
            actor=content.text("createdBy"),
            facts={
                "project": tuple(filter(None, (project,))),
                "flag": (name,),
                "tag": _tags(content),
            },
        ),
    )


def _description(content: Fields, event: str) -> str:
    """Return what was done, with the share of users a strategy reaches, before and now."""
    if not event.startswith("feature-strategy-"):
        return event
    old, new = (_reach(content, name) for name in ("preData", "data"))
    return f"{event}: {' → '.join(filter(None, (old, new)))}" if old or new else event


def _reach(content: Fields, name: str) -> str:
    if not isinstance(content.values.get(name), dict):
        return ""
    strategy = content.mapping(name)
    share = strategy.mapping("parameters").text("rollout")
    called = strategy.text("title") or strategy.text("name")
    return f"{called} {share}%".strip() if share else called


def _tags(content: Fields) -> tuple[str, ...]:
    """Return the tags of a flag, each as its value and with its type, as `simple:checkout`."""
    tags = content.values.get("tags")
    if tags is not None and not isinstance(tags, list):
        raise FieldError("tags: found no list, expected one")
    found = []
    for index, one in enumerate((tags or [])[:_MOST_TAGS]):
        if not isinstance(one, dict):
            raise FieldError(f"tags[{index}]: found no object, expected a tag")
        tag = Fields(f"tags[{index}].", one)
        kind, value = tag.text("type"), tag.text("value")
        found += [value, f"{kind}:{value}"] if value else []
    return tuple(dict.fromkeys(found))
