"""Judges incidents against the planted truth: what was found, missed, doubled and made up.

An incident may be about a fault when it began while the fault lasted (with some grace), in a
region the fault hit, at a service it hit or next to its root; it counts for the one it fits best.
Severity, wording and money are not judged.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np

from aiops.demo.delays import Delay, by_stage, stages
from aiops.demo.faults import Fault, FaultKind
from aiops.demo.finding import Finding
from aiops.domain.incidents import Decision, Incident

EARLY: Final = timedelta(minutes=15)
"""An onset may lie this far before the first sign: a blip next to it may have joined it."""

TOLD_EARLY: Final = timedelta(minutes=1)
"""Nobody can be told of a fault before it is there; clocks of ticks are this coarse."""

LATE: Final = timedelta(minutes=15)
"""Aftermath: what begins this long after the end still belongs to the fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The figures of `aiops bench quiet`.

    Args:
        pages: incidents that paged.
        tickets: incidents that became tickets.
        incidents: both.
        faults: planted faults.
        found: faults with a page, or for one no user meets, with a page or ticket.
        missed: the others.
        incidents_per_fault: pages and tickets about a fault, per fault that has any.
        page_precision: share of pages that are about a fault; 1 without any page.
        pages_in_quiet_week: pages in the fault-free span.
        fault_to_page_seconds: from the moment users meet it; a page before that counts 0.
        fault_to_page_stages: the same by stage, of pages whose incidents say how they came about.
        cause_top1: share of found faults whose first cause is right.
        culprit_change_top1: the same for the change, of found faults that have one.
        missed_faults: ids of the missed faults.
        false_pages: ids of the pages about nothing.
    """

    pages: int
    tickets: int
    incidents: int
    faults: int
    found: int
    missed: int
    incidents_per_fault: float
    page_precision: float
    pages_in_quiet_week: int
    fault_to_page_seconds: Delay
    fault_to_page_stages: dict[str, Delay]
    cause_top1: float
    culprit_change_top1: float
    missed_faults: tuple[str, ...] = ()
    false_pages: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data for `--json`."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A fault with what is about it, in order of onset."""

    fault: Fault
    about: tuple[Finding, ...]

    @property
    def telling(self) -> Finding | None:
        """Return the incident by which it was found: its first page, else its first ticket."""
        pages = [one for one in self.about if one.is_page]
        told = pages or ([] if self.fault.user_visible else [x for x in self.about if x.is_told])
        return min(told, key=lambda one: one.told_at, default=None)


def judge(
    expected: Sequence[Fault],
    incidents: Iterable[Incident | Mapping[str, Any]],
    *,
    quiet_from: datetime | None = None,
    quiet_until: datetime | None = None,
    answer: timedelta = timedelta(0),
) -> Verdict:
    """Return how well incidents tell what really happened.

    Args:
        expected: the planted faults.
        incidents: the last revision of each, as objects or as entries of `incidents.json`.
        quiet_from: beginning of the fault-free span, if there is one.
        quiet_until: its end; None for no end.
        answer: how long after a tick its source is asked for it; incidents know ticks only.
    """
    findings = [Finding.of(incident).told_after(answer) for incident in incidents]
    matches = match(expected, findings)
    telling = [(one.fault, one.telling) for one in matches]
    found = [(fault, one) for fault, one in telling if one is not None]
    pages = [one for one in findings if one.is_page]
    told_of = {finding for one in matches for finding in one.about}
    false = [one for one in pages if one not in told_of]
    counts = [sum(finding.is_told for finding in one.about) for one in matches]
    causes = [is_right_cause(one, fault) for fault, one in found]
    changes = [one.cause_ref == fault.change_ref for fault, one in found if fault.change_ref]
    tickets = sum(one.decision is Decision.TICKET for one in findings)
    return Verdict(
        pages=len(pages),
        tickets=tickets,
        incidents=len(pages) + tickets,
        faults=len(expected),
        found=len(found),
        missed=len(expected) - len(found),
        incidents_per_fault=_mean([count for count in counts if count], 0.0),
        page_precision=_mean([one not in false for one in pages], 1.0),
        pages_in_quiet_week=sum(_is_within(one, quiet_from, quiet_until) for one in pages),
        fault_to_page_seconds=_whole(found),
        fault_to_page_stages=_by_stage(found, answer),
        cause_top1=_mean(causes, 0.0),
        culprit_change_top1=_mean(changes, 0.0),
        missed_faults=tuple(fault.id for fault, one in telling if one is None),
        false_pages=tuple(one.id for one in false),
    )


