"""What is promised of a journey, and what an incident took of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Sli(StrEnum):
    """What an indicator measures: the proportion of valid events that were good."""

    AVAILABILITY = "availability"
    LATENCY = "latency"


class Budgeting(StrEnum):
    """What an error budget is counted in: requests, or stretches of time of equal length."""

    OCCURRENCES = "occurrences"
    TIMESLICES = "timeslices"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slo:
    """A service level objective of a journey: an indicator and its target over a window.

    Args:
        sli: what is measured.
        objective: the share of events that must be good, in (0, 1), as in 0.999.
        window_days: over so many days.
        budgeting: whether requests are counted, or ticks that were good enough.
        slice_objective: the share of its requests that makes a tick good; that of `objective`
            where it is None.
        service: where it is measured; empty: at the entry and every step of the journey.
        operation: only this operation of it; empty: that of the step, or all.
        errors: metric with the share of requests that fail; empty: as its name tells.
        good: metric that counts the good requests, beside `total`; empty: none.
        bad: metric that counts the bad ones, beside `total`; empty: none.
        total: metric that counts all requests; empty: as its name tells.
        latency: metric of how long requests take; empty: as its name tells.
        threshold_seconds: a latency up to this is good; None: not declared.
        assumed: whether nobody declared it.
    """

    sli: Sli = Sli.AVAILABILITY
    objective: float = 0.999
    window_days: int = 28
    budgeting: Budgeting = Budgeting.OCCURRENCES
    slice_objective: float | None = None
    service: str = ""
    operation: str = ""
    errors: str = ""
    good: str = ""
    bad: str = ""
    total: str = ""
    latency: str = ""
    threshold_seconds: float | None = None
    assumed: bool = False

    @property
    def budget(self) -> float:
        """The error budget: the share of events that may be bad."""
        return 1.0 - self.objective


@dataclass(frozen=True, slots=True, kw_only=True)
class SliHour:
    """The events of one indicator in one hour.

    Args:
        indicator: its name, as `aiops.slo.hours` gives it.
        at: the beginning of the hour, aware UTC.
        total: how many events there were.
        bad: of them the bad ones.
        seconds: how much of the hour was measured, up to 3600.
    """

    indicator: str
    at: datetime
    total: float
    bad: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Events of an indicator while an incident lasted.

    Args:
        since: from when they were counted, aware UTC.
        until: the last tick that was counted.
        events: how many there were, ≥ 0: requests, or ticks.
        bad: how many of them were bad beyond the usual, ≥ 0.
        usual: the share of events that was bad before `since`, in [0, 1].
    """

    since: datetime
    until: datetime
    events: float
    bad: float
    usual: float

    @property
    def good_share(self) -> float:
        """The share of events that was good."""
        return max(self.expected - self.bad / self.events, 0.0) if self.events > 0 else 0.0

    @property
    def expected(self) -> float:
        """The share of events that was good before."""
        return 1.0 - self.usual


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetUse:
    """What one incident took of the error budget of one SLO.

    Args:
        journey: whose SLO it is.
        slo: the SLO.
        tally: the events since the incident hit it.
        window_total: the events of a whole window, as history tells.
        known_days: so much history tells of them; less than the window for what is young.
        burn_rate: how many times faster than allowed the budget is spent at the end of `tally`,
            over the last hour or the last five minutes, whichever is less, the usual included;
            0 once nothing of the incident goes on there.
        basis: the metrics it was read from, in words.
    """

    journey: str
    slo: Slo
    tally: Tally
    window_total: float
    known_days: float
    burn_rate: float
    basis: str

    @property
    def share(self) -> float:
        """Of the whole window's budget the share this incident took, ≥ 0; 1 is all of it."""
        allowed = self.slo.budget * self.window_total
        return self.tally.bad / allowed if allowed > 0 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """How one part of a journey does: a step, or a service or provider behind it.

    Args:
        journey: whose part it is.
        service: which one.
        operation: of a step; empty where it is the whole service.
        is_step: whether users wait for it themselves.
        tally: its requests since the incident hit the journey, where they are known; else ticks.
    """

    journey: str
    service: str
    operation: str
    is_step: bool
    tally: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLevels:
    """What an incident does to the service levels of journeys.

    Args:
        budgets: what it took of each error budget, most first.
        measures: how the parts of the journeys do that it hits.
    """

    budgets: tuple[BudgetUse, ...] = ()
    measures: tuple[Measure, ...] = ()


UNHURT = ServiceLevels()
"""Of what takes nothing of any budget, or where nobody can tell."""
