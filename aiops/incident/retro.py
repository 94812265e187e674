"""The retrospective of an incident: its record read out under headings, from facts alone.

Nothing is judged and nothing is made up: each line has its source, and what nobody knows stands
under "Open questions".
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aiops.domain.cost import CostBasis
from aiops.domain.incidents import Clause, Impact, Incident
from aiops.domain.outcomes import Outcome
from aiops.domain.time import clock_time, duration_words
from aiops.domain.timeline import TimelineKind
from aiops.incident.aftermath import Aftermath, aftermath, declared_words
from aiops.incident.clues import count_words, log_words, trace_words
from aiops.incident.detection import DetectionSource, detection_words, first_detection
from aiops.incident.export import export
from aiops.incident.levels import told_budgets
from aiops.incident.repeats import repeat_words
from aiops.incident.wording import (
    affected_words,
    capital,
    cause_words,
    change_words,
    cohort_words,
    impact_words,
    listed,
    rounded,
)

_SURE = 0.5
"""Below this confidence a first cause is a question."""

_DONE = (TimelineKind.PERSON, TimelineKind.ACTION)
_MOST_SERVICES = 8
_MARKS = frozenset("*_[]<>#|")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What a retrospective says under one heading."""

    heading: str
    facts: tuple[Clause, ...]


def retro(incident: Incident, outcomes: Sequence[Outcome] = ()) -> tuple[Section, ...]:
    """Return what the record says of an incident, under the headings of a retrospective.

    Args:
        incident: in any state; of several episodes the last.
        outcomes: what the record, and what people, said of its end; oldest first.
    """
    told = (
        ("What happened", _happened(incident)),
        ("Impact", _impact(incident)),
        ("How long it took", _durations(incident)),
        ("Cause", _cause(incident)),
        ("What was done", _done(incident, outcomes)),
        ("Seen before", _before(incident)),
        ("Open questions", _questions(incident)),
        ("Timeline", _timeline(incident)),
    )
    return tuple(Section(heading=name, facts=tuple(facts)) for name, facts in told)


def as_markdown(incident: Incident, sections: tuple[Section, ...]) -> str:
    """Return a retrospective as Markdown; what is recorded of others is shown as it was written."""
    lines = [f"# {incident.id} ({incident.severity}): {_literal(incident.title)}", ""]
    began = incident.started_at
    lines += [f"{began:%A} {began.day} {began:%B %Y}, {incident.env}, {incident.state}.", ""]
    for section in sections:
        lines += [f"## {section.heading}", ""]
        lines += [f"- {_literal(fact.text)}" for fact in section.facts] or ["- Nothing recorded."]
        lines.append("")
    return "\n".join(lines)


def as_data(incident: Incident, sections: tuple[Section, ...]) -> dict[str, Any]:
    """Return a retrospective as other programs read it; durations are in seconds, null: never."""
    asked = aftermath(incident)
    return {
        "incident": export(incident),
        "seconds": {
            name: None if span is None else span.total_seconds() for name, span in _spans(asked)
        },
        "sections": [
            {
                "heading": section.heading,
                "facts": [{"text": one.text, "source": one.source} for one in section.facts],
            }
            for section in sections
        ],
    }


def _happened(incident: Incident) -> Iterator[Clause]:
    yield from incident.narrative
    yield Clause(
        text=f"Severity {incident.severity}: {incident.severity_reason}.", source="rule:severity"
    )
    decision = f"Decision {incident.decision.value}: {incident.decision_reason.value}."
    yield Clause(text=decision, source="rule:decision")


