"""From what tools say was done to changes of services: by the rules of `changes.map`. Pure.

A tool knows repositories, workflows, flags and applications; an incident is about services.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from aiops.domain.change_reports import ChangeReport, MapRule
from aiops.domain.changes import Change
from aiops.domain.words import Passed
from aiops.ingest.changes import hashed

Parse = Callable[[bytes, Mapping[str, str], datetime], tuple[ChangeReport, ...] | Passed]
"""Body, headers by name in lower case, when it was received → what it says, or why nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """What reports come to.

    Args:
        changes: by start, then id.
        unmapped: the reports that no rule and no name leads to a service. They are candidates all
            the same, as changes to nothing in particular, but for those that need a rule.
    """

    changes: tuple[Change, ...]
    unmapped: tuple[ChangeReport, ...] = ()


_SYNONYMS: Mapping[str, str] = MappingProxyType(
    {"production": "prod", "live": "prod", "stage": "staging", "development": "dev"}
)


def mapped(
    reports: Iterable[ChangeReport],
    rules: Sequence[MapRule],
    *,
    services: Iterable[str],
    environments: Iterable[str],
    default_env: str,
    source: str,
) -> Mapped:
    """Return the changes that reports tell of, each with its service.

    The first rule that holds wins. Without one the service is what the tool calls it, the
    application's or the last part of the repository's name, where we know a service of that name.
    A rule that names several services gives a change for each.

    Args:
        reports: of one body.
        rules: of `changes.map`, in their order.
        services: the names we know.
        environments: the names we know; `production` is `prod` where that is known, and so on.
            One that nobody knows is that of its tier, where the tool says that and we know it.
        default_env: of a report that names none.
        source: what the changes are said to come from.
    """
    known, places = frozenset(services), frozenset(environments)
    changes: list[Change] = []
    unmapped: list[ChangeReport] = []
    for report in reports:
        rule = rule_for(report, rules)
        names = rule.services if rule and rule.services else _by_name(report, known)
        if not names:
            unmapped.append(report)
        if report.needs_rule and rule is None:
            continue
        env = rule.env if rule and rule.env else _env(report, places) or default_env
        about = "" if names else report.words
        changes += [
            _change(report, name, env, source, about) for name in names or (report.service,)
        ]
    changes.sort(key=lambda one: (one.started_at, one.id))
    return Mapped(changes=tuple(changes), unmapped=tuple(unmapped))


def rule_for(report: ChangeReport, rules: Sequence[MapRule]) -> MapRule | None:
    """Return the first rule that speaks for a report: for most workflows one that names them."""
    return next(
        (
            one
            for one in rules
            if one.holds(report) and (not report.needs_rule or "workflow" in one.where)
        ),
        None,
    )


def _by_name(report: ChangeReport, known: frozenset[str]) -> tuple[str, ...]:
    repositories = report.facts.get("repository", ())
    called = [report.service, *report.facts.get("application", ())]
    called += [one.rpartition("/")[2] for one in repositories]
    return next(((name,) for name in called if name in known), ())


def _env(report: ChangeReport, known: frozenset[str]) -> str:
    """Return the environment of a report as we call it: by its name, else by its tier."""
    for said in (report.env, report.tier):
        lower = said.lower()
        for one in (said, _SYNONYMS.get(lower, lower)):
            if one in known:
                return one
    return report.env


def _change(report: ChangeReport, service: str, env: str, source: str, about: str) -> Change:
    return Change(
        id=hashed("report", source, report.key, service),
        kind=report.kind,
        service=service,
        ref=report.ref,
        started_at=report.started_at,
        ended_at=report.ended_at,
        env=env,
        reverts=report.reverts,
        status=report.status,
        description=report.description,
        actor=report.actor,
        source=source,
        about=about,
    )