def judge_story(
    expected: Sequence[Fault], incidents: Iterable[Incident | Mapping[str, Any]]
) -> tuple[str, ...]:
    """Return what is wrong with the incidents of a demo story, in words; empty when nothing is.

    Every fault users meet needs exactly one page that names the culprit and is over by the end.
    """
    findings = [Finding.of(incident) for incident in incidents]
    problems: list[str] = []
    for fault in expected:
        about = [one for one in findings if one.is_page and is_about(one, fault)]
        if fault.user_visible and len(about) != 1:
            problems.append(f"{fault.id} at {fault.service}: {len(about)} pages, expected one")
        problems += [problem for one in about for problem in _wrong_with(one, fault)]
    problems += [
        f"{one.id} pages for nothing that happened"
        for one in findings
        if one.is_page and not any(is_about(one, fault) for fault in expected)
    ]
    return tuple(problems)


def is_about(finding: Finding, fault: Fault) -> bool:
    """Whether an incident is about a fault: when, where and at which services."""
    if not fault.started_at - EARLY <= finding.started_at <= fault.ended_at + LATE:
        return False
    if finding.told_at < fault.started_at - TOLD_EARLY:
        return False
    if finding.regions and fault.regions and not finding.regions.intersection(fault.regions):
        return False
    near = {fault.service, *fault.services, *fault.neighbours}
    return bool(near & finding.services) or finding.cause_service in near


def is_right_cause(finding: Finding, fault: Fault) -> bool:
    """Whether the first cause is the fault's own.

    Where business falls and technology is well, no cause is right too, and any change is wrong.
    """
    right = finding.cause_service in (fault.service, *fault.also)
    if fault.kind is FaultKind.KPI_DROP:
        return finding.cause_ref is None and (finding.cause_service is None or right)
    return right


def match(expected: Sequence[Fault], findings: Iterable[Finding]) -> list[Match]:
    """Give every incident to the one fault it fits best: who swallows two has found one."""
    about: dict[str, list[Finding]] = {fault.id: [] for fault in expected}
    for finding in sorted(findings, key=lambda one: (one.started_at, one.id)):
        fitting = [fault for fault in expected if is_about(finding, fault)]
        if fitting:
            about[max(fitting, key=lambda fault: _fit(finding, fault)).id].append(finding)
    return [Match(fault=fault, about=tuple(about[fault.id])) for fault in expected]


def _fit(finding: Finding, fault: Fault) -> tuple[bool, bool, int, float]:
    """Return how well an incident fits a fault it may be about; the greater the better."""
    names_change = fault.change_ref is not None and finding.cause_ref == fault.change_ref
    common = len(finding.services.intersection((fault.service, *fault.services)))
    apart = abs((finding.started_at - fault.started_at).total_seconds())
    return names_change, is_right_cause(finding, fault), common, -apart


def _wrong_with(finding: Finding, fault: Fault) -> list[str]:
    problems: list[str] = []
    if not is_right_cause(finding, fault):
        blamed = finding.cause_service or "nobody"
        problems.append(f"{finding.id} blames {blamed}, not {fault.service}")
    if fault.change_ref is not None and finding.cause_ref != fault.change_ref:
        problems.append(f"{finding.id} does not name {fault.change_ref}")
    if finding.ended_at is None:
        problems.append(f"{finding.id} never ended")
    return problems


def _whole(found: Iterable[tuple[Fault, Finding]]) -> Delay:
    return Delay.of(
        [
            max(0.0, (one.told_at - fault.hurts_at).total_seconds())
            for fault, one in found
            if fault.hurts_at is not None
        ]
    )


def _by_stage(found: Iterable[tuple[Fault, Finding]], answer: timedelta) -> dict[str, Delay]:
    return by_stage(
        stages(fault.hurts_at, one.told_at, one.reached, answer)
        for fault, one in found
        if fault.hurts_at is not None and one.reached is not None
    )


def _is_within(finding: Finding, start: datetime | None, end: datetime | None) -> bool:
    if start is None or finding.told_at < start:
        return False
    return end is None or finding.told_at <= end


def _mean(values: Sequence[float], otherwise: float) -> float:
    return round(float(np.mean(values)), 4) if values else otherwise
