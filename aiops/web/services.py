"""What the web needs from the rest: readers and recorders, given in; it knows no database."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from aiops.domain.changes import Change
from aiops.domain.incidents import Incident
from aiops.domain.journeys import Runbook
from aiops.domain.maintenance import Maintenance
from aiops.domain.marks import Mark
from aiops.domain.silences import Silence
from aiops.domain.words import Asker, Verb
from aiops.impact.flow import Flow
from aiops.ports import Clock
from aiops.settings import (
    AlertSourceSettings,
    CaseSourceSettings,
    ChangeSourceSettings,
    LogSourceSettings,
    MaintenanceSourceSettings,
    PushedSourceSettings,
)
from aiops.slo.standing import JourneyStanding
from aiops.web import outward
from aiops.web.takers import (
    AlertTaker,
    CaseTaker,
    ExportTaker,
    LogTaker,
    MaintenanceTaker,
    ReportTaker,
    SampleTaker,
)


class IncidentReader(Protocol):
    """Reads incidents as they stand; `aiops.store.incidents.IncidentStore` is one."""

    def recent(self, limit: int = 100) -> Sequence[Incident]:
        """Return the incidents that began last, newest first."""
        ...

    def get(self, incident_id: str) -> Incident | None:
        """Return an incident as it stands, or None."""
        ...


class Judge(Protocol):
    """Stores a person's word on an incident."""

    def __call__(self, incident_id: str, *, real: bool, by: str, why: str) -> Sequence[Mark]:
        """Return the marks it sets; InputError where there is no such incident."""
        ...


class Merge(Protocol):
    """Makes incidents one on a person's word."""

    def __call__(
        self, names: Sequence[str], *, by: str, why: str, place: str
    ) -> tuple[Incident, tuple[str, ...]]:
        """Return the incident that is left, and the ids of those that became links to it.

        Raises:
            InputError: one is not there, or over, or they are of several environments.
        """
        ...


class Split(Protocol):
    """Makes part of an incident one of its own on a person's word."""

    def __call__(
        self, name: str, leaving: Sequence[str], *, by: str, why: str, place: str
    ) -> tuple[Incident, Incident]:
        """Return the incident without what left it, and the one that holds it.

        Raises:
            InputError: it is not there or over, or nothing or everything would leave it.
        """
        ...


class Say(Protocol):
    """Takes a person's word on an incident."""

    def __call__(
        self, name: str, verb: Verb, *, by: str, why: str, about: str, place: str
    ) -> Incident:
        """Return the incident as it stands then.

        Raises:
            InputError: there is no such incident, or something is not said.
        """
        ...


class Declare(Protocol):
    """Takes a person's report that something is wrong."""

    def __call__(self, text: str, by: Asker) -> str:
        """Keep it durably, and return what it was taken for.

        Raises:
            InputError: it names no service we know, or not what is wrong; nothing was kept.
            AiopsError: it cannot be kept now.
        """
        ...


class Silencer(Protocol):
    """Stores a person's word that nobody is to be told of something for a while."""

    def __call__(
        self, matchers: Sequence[str], *, ends_at: datetime, by: str, why: str, place: str
    ) -> Silence:
        """Return the silence.

        Raises:
            InputError: a matcher is none, or it ends too early or too late.
        """
        ...


