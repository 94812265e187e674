"""Incidents no installation would wish for: huge, hostile, empty."""

from datetime import timedelta

from hypothesis import strategies as st

from aiops.domain.incidents import (
    Cause,
    Clause,
    Impact,
    Incident,
    IncidentState,
    Severity,
    Suggestion,
)
from aiops.domain.reach import BlastRadius
from aiops.domain.slos import BudgetUse, Measure, ServiceLevels, Slo, Tally
from tests import builders
from tests.builders import minute
from tests.notify import stories

HOSTILE = (
    "<!channel> <@U1> @here &amp; </script><script>alert(1)</script>",
    "`*_~| \u202egnp.exe \x00\x1b[31m\n\r\t",
    "😀" * 900,
    "<&>" * 3000,
    "\ud800 lone surrogate",
    '"/><img src=x onerror=alert(1)>',
)
texts = st.one_of(st.sampled_from(("", *HOSTILE)), st.text(max_size=60))
_numbers = st.floats(allow_nan=True, allow_infinity=True)
_clauses = st.lists(st.builds(Clause, text=texts, source=texts), max_size=12).map(tuple)
_names = st.lists(texts, max_size=30).map(tuple)
_changes = st.builds(builders.change, texts, ref=texts, region=st.none() | texts)
_causes = st.builds(
    Cause,
    service=texts,
    confidence=st.floats(0, 1),
    change=st.none() | _changes,
    evidence=_clauses,
)
_impacts = st.builds(
    Impact,
    kpi=texts,
    unit=st.sampled_from(("EUR", "EUR/min", "1", "", "<b>")),
    since=st.just(minute(3)),
    per_minute=_numbers,
    total=_numbers,
    relative=_numbers,
    low=_numbers,
    high=_numbers,
    region=st.none() | texts,
    segment=st.none() | texts,
    assumption=texts,
)
_suggestions = st.builds(
    Suggestion,
    text=texts,
    action=texts,
    target=texts,
    level=st.integers(0, 3),
    reason=st.builds(Clause, text=texts, source=texts),
)
_tallies = st.builds(
    Tally,
    since=st.just(minute(3)),
    until=st.just(minute(9)),
    events=st.floats(0, 1e12),
    bad=st.floats(0, 1e12),
    usual=st.floats(0, 1),
)
_budgets = st.builds(
    BudgetUse,
    journey=texts,
    slo=st.builds(Slo, objective=st.floats(0.5, 0.99999), assumed=st.booleans()),
    tally=_tallies,
    window_total=st.floats(0, 1e12),
    known_days=st.floats(0, 400),
    burn_rate=st.floats(0, 1e5),
    basis=texts,
)
_measures = st.builds(
    Measure, journey=texts, service=texts, operation=texts, is_step=st.booleans(), tally=_tallies
)
_levels = st.builds(
    ServiceLevels,
    budgets=st.lists(_budgets, max_size=8).map(tuple),
    measures=st.lists(_measures, max_size=12).map(tuple),
)


def incidents() -> st.SearchStrategy[Incident]:
    """Make incidents whose every text may be hostile, and whose every list long or empty."""
    changes = st.fixed_dictionaries(
        {
            "title": texts,
            "env": texts,
            "state": st.sampled_from(IncidentState),
            "severity": st.sampled_from(Severity),
            "severity_reason": texts,
            "symptoms": st.sampled_from(((), builders.story())),
            "narrative": _clauses,
            "causes": st.lists(_causes, max_size=8).map(tuple),
            "impacts": st.lists(_impacts, max_size=8).map(tuple),
            "levels": _levels,
            "suggestions": st.lists(_suggestions, max_size=12).map(tuple),
            "blast": st.builds(BlastRadius, sick=_names, regions=_names, journeys=_names),
            "owner_title": texts,
            "owner_reason": texts,
            "runbook_id": st.none() | texts,
            "runbook_title": texts,
            "runbook_reason": texts,
            "acknowledged_by": texts,
            "quiet_since": st.none() | st.just(minute(3) + timedelta(days=400)),
        }
    )
    return changes.map(lambda values: stories.incident(**values))
