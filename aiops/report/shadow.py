"""What we would have called people for, beside what they were really called for.

Before a team lets us page, it lets us watch: this says which of the pager's calls we found too,
and how much earlier, which we missed, and which of ours nobody made.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from statistics import median

from aiops.domain.incidents import Incident
from aiops.domain.naming import named_in
from aiops.domain.pages import OutsidePage

BEFORE = timedelta(minutes=15)
"""How long before the onset we found another alert may have called for the same problem."""

AFTER = timedelta(minutes=30)
"""How long after the end of a problem a slow alert may still call for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One incident of ours and the pages of others that were about it.

    Args:
        incident: of ours.
        pages: of others, by time; empty: nobody was called.
    """

    incident: Incident
    pages: tuple[OutsidePage, ...] = ()

    @property
    def lead(self) -> timedelta | None:
        """How much earlier we would have called; negative: later. None: one of the two did not."""
        if self.incident.called_at is None or not self.pages:
            return None
        return self.pages[0].opened_at - self.incident.called_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day's calls: those that were made, and those we would have made."""

    day: date
    paged: int
    would_page: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadow:
    """The comparison of a stretch of time.

    Args:
        since: its start, aware UTC.
        until: its end, aware UTC.
        both: problems that we would have called for and others did.
        quieter: problems that others called for and we have as a ticket or a record.
        missed: pages of others about nothing we have.
        extra: problems we would have called for and nobody did.
        days: what each day looked like, in the team's zone.
    """

    since: datetime
    until: datetime
    both: tuple[Problem, ...]
    quieter: tuple[Problem, ...]
    missed: tuple[OutsidePage, ...]
    extra: tuple[Problem, ...]
    days: tuple[Day, ...]

    @property
    def earlier(self) -> int:
        """How many problems we found before others called."""
        return sum(1 for one in self.both if one.lead is not None and one.lead > timedelta(0))

    @property
    def median_lead(self) -> timedelta | None:
        """How much earlier we were in the middle; None where nothing was found by both."""
        leads = [one.lead.total_seconds() for one in self.both if one.lead is not None]
        return timedelta(seconds=median(leads)) if leads else None


def compare(
    incidents: Sequence[Incident],
    pages: Sequence[OutsidePage],
    services: Collection[str],
    *,
    since: datetime,
    until: datetime,
    zone: tzinfo,
) -> Shadow:
    """Compare our incidents with the pages others sent.

    A page and an incident are one problem when the page came while the incident went on (15
    minutes before to 30 after), and names one of its services in its title or service; a page
    that names no service we know is taken by time alone. Each page goes to one incident, the one
    whose start is nearest. Pages of low urgency wake nobody and are left out.

    Args:
        incidents: of ours; those merged into others are left out.
        pages: of others.
        services: every service that is known.
        since: what was opened before is left out, aware UTC.
        until: what was opened from then on is left out, aware UTC.
        zone: whose midnight parts the days.
    """
    loud = [one for one in pages if one.urgency != "low" and since <= one.opened_at < until]
    ours = [one for one in incidents if one.merged_into is None]
    names = frozenset(services)
    found: dict[str, list[OutsidePage]] = {}
    missed = []
    for page in sorted(loud, key=lambda one: (one.opened_at, one.id)):
        match = _match(page, ours, names)
        if match is None:
            missed.append(page)
        else:
            found.setdefault(match.id, []).append(page)
    problems = [
        Problem(incident=one, pages=tuple(found.get(one.id, ())))
        for one in sorted(ours, key=lambda one: (one.started_at, one.id))
        if one.id in found or _calls(one, since, until)
    ]
    return Shadow(
        since=since,
        until=until,
        both=tuple(one for one in problems if one.pages and one.incident.called_at),
        quieter=tuple(one for one in problems if one.pages and not one.incident.called_at),
        missed=tuple(missed),
        extra=tuple(one for one in problems if not one.pages),
        days=tuple(_days(loud, ours, since, until, zone)),
    )


def _match(
    page: OutsidePage, incidents: Sequence[Incident], names: frozenset[str]
) -> Incident | None:
    named = named_in(f"{page.title} {page.service}", names)
    fits = [
        one for one in incidents if _is_then(page, one) and (not named or named & _services(one))
    ]
    return min(fits, key=lambda one: (abs(page.opened_at - one.started_at), one.id), default=None)


def _is_then(page: OutsidePage, incident: Incident) -> bool:
    end = incident.quiet_since or incident.resolved_at or incident.updated_at
    if incident.is_live and incident.quiet_since is None:
        end = max(end, page.opened_at)
    return incident.started_at - BEFORE <= page.opened_at <= end + AFTER


def _services(incident: Incident) -> set[str]:
    causes = {cause.service for cause in incident.causes}
    return causes | set(incident.blast.sick) | set(incident.blast.reached)


def _calls(incident: Incident, since: datetime, until: datetime) -> bool:
    return incident.called_at is not None and since <= incident.called_at < until


def _days(
    pages: Sequence[OutsidePage],
    incidents: Sequence[Incident],
    since: datetime,
    until: datetime,
    zone: tzinfo,
) -> Iterator[Day]:
    paged = [one.opened_at.astimezone(zone).date() for one in pages]
    called = [
        one.called_at.astimezone(zone).date()
        for one in incidents
        if one.called_at is not None and _calls(one, since, until)
    ]
    day, last = since.astimezone(zone).date(), until.astimezone(zone).date()
    while day <= last:
        yield Day(day=day, paged=paged.count(day), would_page=called.count(day))
        day += timedelta(days=1)
