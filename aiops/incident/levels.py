"""What an incident does to service levels: in words, and as a severity."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from aiops.domain.figures import format_share
from aiops.domain.incidents import Clause, Incident, Severity
from aiops.domain.policies import SeverityPolicy
from aiops.domain.slos import Budgeting, BudgetUse, Measure, ServiceLevels, Sli, Tally
from aiops.domain.time import clock_time

_LEAST_SHARE = 0.001
"""Less of a budget than this is told as such, and is no sentence of a story."""

_FASTER = 1.05
"""A budget that is spent faster than this is told to burn."""


def by_budget(levels: ServiceLevels, policy: SeverityPolicy) -> Iterator[tuple[Severity, str]]:
    """Yield a severity for every declared SLO whose budget burns fast; an assumption calls nobody.

    Args:
        levels: what an incident takes of error budgets.
        policy: from which burn rate it is P1 or P2.
    """
    rows = ((Severity.P1, policy.p1_burn_rate), (Severity.P2, policy.p2_burn_rate))
    for use in levels.budgets:
        for severity, bar in () if use.slo.assumed else rows:
            if use.burn_rate >= bar:
                rate = f"consuming error budget of {slo_name(use)} at {use.burn_rate:.3g}x rate"
                yield severity, f"{rate} ({severity} from {bar:g}x)"
                break


def priority(incident: Incident) -> tuple[Severity, float, datetime]:
    """Return by what incidents are told in order: severity, budget taken, then who waits longest.

    The budget is the greatest share of one error budget that it took.
    """
    share = max((one.share for one in incident.levels.budgets), default=0.0)
    return incident.severity, -share, incident.started_at


def level_clauses(levels: ServiceLevels) -> Iterator[Clause]:
    """Yield the one sentence a story has for budgets: of the one it took most of, if worth one."""
    for use in [one for one in levels.budgets if one.share >= _LEAST_SHARE][:1]:
        yield Clause(
            text=f"It has taken {_taken(use)} of {use.journey}'s {use.slo.sli.value} error budget"
            f" ({use.slo.window_days} days){_burning(use)}.",
            source=f"slo:{use.journey}/{use.slo.sli.value}",
        )


def told_budgets(levels: ServiceLevels) -> tuple[str, ...]:
    """Return what is told of budgets, a line each, most first; empty where nothing was taken."""
    return tuple(
        f"{success_words(use)}; {budget_words(use)}" for use in levels.budgets if use.tally.bad > 0
    )


def told_measures(measures: Iterable[Measure]) -> tuple[str, ...]:
    """Return how the parts of journeys do, a line each."""
    return tuple(measure_words(one) for one in measures)


def slo_name(use: BudgetUse) -> str:
    """Return how people call an SLO, as in "checkout availability (99.9% over 28 days)"."""
    assumed = ", assumed" if use.slo.assumed else ""
    target = f"{format_share(use.slo.objective)} over {use.slo.window_days} days{assumed}"
    return f"{use.journey} {use.slo.sli.value} ({target})"


def success_words(use: BudgetUse) -> str:
    """Return the indicator, as in "checkout success rate 97.1% against 99.7% expected"."""
    if use.slo.sli is Sli.AVAILABILITY:
        return f"{use.journey} success rate {_against(use.tally)}"
    of = "of the time" if use.slo.budgeting is Budgeting.TIMESLICES else "of requests"
    return f"{use.journey} fast enough {_against(use.tally, f' {of}')}"


def budget_words(use: BudgetUse) -> str:
    """Return what was taken of a budget, and how fast it burns."""
    young = use.known_days < use.slo.window_days - 1
    known = f" (known for {use.known_days:.2g} days only)" if young else ""
    until = f" by {clock_time(use.tally.until)}"
    budget = f"the error budget of {slo_name(use)}"
    return f"it took {_taken(use)} of {budget}{until}{_burning(use)}{known}"


def measure_words(measure: Measure) -> str:
    """Return how a part does, as in "/checkout success rate 92.9% against 99.7% expected"."""
    if measure.is_step:
        return f"{measure.operation or measure.service} success rate {_against(measure.tally)}"
    failing, usual = 1 - measure.tally.good_share, measure.tally.usual
    return (
        f"{measure.service} errors {format_share(failing)} against {format_share(usual)} expected"
    )


def _against(tally: Tally, of: str = "") -> str:
    return f"{format_share(tally.good_share)}{of} against {format_share(tally.expected)} expected"


def _taken(use: BudgetUse) -> str:
    if use.share < _LEAST_SHARE:
        return "less than 0.1%"
    return f"{100 * use.share:.2g}%" if use.share < 1 else f"{use.share:.1f} times all"


def _burning(use: BudgetUse) -> str:
    return f", consuming it at {use.burn_rate:.2g}x rate" if use.burn_rate > _FASTER else ""
