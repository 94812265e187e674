"""What the business runs on: journeys, their KPIs, and the people who own them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from aiops.domain.series import Direction
from aiops.domain.slos import Slo


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a journey: a service and the operation a user waits for."""

    service: str
    operation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """A user path with a KPI, from its entry to its success; it names the services it uses.

    Args:
        name: as people say it: `checkout`.
        entry: the service users meet first; its errors and latency are user-visible.
        steps: in order.
        services: every service it declares, steps included.
        kpis: names of its KPIs.
        owner: the owning team's role.
        healthy: what healthy means, in words.
        unhealthy: what definitely is not.
        value_per_success: money per success, in the installation's currency, if known.
        slos: what is promised of it; empty: what everybody assumes.
    """

    name: str
    entry: str
    steps: tuple[Step, ...] = ()
    services: tuple[str, ...] = ()
    kpis: tuple[str, ...] = ()
    owner: str | None = None
    healthy: str = ""
    unhealthy: str = ""
    value_per_success: float | None = None
    slos: tuple[Slo, ...] = ()

    @property
    def doors(self) -> tuple[str, ...]:
        """The services its users meet, each once: the entry, then those of its steps."""
        return tuple(dict.fromkeys((self.entry, *(step.service for step in self.steps))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpi:
    """A number the business watches.

    Args:
        name: as people say it: `revenue per minute`.
        metric: the metric that carries it.
        service: the service that reports it.
        unit: a currency code for money (`EUR`), anything else otherwise.
        journey: the journey it measures, if one.
        bad_direction: the way that hurts.
        data_loss: whether it counts data that is lost: records dropped, payments not booked.
    """

    name: str
    metric: str
    service: str | None = None
    unit: str = ""
    journey: str | None = None
    bad_direction: Direction = Direction.DOWN
    data_loss: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """An owner role and who answers for it.

    Args:
        name: the role used as owner in the topology: `payments`.
        title: how a message says it: `Payments team`.
        members: the rotation, in order.
        rotation_start: when the first member's turn began, aware UTC.
        rotation_length: one turn.
        slack_channel: where its incidents are told, if not the default one.
        pagerduty_key: name of the routing key setting to use, if not the default one.
        zone: IANA name of the zone its days are of.
        schedule: id of its schedule at PagerDuty, which says who is on call instead of `members`.
    """

    name: str
    title: str
    members: tuple[str, ...] = ()
    rotation_start: datetime | None = None
    rotation_length: timedelta = timedelta(days=7)
    slack_channel: str | None = None
    pagerduty_key: str | None = None
    zone: str = "UTC"
    schedule: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunbookStep:
    """One step of a runbook.

    Args:
        text: what to do, in one or two sentences.
        query: a metric query to look at, if the step has one.
        condition: when the step applies ("if error ratio > 5%").
        action: the name of the action it suggests, if one.
        level: the highest automation level (0 to 3) the step allows.
    """

    text: str
    query: str = ""
    condition: str = ""
    action: str = ""
    level: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Runbook:
    """What to do about one kind of problem: precise steps, by id as in `RB-17`.

    Args:
        id: `RB-17`.
        title: `Payment gateway errors`.
        owner: the role that keeps it.
        services: the services it is for; empty for any.
        families: the metric families it is for (`errors`, `latency` …); empty for any.
        keywords: further words to match and search by.
        reviewed_at: when somebody last checked it.
        steps: in order.
        text: the whole document, in Markdown.
    """

    id: str
    title: str
    owner: str | None = None
    services: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    reviewed_at: datetime | None = None
    steps: tuple[RunbookStep, ...] = ()
    text: str = ""
