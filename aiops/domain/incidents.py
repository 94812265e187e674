"""What people are called for, and everything it says."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from aiops.domain.affected import Affected
from aiops.domain.changes import Change, ChangeKind
from aiops.domain.clues import NO_CLUES, Clues
from aiops.domain.cost import NOT_ASSESSED, Cost
from aiops.domain.families import is_currency
from aiops.domain.reach import NOWHERE, BlastRadius
from aiops.domain.series import Labels
from aiops.domain.slos import UNHURT, ServiceLevels
from aiops.domain.symptoms import Origin, Symptom
from aiops.domain.timeline import TimelineEntry


class Severity(StrEnum):
    """How much it matters, from impact and scope; P1 is worst."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"


class Decision(StrEnum):
    """What people get: a page, a ticket, or a record only."""

    PAGE = "page"
    TICKET = "ticket"
    NONE = "none"


class Reason(StrEnum):
    """Why a decision was taken; stored with the incident and shown."""

    MONEY_LOST = "a money KPI is losing"
    JOURNEY_HIT = "users of a journey meet it"
    SLO_BURNING = "an SLO's budget is burning"
    REPORTED = "a person reported it"
    TELEMETRY_LOST = "a source of telemetry went silent"
    NOT_USER_VISIBLE = "no user-visible symptom"
    MINOR = "too small to act on"
    YOUNG_SERIES = "only series with less than a season of history"
    ENVIRONMENT_DOES_NOT_PAGE = "this environment does not page"
    ENVIRONMENT_UNKNOWN = "this environment is not declared"
    OBSERVE_MODE = "mode is observe: everything but paging"
    BESIDE_MODE = "mode is beside: the pager that is there pages"
    PLANNED_WORK = "inside a maintenance or deploy window"
    ALREADY_COVERED = "an open incident already pages for it"
    ADOPTED = "others were called for it at the pager already"
    SILENCED = "silenced by a person"
    BUDGET_SPENT = "its owner's attention for the day is spent: it is in the next digest"


