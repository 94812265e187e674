"""CDEvents, alone or inside CloudEvents: services deployed, upgraded and rolled back. Pure.

References:
    cdevents.dev, "Continuous Deployment Events" and "CloudEvents Binding";
    github.com/cloudevents/spec, the HTTP binding: `ce-` headers, or an envelope with `data`.
"""

import re
from collections.abc import Mapping
from datetime import datetime

from aiops.domain.change_reports import ChangeReport
from aiops.domain.changes import ChangeKind
from aiops.domain.words import Passed
from aiops.ingest.fields import FieldError, Fields
from aiops.ingest.words import read_object

_TYPE = re.compile(
    r"dev\.cdevents(?P<own>x)?\.(?P<subject>[a-z-]+)\.(?P<predicate>[a-z]+)\.\d+\.\d+\.\d+\S*"
)
_PREDICATES: Mapping[tuple[str, str], ChangeKind] = {
    ("service", "deployed"): ChangeKind.DEPLOY,
    ("service", "upgraded"): ChangeKind.DEPLOY,
    ("service", "rolledback"): ChangeKind.DEPLOY,
    ("service", "removed"): ChangeKind.CONFIG,
    ("environment", "modified"): ChangeKind.CONFIG,
}


def parse(
    body: bytes, headers: Mapping[str, str], received_at: datetime
) -> tuple[ChangeReport, ...] | Passed:
    """Read one event; each tells of what has happened, so it begins and ends at its time.

    Args:
        body: a CDEvent, or a CloudEvent around one in structured mode.
        headers: by name in lower case; a CloudEvent in binary mode has its context there.
        received_at: when it came, aware UTC: for events without a time.

    Raises:
        InputError: names the field, what was found and what was expected.
    """
    content = Fields("", read_object(body))
    if "specversion" in content.values and "data" in content.values:
        content = content.mapping("data")
    context, subject = content.mapping("context"), content.mapping("subject")
    name = context.text("type") or headers.get("ce-type", "")
    found = _TYPE.fullmatch(name)
    if found is None:
        raise FieldError(
            f"context.type: found {name[:60]!r}, expected dev.cdevents.SUBJECT.PREDICATE.VERSION"
        )
    kind = _PREDICATES.get((found["subject"], found["predicate"]))
    if kind is None or found["own"]:
        return Passed(why=f"CDEvents' {found['subject']}.{found['predicate']} changes no service")
    key = context.text("id") or headers.get("ce-id", "")
    if not key:
        raise FieldError("context.id: found nothing, expected the id of the event")
    about = subject.mapping("content")
    at = context.time("timestamp") or received_at
    is_service = found["subject"] == "service"
    env = about.mapping("environment").text("id") if is_service else subject.text("id")
    return (
        ChangeReport(
            key=f"{context.text('source')} {key}",
            kind=kind,
            ref=_version(about.text("artifactId")) or about.text("name") or found["predicate"],
            started_at=at,
            ended_at=at,
            status="finished",
            service=_last(subject.text("id")) if is_service else "",
            env=_last(env),
            reverts="" if found["predicate"] == "rolledback" else None,
            description=f"{found['subject']} {found['predicate']}",
            facts={"project": tuple(filter(None, (context.text("source"),)))},
        ),
    )


def _last(identifier: str) -> str:
    """Return the name in an identifier that may be a path or an address.

    Examples:
        >>> _last("/clusters/eu/checkout"), _last("checkout")
        ('checkout', 'checkout')
    """
    return identifier.rstrip("/").rpartition("/")[2]


def _version(purl: str) -> str:
    """Return the version of a package URL, short where it is a digest; empty where there is none.

    Examples:
        >>> _version("pkg:oci/shop@sha256%3A0b31b1c02ff458ad?tag=v2")
        'v2'
        >>> _version("pkg:oci/shop@sha256%3A0b31b1c02ff458ad"), _version("pkg:npm/shop@1.2.0")
        ('sha256:0b31b1c02ff4', '1.2.0')
    """
    path, _, qualifiers = purl.partition("?")
    tag = re.search(r"(?:^|&)tag=([^&#]+)", qualifiers)
    if tag is not None:
        return tag[1]
    version = path.rpartition("@")[2] if "@" in path else ""
    version = re.sub("%3a", ":", version, flags=re.IGNORECASE).partition("#")[0]
    return version[: len("sha256:") + 12] if version.startswith("sha256:") else version
