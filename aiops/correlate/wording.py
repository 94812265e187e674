"""Evidence in words and numbers, each clause with its source."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from aiops.correlate.culprits import TICK, Blame
from aiops.correlate.sickness import Sickness
from aiops.domain.changes import Change
from aiops.domain.incidents import Clause
from aiops.domain.series import Family
from aiops.domain.symptoms import Symptom, SymptomKind
from aiops.domain.time import clock_time, spoken

MAX_NAMES = 3
"""A clause lists this many names; the rest is a number."""


def name_of(symptom: Symptom) -> str:
    """Return how a person calls what was measured."""
    return symptom.series.title or symptom.series.key.metric


def amount(value: float, symptom: Symptom) -> str:
    """Return a value of a symptom's series as people read it.

    Ratios of errors, availability and saturation are said in per cent, everything else in its
    unit, to three significant digits.
    """
    unit = symptom.series.unit
    relative = (Family.ERRORS, Family.AVAILABILITY, Family.SATURATION)
    if unit == "1" and symptom.family in relative and abs(value) <= 1:
        return f"{100 * value:.3g}%"
    return f"{value:.3g}" if unit in ("", "1") else f"{value:.3g} {unit}"


def onset_clause(one: Sickness, sick: Mapping[str, Sickness]) -> Clause:
    """Say when a service fell ill, and whether it was the first of all sick ones."""
    symptom = one.leading
    view = f"of {symptom.service} towards" if not one.symptoms else "on"
    text = f"{name_of(symptom)} {view} {one.service} began {clock_time(one.onset)}"
    onsets = [other.onset for other in sick.values()]
    delay = one.onset - min(onsets)
    if len(onsets) == 1:
        return Clause(text=text, source=symptom.id)
    if delay > TICK:
        text += f", {spoken(delay)} after the first"
    else:
        alone = not delay and onsets.count(one.onset) == 1
        text += f", {'first' if alone else 'among the first'} of {len(onsets)} services"
    return Clause(text=text, source=symptom.id)


def strength_clause(one: Sickness) -> Clause:
    """Say how far the strongest symptom is from what its own history expects."""
    symptom = one.peak
    if symptom.kind is SymptomKind.ALERT:
        said = f"{symptom.detector} reports {symptom.series.key.metric} on {symptom.service}"
        return Clause(text=said, source=symptom.id)
    if symptom.kind is SymptomKind.REPORT:
        said = f"{name_of(symptom)} on {symptom.service} says so"
        return Clause(text=said, source=symptom.id)
    return Clause(
        text=(
            f"{name_of(symptom)} on {symptom.service} was {amount(symptom.observed, symptom)} "
            f"against an expected {amount(symptom.expected, symptom)}, "
            f"{symptom.strength:.0f} times its usual distance"
        ),
        source=symptom.id,
    )


def explains_clause(
    service: str, callers: Sequence[str], others: Sequence[str], sick: int, source: str
) -> Clause:
    """Say which other sick services a suspect explains."""
    count = len(callers) + len(others)
    if callers and not others:
        text = f"callee of {listed(callers)}, which it explains"
    else:
        text = f"{service} explains {listed(sorted({*callers, *others}))}"
    if count > MAX_NAMES or count < sick - 1:
        text += f" ({count} of {sick - 1} other sick services)"
    return Clause(text=text, source=source)


def change_clause(found: Blame, onset: datetime) -> Clause:
    """Say what was changed, where, when and how long before the onset."""
    change = found.change
    text = f"{describe(change)} at {clock_time(change.started_at)}"
    lead = onset - change.started_at
    if lead >= TICK:
        text += f", {spoken(lead)} before onset"
    elif lead <= -TICK:
        text += f", {spoken(-lead)} after the first onset"
    else:
        text += ", in the minute of the onset"
    if change.status == "failed":
        text += "; it failed"
    return Clause(text=text, source=change.id)


def rejected_clause(found: Blame) -> Clause:
    """Say which change was looked at, and why it explains nothing."""
    return Clause(text=f"{describe(found.change)}: {found.rejected}", source=found.change.id)


def describe(change: Change) -> str:
    """Return what was done to whom, with its scope.

    Examples:
        >>> from datetime import UTC
        >>> from aiops.domain.changes import ChangeKind
        >>> describe(
        ...     Change(
        ...         id="c", kind=ChangeKind.FLAG, service="shop", ref="new-menu", region="EU",
        ...         started_at=datetime(2026, 4, 18, tzinfo=UTC), status="on", percentage=10,
        ...     )
        ... )
        'flag new-menu (on) to shop in EU for 10%'
    """
    parts = [str(change.kind), change.ref]
    if change.status in ("on", "off"):
        parts.append(f"({change.status})")
    if change.service:
        parts.append(f"to {change.service}")
    cohorts = [cohort for cohort in (change.region, change.segment) if cohort]
    if cohorts:
        parts.append(f"in {', '.join(cohorts)}")
    if change.percentage is not None:
        parts.append(f"for {change.percentage:g}%")
    return " ".join(part for part in parts if part)


def listed(names: Sequence[str]) -> str:
    """Return names as people list them.

    Examples:
        >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c", "d"])
        ('a', 'a and b', 'a, b, c and 1 more')
    """
    shown = list(names[:MAX_NAMES])
    more = len(names) - len(shown)
    if more:
        return f"{', '.join(shown)} and {more} more"
    return " and ".join((", ".join(shown[:-1]), shown[-1])) if len(shown) > 1 else "".join(shown)
