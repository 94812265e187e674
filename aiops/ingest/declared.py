"""A person's report: read from what they typed, and from the body it is kept as. Pure."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from types import MappingProxyType

import orjson

from aiops.domain.declared import Report
from aiops.domain.errors import InputError
from aiops.domain.incidents import Severity
from aiops.ingest.words import read_object, text

MOST_CHARACTERS = 300
"""Of a report; the rest is cut: it is told again and again."""

_SHOWN = 5
_EXAMPLE = "payment-service checkout is failing in EU"
_SEVERITY = re.compile(r"(?i)p[1-4]")
_TRIM = ".,;:!?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What a report may name.

    Args:
        services: as we call them.
        aliases: what people say instead (a title, a journey), with the service that is meant.
        regions: that are declared.
        segments: the same of customers.
    """

    services: Collection[str]
    aliases: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    regions: Collection[str] = ()
    segments: Collection[str] = ()

    def service(self, name: str) -> str:
        """Return the service of a name, in whatever case it was typed; "" for none."""
        known = {alias.casefold(): service for alias, service in self.aliases.items()}
        known |= {one.casefold(): one for one in self.services}
        return known.get(name.casefold(), "")

    def near(self, name: str) -> list[str]:
        """Return the names most like one that is unknown, the likest first."""
        known = {one.casefold(): one for one in (*self.services, *self.aliases)}
        found = get_close_matches(name.casefold(), sorted(known), n=_SHOWN, cutoff=0.5)
        part = [one for one in sorted(known) if name.casefold() in one]
        return [known[one] for one in dict.fromkeys([*found, *part])][:_SHOWN]


def read(said: str, names: Names, *, who: str, at: datetime, env: str) -> Report:
    """Return what somebody typed as a report: service, what is wrong, perhaps P1 to P4.

    A region or segment that is named in it is meant, where it is only one.

    Args:
        said: as in "payment-service P1 checkout is failing in EU".
        names: what may be named.
        who: typed it.
        at: when, aware UTC.
        env: where it is.

    Raises:
        InputError: no service is named that we know, or not what is wrong; asks for it.

    Examples:
        >>> from datetime import UTC
        >>> known = Names(services=["checkout"], regions=["EU"])
        >>> noon = datetime(2026, 4, 18, 12, tzinfo=UTC)
        >>> one = read("Checkout p1 fails in EU!", known, who="ann", at=noon, env="prod")
        >>> one.service, one.severity.value, one.region, one.words
        ('checkout', 'P1', 'EU', 'fails in EU!')
    """
    tokens = said.split()
    severities = [one for one in tokens if _SEVERITY.fullmatch(one)]
    words = [one for one in tokens if one not in severities[:1]]
    if not words:
        raise InputError(f"say of which service, and what is wrong, as in {_EXAMPLE}")
    service = names.service(words[0])
    if not service:
        raise InputError(_unknown(words[0], names))
    if not words[1:]:
        raise InputError(f"say what is wrong with {service}, as in {_EXAMPLE}")
    bare = {one.strip(_TRIM) for one in words[1:]}
    return Report(
        service=service,
        words=_clean(" ".join(words[1:]), MOST_CHARACTERS),
        who=_clean(who, 80) or "somebody",
        at=at,
        env=env,
        severity=Severity(severities[0].upper()) if severities else None,
        region=_only(bare, names.regions),
        segment=_only(bare, names.segments),
    )


def body_of(report: Report, who_id: str, answer_url: str) -> bytes:
    """Return the body a report is kept as."""
    said = {
        "service": report.service,
        "words": report.words,
        "who": report.who,
        "who_id": who_id,
        "env": report.env,
        "severity": report.severity,
        "region": report.region,
        "segment": report.segment,
        "answer_url": answer_url,
    }
    return orjson.dumps(said)


def parse(body: bytes, at: datetime) -> Report:
    """Return the report a body holds.

    Args:
        body: from `body_of`.
        at: when it was received, aware UTC.

    Raises:
        InputError: it is none.
    """
    content = read_object(body)
    said = text(content, "severity")
    if not text(content, "service") or (said and not _SEVERITY.fullmatch(said)):
        raise InputError("the body is no report: it names no service, or another severity")
    return Report(
        service=text(content, "service"),
        words=text(content, "words"),
        who=text(content, "who"),
        at=at,
        env=text(content, "env"),
        severity=Severity(said) if said else None,
        region=text(content, "region") or None,
        segment=text(content, "segment") or None,
    )


def _unknown(name: str, names: Names) -> str:
    shown = _clean(name, 60)
    near = names.near(name)
    if near:
        return f"no service is called {shown}. Did you mean {' or '.join(near)}"
    if not names.services:
        return f"no service is called {shown}: none is known yet; declare them in the topology"
    some = ", ".join(sorted(names.services)[:_SHOWN])
    return f"no service is called {shown}. There are {len(names.services)}, as {some}"


def _only(words: Collection[str], names: Collection[str]) -> str | None:
    found = [one for one in names if one in words]
    return found[0] if len(found) == 1 else None


def _clean(said: str, limit: int) -> str:
    """Return words on one line, without what no sink can carry."""
    line = "".join(char if char.isprintable() else " " for char in said).strip()
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