class SilenceEnder(Protocol):
    """Ends a silence before its time."""

    def __call__(self, silence_id: str, *, by: str, why: str) -> Silence:
        """Return it as it stands then.

        Raises:
            InputError: there is no such silence, or it is over.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WebServices:
    """Everything the web calls, and the secrets its callers must know.

    Args:
        incidents: what the pages show.
        runbooks: every runbook there is.
        parse_changes: body and time of arrival → changes; InputError names what is wrong.
        record_changes: stores them durably, all or none, before it returns.
        clock: the product's; the demo's runs fast.
        real_clock: the wall clock, for what others signed.
        base_url: how people reach us, for links; its host is one we answer to.
        ingest_token: what senders must present; None: none, then only loopback names work.
        web_token: what readers must present; None: as above.
        slack_signing_secret: of the Slack app; None: its commands are refused.
        pagerduty_webhook_secrets: of the subscriptions; none: its webhooks are refused.
        keep_word: stores what a person said elsewhere (source, key, body), durably, before it
            returns; None: nobody's word is taken here.
        seen_until: up to when signals have been looked at; None: not known. A quiet list says so,
            for silence must not read as health.
        judge: stores what a person says of an incident; None: nobody can say it here.
        merge: makes incidents one; None: nobody can say it here.
        split: makes one incident two; None: as above.
        say: takes a person's word on an incident; None: as above.
        take_export: stores what an OTLP body comes down to; None: OTLP is not taken here.
        pushed_sources: sources that may send samples, with their tokens.
        take_samples: takes a body of theirs; None: no samples are taken here.
        alert_sources: outside monitors that may send alerts, with their tokens.
        take_alerts: takes a body of theirs; None: no alerts are taken here.
        shed_alerts: how many bodies of each source were sent away, for too many waited.
        announce_alerts: has what was taken worked now; waits for nothing itself.
        change_sources: tools that may report changes, with their tokens and secrets.
        take_report: takes a body of theirs; None: they are not listened to here.
        maintenance_sources: who may announce planned work, with their tokens.
        take_maintenance: takes what they announce; None: nothing is announced here.
        case_sources: who may send event logs of cases, with their tokens.
        take_cases: takes them; None: none are taken here.
        log_sources: who may send logs as JSON lines, with their tokens.
        take_logs: takes them; None: none are taken here.
        planned: the planned work that is under way or will be.
        pulse_at: when the pulse last came through; None: it never did.
        note_refusal: counts who was refused at the door, and why.
        fetch: asks an address elsewhere that is known to be SNS's.
        marks: the marks that hold, by series.
        flows: how every KPI stands now, money first.
        journeys: how every journey stands over its window.
        declare: takes a person's report; None: nobody can make one here.
        silences: those that were set last, in force or over.
        silence: takes a person's silence; None: nobody can say it here.
        expire_silence: ends one; None: as above.
    """

    incidents: IncidentReader
    parse_changes: Callable[[bytes, datetime], Sequence[Change]]
    record_changes: Callable[[Sequence[Change]], None]
    clock: Clock
    real_clock: Clock
    runbooks: tuple[Runbook, ...] = ()
    base_url: str = ""
    ingest_token: str | None = field(default=None, repr=False)
    web_token: str | None = field(default=None, repr=False)
    slack_signing_secret: str | None = field(default=None, repr=False)
    pagerduty_webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    keep_word: Callable[[str, str, bytes], None] | None = None
    seen_until: Callable[[], datetime | None] | None = None
    judge: Judge | None = None
    merge: Merge | None = None
    split: Split | None = None
    say: Say | None = None
    declare: Declare | None = None
    take_export: ExportTaker | None = None
    pushed_sources: tuple[PushedSourceSettings, ...] = ()
    take_samples: SampleTaker | None = None
    alert_sources: tuple[AlertSourceSettings, ...] = ()
    take_alerts: AlertTaker | None = None
    announce_alerts: Callable[[], None] = lambda: None
    shed_alerts: Callable[[], Mapping[str, int]] = dict
    change_sources: tuple[ChangeSourceSettings, ...] = ()
    take_report: ReportTaker | None = None
    maintenance_sources: tuple[MaintenanceSourceSettings, ...] = ()
    take_maintenance: MaintenanceTaker | None = None
    case_sources: tuple[CaseSourceSettings, ...] = ()
    take_cases: CaseTaker | None = None
    log_sources: tuple[LogSourceSettings, ...] = ()
    take_logs: LogTaker | None = None
    planned: Callable[[], Sequence[Maintenance]] = tuple
    pulse_at: Callable[[], datetime | None] = lambda: None
    note_refusal: Callable[[str, str], None] = lambda _where, _why: None
    fetch: Callable[[str], bytes] = outward.fetch
    marks: Callable[[], Sequence[Mark]] = tuple
    flows: Callable[[], Sequence[Flow]] = tuple
    journeys: Callable[[], Sequence[JourneyStanding]] = tuple
    silences: Callable[[], Sequence[Silence]] = tuple
    silence: Silencer | None = None
    expire_silence: SilenceEnder | None = None

    def runbook(self, runbook_id: str | None) -> Runbook | None:
        """Return a runbook by its id in any case, or None."""
        wanted = (runbook_id or "").casefold()
        return next((one for one in self.runbooks if one.id.casefold() == wanted), None)
