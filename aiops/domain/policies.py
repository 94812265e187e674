"""The rules and numbers the product works by; `aiops.yaml` changes them, the core obeys them."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from aiops.domain.windows import Window


class Mode(StrEnum):
    """How far the product goes: watch only, beside an existing pager, or as the pager's source."""

    OBSERVE = "observe"
    BESIDE = "beside"
    IN_PATH = "in_path"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A fixed limit on a metric, in its own unit, for what must never be passed.

    Args:
        metric: the metric it is for.
        service: only this service, or None for all.
        above: values above it are outside.
        below: values below it are outside.
    """

    metric: str
    service: str | None = None
    above: float | None = None
    below: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectPolicy:
    """When values outside a band become a symptom, and when they stop being one.

    Args:
        bar: robust distance at which a tick counts as outside.
        extreme_bar: distance at which one tick of a KPI or error ratio suffices.
        persistence_ticks: ticks outside …
        persistence_window: … among this many last ticks open a symptom.
        recovery_ticks: consecutive ticks inside that end it.
        flap_seconds: a return within this time continues the same symptom.
        level_memory_seconds: how fast the level follows the series while nothing is open.
        gap_ticks: ticks without a value after which a series is a telemetry gap.
        sustained_bar: evidence (in units of the usual distance, summed over ticks beyond
            `sustained_slack`) at which a lasting moderate shift counts as outside.
        sensitive_sustained_bar: the same for KPIs and error ratios.
        sustained_slack: distance a tick may have without adding evidence.
        persistence_seconds: short steps: the persistence window is never shorter than this.
        recovery_seconds: short steps: recovery never takes less than this.
        gap_seconds: short steps: a gap is never shorter than this.
        new_normal_seconds: a shift that stayed this long ends its symptom and is the new level.
        limits: fixed limits somebody set; none by default.
        holidays: local dates that are like Sundays.
        important: series that matter more than others, by patterns of their metric (`refund_*`)
            or of service and metric (`checkout:*`), or with labels, of a customer segment say
            (`checkout:*{*segment=gold*}`): their bars are lower.
        noisy: series that may be louder than others before anybody hears of it.
        important_factor: on the bars of important series.
        noisy_factor: on those of noisy ones.
    """

    bar: float = 5.0
    extreme_bar: float = 12.0
    persistence_ticks: int = 2
    persistence_window: int = 3
    recovery_ticks: int = 5
    flap_seconds: int = 900
    level_memory_seconds: int = 6 * 3600
    gap_ticks: int = 5
    sustained_bar: float = 6.0
    sensitive_sustained_bar: float = 4.0
    sustained_slack: float = 1.5
    persistence_seconds: int = 30
    recovery_seconds: int = 120
    gap_seconds: int = 120
    new_normal_seconds: int = 24 * 3600
    limits: tuple[Limit, ...] = ()
    holidays: frozenset[date] = frozenset()
    important: tuple[str, ...] = ()
    noisy: tuple[str, ...] = ()
    important_factor: float = 0.7
    noisy_factor: float = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrelatePolicy:
    """What relates symptoms, and what makes a cause.

    Args:
        window_seconds: onsets further apart than this are not joined by time alone.
        late_seconds: for how long an incident that still goes on takes related symptoms of
            further services.
        hops: how far trouble travels along the topology.
        change_max_age_seconds: older changes explain nothing.
        change_half_life_seconds: how fast a change's weight decays with its age at onset.
        unknown_below: below this confidence the cause is said to be unknown.
    """

    window_seconds: int = 900
    late_seconds: int = 2 * 3600
    hops: int = 2
    change_max_age_seconds: int = 24 * 3600
    change_half_life_seconds: int = 1800
    unknown_below: float = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityPolicy:
    """When an incident is P1 to P4, from impact and scope.

    Args:
        p1_money_relative: a money KPI down by at least this share is P1.
        p2_money_relative: … P2.
        p1_error_ratio: users' failing share on a journey that is P1 …
        p2_error_ratio: … P2.
        p1_burn_rate: a declared SLO's budget that burns so many times faster than allowed, over an
            hour and over five minutes, is P1: at 50 that of four weeks is gone in half a day …
        p2_burn_rate: … P2: at 14.4 it is gone in two days.
        p2_latency_factor: users' latency at this multiple of the expected is P2.
        keep_ratio: a severity is kept until less than this share of its threshold is met.
        lone_seconds: what shows in one signal of one service only is a blip until then.
        lone_kpi_strength: one series of one KPI, with nothing else, is noise below this strength.
    """

    p1_money_relative: float = 0.15
    p2_money_relative: float = 0.05
    p1_error_ratio: float = 0.05
    p2_error_ratio: float = 0.01
    p1_burn_rate: float = 50.0
    p2_burn_rate: float = 14.4
    p2_latency_factor: float = 2.0
    keep_ratio: float = 0.8
    lone_seconds: int = 120
    lone_kpi_strength: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LifePolicy:
    """How an incident ends.

    Args:
        mitigated_after_seconds: no user-visible symptom for this long → mitigated.
        watch_seconds: regression watch after that → resolved.
        open_strength: a lone symptom that no user meets opens an incident from this strength on.
        cause_odds: the first cause and the title of a paged incident change only when the odds of
            the new cause are higher by at least this factor …
        cause_settle_seconds: … except so soon after its detection that evidence still comes in.
            For so long after any of its symptoms became known its causes are ranked again at
            every tick, by what was measured since.
    """

    mitigated_after_seconds: int = 600
    watch_seconds: int = 3600
    open_strength: float = 12.0
    cause_odds: float = 2.5
    cause_settle_seconds: int = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationLevel:
    """Who is told of a page that nobody acknowledged in time.

    Args:
        severity: of the incidents it is for: `P1` … `P4`.
        after_seconds: so long after the page; the first level's is the response target.
        sinks: told then; none: only that nobody has acknowledged.
    """

    severity: str
    after_seconds: int
    sinks: tuple[str, ...] = ()


RESPONSE_TARGETS = (
    EscalationLevel(severity="P1", after_seconds=300),
    EscalationLevel(severity="P2", after_seconds=900),
)
"""A page is acknowledged within so long, where nobody says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PagingPolicy:
    """Who is told what, where and how soon.

    Args:
        mode: observe, beside or in path.
        team_modes: the same for teams that have one of their own: pairs of owner and mode.
        paging_environments: environments with `pages: true`.
        known_environments: every declared environment.
        settle_seconds: how long a page waits for company; 0 for money KPIs and P1.
        page_sinks: sinks told of pages.
        ticket_sinks: sinks told of tickets.
        shown_sinks: sinks that show an incident, also after its end; to tell any other sink of
            one that is over would call people again.
        default_owner: who gets what nobody owns.
        windows: times of the week in which planned work may show.
        alerts_per_day: so many alerts an owner gets in a day; what is no P1 and would be more is
            told in a digest. 0: no limit.
        digest_seconds: so long the first of a digest waits for company.
        digest_sinks: sinks told of digests; none: nothing is held back for one.
        escalation: the levels of every severity that has a response target.
        adopting_sink: the sink that writes notes to pages of others about the same problem;
            empty: they are left alone, and cover nothing.
        page_services: what the pager's services are in the topology, where names do not say:
            pairs of the pager's id or name of one and ours.
    """

    mode: Mode = Mode.OBSERVE
    team_modes: tuple[tuple[str, Mode], ...] = ()
    paging_environments: frozenset[str] = frozenset({"prod"})
    known_environments: frozenset[str] = frozenset({"prod"})
    settle_seconds: int = 30
    page_sinks: tuple[str, ...] = ("pagerduty", "slack")
    ticket_sinks: tuple[str, ...] = ("slack",)
    shown_sinks: tuple[str, ...] = ("slack",)
    default_owner: str = "platform"
    windows: tuple[Window, ...] = ()
    alerts_per_day: int = 10
    digest_seconds: int = 3600
    digest_sinks: tuple[str, ...] = ("slack",)
    escalation: tuple[EscalationLevel, ...] = RESPONSE_TARGETS
    adopting_sink: str = ""
    page_services: tuple[tuple[str, str], ...] = ()

    def mode_of(self, owner: str | None) -> Mode:
        """Return how far the product goes for an owner's incidents.

        Where the installation observes, everybody is only observed.

        Examples:
            >>> policy = PagingPolicy(mode=Mode.IN_PATH, team_modes=(("search", Mode.BESIDE),))
            >>> policy.mode_of("search").value, policy.mode_of("web").value
            ('beside', 'in_path')
        """
        if self.mode is Mode.OBSERVE or owner is None:
            return self.mode
        return dict(self.team_modes).get(owner, self.mode)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """All policies of one installation."""

    detect: DetectPolicy = field(default_factory=DetectPolicy)
    correlate: CorrelatePolicy = field(default_factory=CorrelatePolicy)
    severity: SeverityPolicy = field(default_factory=SeverityPolicy)
    life: LifePolicy = field(default_factory=LifePolicy)
    paging: PagingPolicy = field(default_factory=PagingPolicy)