class IncidentState(StrEnum):
    """Where an incident is: open → acknowledged → mitigated → resolved; merged is a closed link."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    MITIGATED = "mitigated"
    RESOLVED = "resolved"
    MERGED = "merged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One statement and where it comes from (a symptom id, a change id, a rule)."""

    text: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A service, and where there is one the change behind it, that explains the symptoms.

    `confidence` is in [0, 1]; `evidence` holds words and numbers, strongest first.
    """

    service: str
    confidence: float
    change: Change | None = None
    evidence: tuple[Clause, ...] = ()

    def is_taken_back_by(self, change: Change) -> bool:
        """Return whether a change takes back the one that is blamed, or rolls its service back."""
        blamed = self.change.ref if self.change else None
        return (
            (blamed is not None and change.reverts == blamed)
            or (change.is_rollback and change.service == self.service)
            or (change.kind is ChangeKind.FLAG and change.ref == blamed and change.status == "off")
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Correlated symptoms with ranked causes, not yet an incident.

    Args:
        symptoms: members, by onset then id.
        causes: best first; empty when unknown.
        incident_ids: open incidents these symptoms already belong to; more than one asks for a
            merge, oldest or already paged first.
        ruled_out: causes looked at and rejected, with why.
        why: what joined the symptoms, in words.
    """

    symptoms: tuple[Symptom, ...]
    causes: tuple[Cause, ...] = ()
    incident_ids: tuple[str, ...] = ()
    ruled_out: tuple[Clause, ...] = ()
    why: tuple[Clause, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What one KPI of one cohort lost against its own expectation before onset.

    Args:
        kpi: name of the KPI.
        unit: its unit; begins with a currency code for money.
        since: start of the loss, aware UTC.
        per_minute: loss per minute over the last minutes, ≥ 0, in the unit.
        total: loss from `since` until now or recovery, ≥ 0.
        relative: change against expectation since onset, as in -0.24.
        low: lower end of a 90% interval of `total`.
        high: upper end of it.
        region: the cohort's region; None means all.
        segment: the cohort's customer segment; None means all.
        labels: what else parts its cohort, as in (("plan", "pro"),); empty means all.
        assumption: what was assumed where the KPI does not measure money itself.
        is_data_loss: whether what was lost is data, as its KPI declares.
        shared_with: ids of the incidents that hit the same KPI at the same time; the loss is
            shared with them equally, and this is one part of it.
    """

    kpi: str
    unit: str
    since: datetime
    per_minute: float
    total: float
    relative: float
    low: float
    high: float
    region: str | None = None
    segment: str | None = None
    labels: Labels = ()
    assumption: str = ""
    is_data_loss: bool = False
    shared_with: tuple[str, ...] = ()

    @property
    def is_money(self) -> bool:
        """Whether the unit begins with a currency code."""
        return is_currency(self.unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A step somebody can take, with its automation level.

    Args:
        text: "roll back deploy 2026.04.18-3 of payment-service".
        action: name of the action (`roll_back`, `flag_off`, `switch_provider`, `runbook`).
        target: what it acts on.
        level: automation level 0 to 3 it may have here.
        reason: why it is suggested, with its source.
    """

    text: str
    action: str
    target: str
    level: int
    reason: Clause


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What people are called for: one per real problem, with all that is known of it.

    Args:
        id: opaque and immutable, shown as `INC-1001`; never derived from content.
        episode: 1, and one more for every return inside the watch; id + episode is the dedup key.
        revision: 1, and one more for every change that is worth telling.
        state: where it is in its life.
        started_at: onset of its first symptom.
        detected_at: when it was assembled (event time).
        symptoms: members with their latest state, by onset then id.
        causes: best first; empty when unknown.
        cost: how what it costs is known; "unknown" is an answer too.
        affected: requests of users that failed; empty where nobody can tell.
        levels: what it took of error budgets, and how the parts of its journeys do.
        clues: what logs and traces add.
        decision_note: what the reason speaks of: the silence, the window, the other incident.
        on_call: who of the owner's team is on call.
        called_at: when it first became one people are called for, in any episode, or would be but
            for the mode or the environment (event time); None while it is none.
        paged_at: when the page of this episode goes out, settle time included; None while none.
        alerted: when people were first told of each episode they were told of.
        escalated: how many levels of its escalation path were told in this episode.
        told: names of the sinks that were told of this episode; they will hear of its end.
        adopted: addresses of the pages of others that are about this episode, as in
            "pagerduty/Q1ABC"; they are told in notes, and hear of its end too.
        mitigated_by: the person who said it is over; empty where it was only quiet.
        assignee: who a person gave it to; no automation changes it.
        fixed_by: what fixed it, as a person says.
        dismissed_by: the person who said that it is no incident.
        quiet_since: since when no user-visible symptom (or none at all) is open.
        follows: when the episode before this one was over; symptoms that ended before it belong
            to that one. None in the first episode.
        repeat_of: the earlier incident it repeats.
        earlier: when the same began before, in the thirty days before it; oldest first.
        rolled_back: what took back the change that is blamed, or rolled its service back.
        reported_at: when people first said so, where they did; aware UTC.
        reported_by: who did, in words: "support, ticket 4711".
        merged_into: where its symptoms went, when it is a closed link.
        apart_from: what a person split from it, or it from; only a person joins them again.
    """

    id: str
    env: str
    episode: int
    revision: int
    state: IncidentState
    severity: Severity
    severity_reason: str
    decision: Decision
    decision_reason: Reason
    title: str
    started_at: datetime
    detected_at: datetime
    updated_at: datetime
    symptoms: tuple[Symptom, ...]
    causes: tuple[Cause, ...] = ()
    ruled_out: tuple[Clause, ...] = ()
    blast: BlastRadius = NOWHERE
    impacts: tuple[Impact, ...] = ()
    cost: Cost = NOT_ASSESSED
    affected: tuple[Affected, ...] = ()
    levels: ServiceLevels = UNHURT
    clues: Clues = NO_CLUES
    narrative: tuple[Clause, ...] = ()
    timeline: tuple[TimelineEntry, ...] = ()
    owner: str | None = None
    owner_title: str = ""
    owner_reason: str = ""
    on_call: str = ""
    runbook_id: str | None = None
    runbook_title: str = ""
    runbook_reason: str = ""
    suggestions: tuple[Suggestion, ...] = ()
    history: tuple[Clause, ...] = ()
    decision_note: str = ""
    called_at: datetime | None = None
    paged_at: datetime | None = None
    alerted: tuple[datetime, ...] = ()
    escalated: int = 0
    told: tuple[str, ...] = ()
    adopted: tuple[str, ...] = ()
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    assigned_at: datetime | None = None
    assignee: str = ""
    fixed_at: datetime | None = None
    fixed_by: str = ""
    dismissed_at: datetime | None = None
    dismissed_by: str = ""
    quiet_since: datetime | None = None
    mitigated_at: datetime | None = None
    mitigated_by: str = ""
    resolved_at: datetime | None = None
    follows: datetime | None = None
    repeat_of: str | None = None
    earlier: tuple[datetime, ...] = ()
    rolled_back: Change | None = None
    reported_at: datetime | None = None
    reported_by: str = ""
    merged_into: str | None = None
    apart_from: tuple[str, ...] = ()
    origin: Origin = Origin.LIVE

    @property
    def dedup_key(self) -> str:
        """What a sink knows an episode by: a repeat updates, a return opens a new page."""
        return f"{self.id}.{self.episode}"

    @property
    def is_live(self) -> bool:
        """Whether it can still take symptoms: neither mitigated, resolved nor merged."""
        return self.state in (IncidentState.OPEN, IncidentState.ACKNOWLEDGED)

    @property
    def story(self) -> str:
        """The narrative as one paragraph."""
        return " ".join(clause.text for clause in self.narrative)
