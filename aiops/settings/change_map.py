"""The rules of `changes.map`: from what tools say to services of ours."""

from collections.abc import Iterable, Mapping

from aiops.domain.change_reports import FACTS, MapRule
from aiops.domain.journeys import Journey
from aiops.settings.source_schema import MapSection


def conditions(rule: MapSection) -> Mapping[str, str]:
    """Return what a rule asks for: a pattern by name."""
    asked = ((name, getattr(rule, name)) for name in (*FACTS, "named", "environment"))
    return {name: pattern for name, pattern in asked if pattern is not None}


def change_map(rules: Iterable[MapSection], journeys: Iterable[Journey]) -> tuple[MapRule, ...]:
    """Return the rules; one for a journey is about each of its services.

    Args:
        rules: as written.
        journeys: those that are declared.
    """
    services = {one.name: one.services for one in journeys}
    return tuple(
        MapRule(
            where=conditions(rule),
            services=tuple(dict.fromkeys((*rule.service, *services.get(rule.journey or "", ())))),
            env=rule.env or "",
        )
        for rule in rules
    )
