"""A diagnosis in words and numbers: since when, how far from normal, whom it explains."""

import math

from aiops.correlate.comparison import Comparison
from aiops.correlate.departures import FULL_DISTANCE
from aiops.correlate.diagnosis import Diagnosis, Suspicion
from aiops.correlate.wording import listed
from aiops.domain.families import title_of, unit_of
from aiops.domain.figures import format_value
from aiops.domain.incidents import Clause
from aiops.domain.time import clock_time, utc

MOST_SENTENCES = 5
"""Services worth a sentence; of the rest the ranking is enough."""

LEAST_SHARE = 0.05
"""A smaller share of what alerted, or of the failures, is not worth a clause."""


def evidence(case: Comparison, diagnosis: Diagnosis) -> tuple[str, ...]:
    """Return a sentence for each of the first services that anything speaks for."""
    worth = [one for one in diagnosis.suspicions if one.score > 0][:MOST_SENTENCES]
    return tuple(_sentence(one, case, diagnosis) for one in worth)


def departure_clause(one: Suspicion, case: Comparison, diagnosis: Diagnosis) -> Clause | None:
    """Say how far the loudest series of a service is from normal; None where none says anything."""
    if one.place is None:
        return None
    text = _departure(one.place, case, diagnosis)
    return Clause(text=f"on {one.service}, {text}", source=case.keys[one.place].fingerprint)


def felt_clause(one: Suspicion, case: Comparison, diagnosis: Diagnosis) -> Clause | None:
    """Say how much of what is felt most begins in a service; None where hardly any."""
    if one.of_alert < LEAST_SHARE or diagnosis.traced is None:
        return None
    service, metric = diagnosis.traced
    text = f"{one.of_alert:.0%} of the excess {metric} on {service} begins in {one.service}"
    if (one.service, metric) not in _measures(case):
        text += ", as far as its callers tell"
    return Clause(text=text, source=f"{service} {metric}")


def _measures(case: Comparison) -> set[tuple[str, str]]:
    return {(key.service, key.metric) for key in case.keys}


def _sentence(one: Suspicion, case: Comparison, diagnosis: Diagnosis) -> str:
    clauses = []
    if one.of_alert >= LEAST_SHARE and case.alert is not None:
        clauses.append(f"{one.of_alert:.0%} of what {case.alert[0]} alerts about begins here")
    if one.of_failures >= LEAST_SHARE:
        clauses.append(f"{one.of_failures:.0%} of all failures begin here")
    if one.place is not None:
        clauses.append(_departure(one.place, case, diagnosis))
    if one.explains:
        clauses.append(f"may explain {listed(one.explains)}")
    if one.excused_by:
        clauses.append(f"may come from {one.excused_by}")
    return f"{one.service} (confidence {one.confidence:.0%}): " + "; ".join(clauses)


def _departure(place: int, case: Comparison, diagnosis: Diagnosis) -> str:
    """Say how far a series is from its normal level, and since when."""
    found, family = diagnosis.found, diagnosis.families[place]
    metric = case.keys[place].metric
    unit = unit_of(metric, case.units[place])
    typical, level = (
        format_value(float(value), unit, family)
        for value in (found.typical[place], found.level[place])
    )
    distance = found.distance[place]
    times = f"{distance:.0f}" if distance < FULL_DISTANCE else f"over {FULL_DISTANCE:.0f}"
    text = f"{title_of(metric, family)} {typical} against a normal {level}"
    since = float(found.since[place])
    when = "" if math.isnan(since) else f" since {clock_time(utc(since))}"
    return f"{text}{when}, {times} times its usual deviation"