def _impact(incident: Incident) -> Iterator[Clause]:
    blast = incident.blast
    named = (
        ("Services that were sick", blast.sick),
        ("Services that depend on them", blast.reached),
        ("Regions", blast.regions or ("all, or unknown",)),
        ("Customer segments", blast.segments or ("all, or unknown",)),
        ("Journeys", blast.journeys),
    )
    for title, names in named:
        if names:
            text = f"{title}: {listed(names, limit=_MOST_SERVICES)}."
            yield Clause(text=text, source="blast radius")
    over = not incident.is_live
    for impact in incident.impacts:
        words = _lost_words(impact) if impact.is_data_loss else impact_words(impact, over=over)
        yield Clause(text=f"{capital(words)}.", source=f"kpi:{impact.kpi}")
    for one in incident.affected:
        if one.requests > 0:
            yield Clause(text=f"{affected_words(one)}.", source=f"service:{one.service}")
    for words in told_budgets(incident.levels):
        yield Clause(text=f"{capital(words)}.", source="rule:error budget")
    cost = f"Cost {incident.cost.basis}: {incident.cost.reason}."
    yield Clause(text=cost, source="rule:cost")


def _lost_words(impact: Impact) -> str:
    total, low, high = (f"{rounded(one):,}" for one in (impact.total, impact.low, impact.high))
    cohort = cohort_words(impact.region, impact.segment, impact.labels)
    since = clock_time(impact.since)
    return f"data loss: {impact.kpi}{cohort} {total} since {since} (90% interval {low} to {high})"


def _durations(incident: Incident) -> Iterator[Clause]:
    asked, since = aftermath(incident), clock_time(incident.started_at)
    yield Clause(text=f"Began {since}; all times are from there.", source="onset")
    noticed = f"Noticed after {_long(asked.noticed_after)}: {detection_words(incident)}."
    yield Clause(text=noticed, source="detection")
    words = {
        "detected_after": "An incident here",
        "paged_after": "People paged",
        "acknowledged_after": "Acknowledged",
        "rolled_back_after": "Rolled back",
        "resolved_after": "Quiet, and not back since,",
        "mitigated_after": declared_words(incident),
    }
    for name, span in _spans(asked):
        if name in words and span is not None:
            yield Clause(text=f"{words[name]} after {_long(span)}.", source=name)


def _cause(incident: Incident) -> Iterator[Clause]:
    for place, cause in enumerate(incident.causes):
        first = "Likely cause" if place == 0 else "Or"
        yield Clause(text=f"{first}: {cause_words(cause)}.", source=f"cause:{cause.service}")
        yield from cause.evidence
    for one in incident.ruled_out:
        yield Clause(text=f"Ruled out: {one.text}", source=one.source)
    told = {clause.source for cause in incident.causes for clause in cause.evidence}
    for log in incident.clues.logs:
        if log.template not in told:
            yield Clause(text=f"Log: {log_words(log)}, {count_words(log)}", source=log.template)
    for trace in incident.clues.traces:
        source = f"trace:{trace.trace_id}"
        if source not in told:
            yield Clause(text=f"Trace: {trace_words(trace)}", source=source)


def _done(incident: Incident, outcomes: Sequence[Outcome]) -> Iterator[Clause]:
    back = incident.rolled_back
    if back is not None:
        text = (
            f"{clock_time(back.started_at)}: {change_words(back)}; it takes the blamed change back."
        )
        yield Clause(text=text, source=back.id)
    for entry in incident.timeline:
        if entry.kind in _DONE:
            yield Clause(text=f"{clock_time(entry.at)}: {entry.text}.", source=entry.source)
    fixes = dict.fromkeys(one.fixed_by for one in outcomes if one.fixed_by)
    for fix in fixes:
        yield Clause(text=f"Fixed by {fix}.", source="outcome")
    for one in outcomes:
        if one.judged_by:
            said = "a real incident" if one.real else "noise"
            was = f", and it was {one.cause_service}" if one.cause_service else ""
            yield Clause(text=f"{one.judged_by} said: {said}{was}.", source="outcome")
    if incident.suggestions:
        steps = listed((one.text for one in incident.suggestions), limit=3)
        yield Clause(text=f"Suggested: {steps}.", source="rule:suggestion")
    if incident.runbook_id:
        title = f" ({incident.runbook_title})" if incident.runbook_title else ""
        text = f"Runbook: {incident.runbook_id}{title}."
        yield Clause(text=text, source=incident.runbook_reason or "rule:runbook")


