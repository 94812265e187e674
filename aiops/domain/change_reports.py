"""What tools say was done, in their own words, and the rules that lead from there to services."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from types import MappingProxyType

from aiops.domain.changes import ChangeKind

FACTS = ("repository", "path", "workflow", "project", "application", "namespace", "flag", "tag")
"""What a tool can say of a change that a rule may ask for, beside `named` and `environment`: what
it calls the service and the environment."""


_WORDS_CHARACTERS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeReport:
    """What one body of a tool says of one change, in the tool's own words.

    Args:
        key: by which the tool knows the change: reports with one key are about one change.
        kind: what was done.
        ref: version, flag … as people would say it.
        started_at: aware UTC.
        ended_at: aware UTC; None while it lasts, or where nothing is said of an end.
        status: as in `Change`.
        service: what the tool calls it; empty where it names none.
        env: the environment as the tool calls it; empty where it names none.
        tier: what sort of environment that is, as `production`, where the tool says.
        reverts: as in `Change`.
        description: in the words of whoever did it.
        actor: who did it.
        facts: of `FACTS`; several values of one stand in one tuple.
        needs_rule: it is a change only where a rule names its workflow: most change nothing.
    """

    key: str
    kind: ChangeKind
    ref: str
    started_at: datetime
    ended_at: datetime | None = None
    status: str = ""
    service: str = ""
    env: str = ""
    tier: str = ""
    reverts: str | None = None
    description: str = ""
    actor: str = ""
    facts: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    needs_rule: bool = False

    @property
    def words(self) -> str:
        """What the tool said it was about, as in "repository acme/shop, workflow Deploy"."""
        named = {**self.facts, "named": (self.service,), "environment": (self.env,)}
        said = ((name, ", ".join(filter(None, values))) for name, values in named.items())
        return ", ".join(f"{name} {values}" for name, values in said if values)[:_WORDS_CHARACTERS]


@dataclass(frozen=True, slots=True, kw_only=True)
class MapRule:
    """One rule of `changes.map`: what has to hold, and what the change is then about.

    Args:
        where: a pattern with `*` by name, of `FACTS`, `named` or `environment`: all have to hold.
        services: which services it is about.
        env: our environment; empty: as the tool says.
    """

    where: Mapping[str, str]
    services: tuple[str, ...] = ()
    env: str = ""

    def holds(self, report: ChangeReport) -> bool:
        """Return whether a report is what the rule is about."""
        known = {**report.facts, "named": (report.service,), "environment": (report.env,)}
        return all(
            any(fnmatchcase(value, pattern) for value in known.get(name, ()))
            for name, pattern in self.where.items()
        )
