"""What the samples of a problem's services say of its cause: its diagnosis, as it happens."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

import numpy as np

from aiops.correlate.bundles import Nature, nature
from aiops.correlate.comparison import Comparison
from aiops.correlate.culprits import Scope
from aiops.correlate.diagnosis import PASSED_ON, Diagnosis, diagnose
from aiops.correlate.sickness import weighted_strength
from aiops.domain.samples import Excerpt, Samples
from aiops.domain.series import Family
from aiops.domain.symptoms import Symptom
from topology.graph import ServiceGraph

FELT_WEIGHT = 6.0
"""What speaks for a service in which all begins that users or callers feel most, in units of log
distance: as much as a series at four hundred times its usual deviation. What somebody asks about
counts more; what is felt most may have to do with it, and need not."""

MOST_SERVICES = 48
"""So many services around a problem are looked at, the nearest to its suspects first."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """A problem as its samples show it.

    Args:
        case: the samples, before and since.
        diagnosis: what they say.
    """

    case: Comparison
    diagnosis: Diagnosis

    def shows_felt(self, service: str) -> bool:
        """Return whether a service measures itself what is felt most; else its callers tell."""
        metric = self.diagnosis.traced and self.diagnosis.traced[1]
        return any(key.service == service and key.metric == metric for key in self.case.keys)


def measure(
    symptoms: Sequence[Symptom],
    suspects: Iterable[str],
    at: datetime,
    samples: Samples,
    graph: ServiceGraph,
) -> Measured | None:
    """Compare what the services around a problem measured before it and since.

    Args:
        symptoms: members of one problem; at least one.
        suspects: services to begin with, the likeliest first.
        at: now, aware UTC.
        samples: answers what was measured.
        graph: who calls whom.

    Returns:
        None where nothing was measured both before and since.
    """
    names = tuple(islice(_around(suspects, graph), MOST_SERVICES))
    since = min(symptom.onset for symptom in symptoms)
    excerpts = [one for one in samples.around(names, since, at) if len(one.times)]
    if not excerpts:
        return None
    near = graph.part(names)
    case = _joined(excerpts, int(since.timestamp()), _felt(symptoms, near), Scope.of(symptoms))
    if not case.abnormal.any() or case.abnormal.all():
        return None
    return Measured(case=case, diagnosis=diagnose(case, near, alert_weight=FELT_WEIGHT))


def _around(names: Iterable[str], graph: ServiceGraph) -> Iterable[str]:
    """Yield services, then whom they call and who calls them, ring after ring."""
    ring = tuple(dict.fromkeys(names))
    seen = set(ring)
    while ring:
        yield from ring
        near = (one for name in ring for one in (*graph.callees(name), *graph.callers(name)))
        ring = tuple(dict.fromkeys(one for one in near if one not in seen))
        seen.update(ring)


def _felt(symptoms: Iterable[Symptom], graph: ServiceGraph) -> tuple[str, str] | None:
    """Return service and metric of what is felt most; None: nothing.

    That is where nobody sick calls and what most of the sick services serve: the front that users
    meet rather than a side door.
    """
    felt = [
        one
        for one in symptoms
        if nature(one) is Nature.TROUBLE and one.family in PASSED_ON and one.service in graph
    ]
    sick = {one.service for one in felt}
    above = {
        name: sick.intersection(graph.reach(name, len(graph), "callers")) - {name} for name in sick
    }
    served_by = Counter(name for names in above.values() for name in names)
    highest = [one for one in felt if not above[one.service]] or felt
    most = max(
        highest,
        key=lambda one: (served_by[one.service], weighted_strength(one), one.strength, one.id),
        default=None,
    )
    return None if most is None else (most.service, most.series.key.metric)


def _joined(
    excerpts: Sequence[Excerpt],
    since: int,
    alert: tuple[str, str] | None,
    scope: Scope,
) -> Comparison:
    """Return excerpts as one case, by series and time; business numbers are left out.

    So is what goes on in regions and segments that are not hit: it is another problem.
    """
    columns = [
        (one, excerpt, column)
        for excerpt in excerpts
        for column, one in enumerate(excerpt.series)
        if one.family is not Family.KPI and scope.covers(one.key)
    ]
    columns.sort(key=lambda found: found[0].key.fingerprint)
    values = [excerpt.values[:, column].astype(np.float64) for _, excerpt, column in columns]
    there = [np.isfinite(one) for one in values]
    counts = [int(one.sum()) for one in there]
    times = [excerpt.times[one] for (_, excerpt, _), one in zip(columns, there, strict=True)]
    joined = np.concatenate(times) if times else np.zeros(0, dtype=np.int64)
    return Comparison(
        keys=tuple(one.key for one, _, _ in columns),
        units=tuple(one.unit for one, _, _ in columns),
        series=np.repeat(np.arange(len(columns), dtype=np.int32), counts),
        times=joined,
        values=np.concatenate([one[kept] for one, kept in zip(values, there, strict=True)])
        if values
        else np.zeros(0),
        abnormal=joined >= since,
        since=since,
        step_seconds=min(one.step_seconds for one in excerpts),
        alert=alert,
    )