def _before(incident: Incident) -> Iterator[Clause]:
    if incident.earlier:
        times = listed(f"{at:%d %b %H:%M} UTC" for at in incident.earlier)
        text = f"{capital(repeat_words(incident))}; before it began {times}."
        yield Clause(text=text, source=incident.repeat_of or incident.id)
    if incident.repeat_of:
        yield Clause(text=f"Repeats {incident.repeat_of}.", source=incident.repeat_of)
    yield from incident.history


def _questions(incident: Incident) -> Iterator[Clause]:
    """Yield what nobody knows, each as a question somebody can answer."""
    if not incident.causes:
        yield Clause(text="What was the cause? None stood out.", source="cause")
    elif incident.causes[0].confidence < _SURE:
        first = incident.causes[0]
        text = f"Was it {first.service}? We are {first.confidence:.0%} sure."
        yield Clause(text=text, source=f"cause:{first.service}")
    if incident.cost.basis is CostBasis.UNKNOWN:
        text = f"What did it cost? Unknown: {incident.cost.reason}."
        yield Clause(text=text, source="rule:cost")
    if incident.blast.journeys and not any(one.requests > 0 for one in incident.affected):
        text = "How many requests failed? The metrics of no journey's entry tell."
        yield Clause(text=text, source="affected")
    if incident.owner_reason.startswith("default owner") or not incident.owner:
        text = f"Who owns it? {capital(incident.owner_reason or 'nobody is named')}."
        yield Clause(text=text, source="rule:owner")
    if not incident.runbook_id:
        text = "Which runbook would have helped? None matched."
        yield Clause(text=text, source="rule:runbook")
    first_seen = first_detection(incident)
    if first_seen.source is not DetectionSource.SYSTEM:
        text = f"Why did we not notice it ourselves first? It was {first_seen.source.value}."
        yield Clause(text=text, source="detection")
    if incident.paged_at is not None and incident.acknowledged_at is None:
        yield Clause(text="Who took it? Nobody acknowledged the page.", source="page")
    if incident.is_live:
        yield Clause(text="When will it be over? It still goes on.", source="state")


def _timeline(incident: Incident) -> Iterator[Clause]:
    day: datetime | None = None
    for entry in incident.timeline:
        is_other_day = day is not None and entry.at.date() != day.date()
        on = f"{entry.at:%d %b} " if is_other_day or day is None else ""
        day = entry.at
        text = f"{on}{clock_time(entry.at)}, {entry.kind.value}: {entry.text}"
        yield Clause(text=text, source=entry.source)


def _spans(asked: Aftermath) -> tuple[tuple[str, timedelta | None], ...]:
    return (
        ("noticed_after", asked.noticed_after),
        ("detected_after", asked.detected_after),
        ("paged_after", asked.paged_after),
        ("acknowledged_after", asked.acknowledged_after),
        ("rolled_back_after", asked.rolled_back_after),
        ("resolved_after", asked.resolved_after),
        ("mitigated_after", asked.mitigated_after),
    )


def _long(span: timedelta) -> str:
    """Return a length of time; who reported before the onset was found was there before it."""
    if span < timedelta(0):
        return f"{duration_words(-span)} before the onset we found"
    return duration_words(span)


def _literal(text: str) -> str:
    r"""Return text that Markdown shows as it is; what stands in pairs of back quotes is left.

    Examples:
        >>> print(_literal("a `card_id` *declined* <b>"))
        a `card_id` \*declined\* \<b\>
    """
    parts = text.replace("\n", " ").split("`")
    if len(parts) % 2 == 0:
        parts = ["\\`".join(parts)]
    return "`".join(
        part if place % 2 else "".join(f"\\{char}" if char in _MARKS else char for char in part)
        for place, part in enumerate(parts)
    )
