"""What settings say of who is told what, and when → the policy that is obeyed."""

from collections.abc import Iterable, Mapping
from typing import Any, get_args

from aiops.domain.policies import RESPONSE_TARGETS, EscalationLevel, PagingPolicy
from aiops.domain.series import DEFAULT_ENV
from aiops.domain.silences import parse_matcher
from aiops.domain.windows import Window
from aiops.settings.fields import Weekday
from aiops.settings.schema import SettingsFile, WindowSection
from aiops.settings.values import SinkSettings

_WEEKDAYS: tuple[str, ...] = get_args(Weekday)


_TAKES_DIGESTS = ("slack", "webhook")
"""The kinds of sinks that take one message for several incidents."""


def paging_policy(file: SettingsFile) -> PagingPolicy:
    """Return who is told what; unless said otherwise pages go everywhere, tickets to Slack."""
    pages: Mapping[str, bool] = {DEFAULT_ENV: True}
    if file.environments is not None:
        pages = {name: one.pages for name, one in file.environments.items()}
    slack = [name for name, sink in file.sinks.items() if sink.kind == "slack"]
    tickets = slack if file.ticket_to is None else file.ticket_to
    kinds = {name: sink.kind for name, sink in file.sinks.items()}
    return PagingPolicy(
        mode=file.mode,
        team_modes=tuple((name, one.mode) for name, one in file.teams.items() if one.mode),
        paging_environments=frozenset(name for name, paging in pages.items() if paging),
        known_environments=frozenset(pages),
        settle_seconds=file.settle_seconds,
        page_sinks=tuple(file.sinks if file.page_to is None else file.page_to),
        ticket_sinks=tuple(tickets),
        shown_sinks=tuple(name for name, kind in kinds.items() if kind != "pagerduty"),
        default_owner=file.default_owner,
        windows=tuple(_window(one) for one in file.windows),
        alerts_per_day=file.attention.alerts_per_day,
        digest_seconds=60 * file.attention.digest_minutes,
        escalation=_escalation(file),
        digest_sinks=tuple(name for name in tickets if kinds.get(name) in _TAKES_DIGESTS),
    )


def adopting(sinks: Iterable[SinkSettings]) -> Mapping[str, Any]:
    """Return what the paging policy says of pages of others: the first that may write, writes."""
    writing = next((one for one in sinks if one.write_as and one.write_token), None)
    if writing is None:
        return {}
    return {"adopting_sink": writing.name, "page_services": tuple(writing.services.items())}


def _escalation(file: SettingsFile) -> tuple[EscalationLevel, ...]:
    """Return the levels as declared; what is not declared has its response target alone."""
    declared = (
        EscalationLevel(
            severity=severity, after_seconds=60 * one.after_minutes, sinks=tuple(one.to)
        )
        for severity, levels in file.escalation.items()
        for one in levels
    )
    targets = (one for one in RESPONSE_TARGETS if one.severity not in file.escalation)
    return (*declared, *targets)


def _window(section: WindowSection) -> Window:
    return Window(
        name=section.name,
        kind=section.kind,
        matchers=tuple(parse_matcher(one) for one in section.matchers),
        start=section.start,
        end=section.end,
        weekdays=frozenset(_WEEKDAYS.index(one) for one in section.weekdays),
        zone=section.zone,
    )
