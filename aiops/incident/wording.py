"""How an incident names things: the headline symptom, its journey, places, changes, lists."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from aiops.domain.affected import Affected
from aiops.domain.changes import Change, ChangeKind
from aiops.domain.environment import Knowledge
from aiops.domain.families import title_of
from aiops.domain.feeds import PER_MINUTE
from aiops.domain.figures import format_value
from aiops.domain.incidents import Cause, Impact
from aiops.domain.series import Family, Labels
from aiops.domain.symptoms import REPORTED_WORDS, Symptom, SymptomKind
from aiops.domain.time import clock_time

OPERATION_LABELS = ("operation", "endpoint", "route", "path", "http_route", "url", "handler")
"""Labels that say which operation of a service a series is about, best first."""

CHANGE_WORDS = {
    ChangeKind.DEPLOY: "deploy",
    ChangeKind.FLAG: "flag change",
    ChangeKind.CONFIG: "config change",
    ChangeKind.MIGRATION: "migration",
    ChangeKind.SCALING: "scaling",
    ChangeKind.MAINTENANCE: "maintenance",
}

_COUNTED = dict.fromkeys(("1/min", "/min", "rpm"), "1")
"""What a loss of so much a minute is counted in."""


def operation_of(symptom: Symptom) -> str | None:
    """Return the operation a symptom is about, as in `/checkout`, or None."""
    labels = dict(symptom.series.key.labels)
    return next((labels[name] for name in OPERATION_LABELS if labels.get(name)), None)


def metric_title(symptom: Symptom) -> str:
    """Return how people call what was measured, as in "error rate"."""
    series = symptom.series
    return series.kpi or series.title or _title_of(series.key.metric, series.family)


def telemetry_words(symptom: Symptom) -> str:
    """Return what is wrong with what measures a metric, as in "frozen value of CPU usage"."""
    if symptom.kind is SymptomKind.FROZEN_VALUE:
        return f"frozen value of {metric_title(symptom)}"
    if symptom.kind is SymptomKind.UNIT_CHANGE:
        return f"changed unit of {metric_title(symptom)}"
    return "missing telemetry"


def left_words(symptom: Symptom) -> str:
    """Return how much of its telemetry still comes, as in "8% of it"; empty where none does.

    Of what does not count how much it sends (a series, a service) nobody knows a part.
    """
    is_part = symptom.series.unit == PER_MINUTE and 0 < symptom.observed < symptom.expected
    return f"{symptom.observed / symptom.expected:.0%} of it" if is_part else ""


def subject_words(symptom: Symptom) -> str:
    """Return what was measured and where, as in "error rate on /checkout in EU"."""
    if symptom.kind is SymptomKind.REPORT:
        return f"{metric_title(symptom)} on {symptom.service}: {report_words(symptom)}"
    if symptom.kind is SymptomKind.ALERT:
        return f"alert {symptom.series.key.metric} on {symptom.service}"
    where = operation_of(symptom) or symptom.service
    place = "" if symptom.series.kpi else f" on {where}"
    return f"{metric_title(symptom)}{place}{cohort_words(symptom.region, symptom.segment)}"


def report_words(symptom: Symptom) -> str:
    """Return what a person reported, in their words and within quotes."""
    return f"“{symptom.series.key.label(REPORTED_WORDS) or 'something is wrong'}”"


def values_words(symptom: Symptom) -> str:
    """Return how its value moved, as in "0.3% → 7.2%"; empty where it has none."""
    if symptom.kind is SymptomKind.TELEMETRY_GAP:
        return left_words(symptom) or "not reported any more"
    series = symptom.series
    now = format_value(symptom.observed, series.unit, series.family)
    before = format_value(symptom.before, series.unit, series.family)
    match symptom.kind:
        case SymptomKind.ANOMALY:
            return f"{before} → {now}"
        case SymptomKind.RELATION:
            return f"{now} where {before} is {symptom.compared_with}"
        case SymptomKind.FROZEN_VALUE:
            return f"frozen at {now}"
        case SymptomKind.UNIT_CHANGE:
            return f"in another unit: {before} → {now}, {ratio_words(symptom)}"
        case _:
            return ""


def ratio_words(symptom: Symptom) -> str:
    """Return by what factor a value left its level, as in "about 1,000 times its level"."""
    large, small = abs(symptom.observed), abs(symptom.expected)
    if large >= small > 0:
        return f"about {_rounded(large / small):,} times its level"
    return f"about 1/{_rounded(small / large):,} of its level" if large else "nothing of its level"


def _rounded(ratio: float) -> int:
    """Return a ratio to two digits, as in 1,000 for 1,003."""
    return int(float(f"{ratio:.2g}"))


def display(service: str, knowledge: Knowledge) -> str:
    """Return how people call a service."""
    return knowledge.graph.service(service).display or service


def scope_words(regions: Sequence[str], segments: Sequence[str]) -> str:
    """Return the scope as a prefix, empty where it is not confined to a few.

    Examples:
        >>> scope_words(("EU",), ("business",)), scope_words((), ()), scope_words(("EU", "US"), ())
        ('EU business', '', 'EU and US')
    """
    return " ".join(listed(names) for names in (regions, segments) if 0 < len(names) <= 3)


def cohort_words(region: str | None, segment: str | None, labels: Labels = ()) -> str:
    """Return a cohort as it follows a metric's name, with a leading space, or nothing.

    Examples:
        >>> cohort_words("EU", None), cohort_words(None, "business"), cohort_words(None, None)
        (' in EU', ' for business', '')
        >>> cohort_words("EU", "business", (("plan", "pro"),))
        ' in EU for business and plan pro'
    """
    place = f" in {region}" if region else ""
    names = [*([segment] if segment else []), *(f"{name} {value}" for name, value in labels)]
    return place + (f" for {listed(names)}" if names else "")


def moved_words(impact: Impact) -> str:
    """Return a KPI with its cohort and change, as in "revenue per minute in EU down 24%"."""
    share = abs(impact.relative) * 100
    way = "down" if impact.relative < 0 else "up"
    cohort = cohort_words(impact.region, impact.segment, impact.labels)
    return (
        f"{impact.kpi}{cohort} {way} {share:.0f}%"
        if share >= 1
        else (f"{impact.kpi}{cohort} {way} {share:.1f}%")
    )


def impact_words(impact: Impact, *, over: bool = False) -> str:
    """Return what a KPI lost: how much less, per minute and in all, and how sure that is.

    Args:
        impact: what it lost.
        over: whether its incident is over: nothing is lost per minute any more.
    """
    # What is lost of "orders per minute" are orders: "23 lost per minute, 46 since".
    unit = impact.unit if impact.is_money else _COUNTED.get(impact.unit, impact.unit)
    amounts = (impact.per_minute, impact.total, impact.low, impact.high)
    per_minute, total, low, high = (format_value(one, unit, Family.KPI) for one in amounts)
    rate = f"{per_minute} lost per minute, " if impact.per_minute > 0 and not over else ""
    words = (
        f"{moved_words(impact)}: {rate}"
        f"{total} since {clock_time(impact.since)} (90% interval {low} to {high})"
    )
    return f"{words}; assumed: {impact.assumption}" if impact.assumption else words


def cause_words(cause: Cause) -> str:
    """Return a cause with its confidence: the change behind it, or the service alone.

    As in "deploy 2026.04.18-3 to payment-service at 10:01 UTC (82% sure)".
    """
    sure = f"({cause.confidence:.0%} sure)"
    if cause.change is None:
        return f"{cause.service} {sure}"
    words = f"{change_words(cause.change)} at {clock_time(cause.change.started_at)} {sure}"
    return words if cause.change.service == cause.service else f"{cause.service}, after {words}"


def affected_words(affected: Affected) -> str:
    """Return how many requests failed, as in "About 1,200 requests to checkout failed …"."""
    low, high = (f"{rounded(one):,}" for one in (affected.low, affected.high))
    until = "" if affected.per_minute > 0 else f" until {clock_time(affected.until)}"
    return (
        f"About {rounded(affected.requests):,} requests to {affected.service}"
        f" failed beyond the usual since {clock_time(affected.since)}{until}"
        f" ({affected.share:.1%} of them; 90% interval {low} to {high});"
        f" counted from {affected.assumption}"
    )


def change_words(change: Change) -> str:
    """Return a change in a few words, as in "deploy 2026.04.18-3 to payment-service"."""
    if change.kind is ChangeKind.FLAG and change.status == "off":
        return f"flag {change.ref} switched off{f' in {change.service}' if change.service else ''}"
    target = f" to {change.service}" if change.service else ""
    return f"{CHANGE_WORDS[change.kind]} {change.ref}".rstrip() + target


def rounded(count: float) -> int:
    """Return a count to three digits: more would claim a precision it has not.

    Examples:
        >>> rounded(12_345.6), rounded(0.4)
        (12300, 0)
    """
    return int(float(f"{count:.3g}"))


def capital(text: str) -> str:
    """Return a text as it begins a sentence; names further on keep their spelling."""
    return text[:1].upper() + text[1:]


def listed(words: Iterable[str], limit: int = 0) -> str:
    """Return words as a list in a sentence; beyond `limit` (0: none) the rest is counted.

    Examples:
        >>> listed(["a", "b", "c"]), listed("abcdef", limit=2), listed(["a"])
        ('a, b and c', 'a, b and 4 more', 'a')
    """
    items = list(words)
    if limit and len(items) > limit:
        items = [*items[:limit], f"{len(items) - limit} more"]
    return " and ".join(
        part for part in (", ".join(items[:-1]), items[-1] if items else "") if part
    )


@lru_cache(maxsize=4096)
def _title_of(metric: str, family: Family) -> str:
    """Remember titles: in a storm thousands of symptoms share a few metrics."""
    return title_of(metric, family)
