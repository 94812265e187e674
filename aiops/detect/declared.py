"""A person's report -> a symptom: it says that something is wrong, and measures nothing. Pure."""

from datetime import UTC, datetime

from aiops.domain.alerts import STRENGTHS, AlertSeverity
from aiops.domain.declared import Report
from aiops.domain.series import Direction, Family, Series, SeriesKey
from aiops.domain.symptoms import (
    REPORTED_BY,
    REPORTED_SEVERITY,
    REPORTED_WORDS,
    FactKind,
    Origin,
    Symptom,
    SymptomFact,
    SymptomKind,
    SymptomState,
    symptom_id,
)

DETECTOR = "person"
"""What stands where other symptoms name their detector."""

METRIC = "report"
"""What stands where other symptoms name their metric; also the unit: there is no number."""

SAME_SECONDS = 300
"""Who says the same of the same service again so soon has said it once."""


def fact_of(report: Report, origin: Origin = Origin.LIVE) -> SymptomFact:
    """Return the fact that a report is: an open symptom of its service.

    It ends when a person says that its incident is over, or with what is measured of it
    (`aiops.incident.life`).

    Args:
        report: with the service as we call it.
        origin: of this installation.

    Examples:
        >>> at = datetime(2026, 4, 18, 10, 7, tzinfo=UTC)
        >>> said = Report(service="checkout", words="nobody can pay", who="ann", at=at)
        >>> fact_of(said).symptom.series.key.label("words")
        'nobody can pay'
    """
    labels = {REPORTED_BY: report.who, REPORTED_WORDS: report.words}
    if report.severity is not None:
        labels[REPORTED_SEVERITY] = report.severity.value
    key = SeriesKey(
        service=report.service,
        metric=METRIC,
        env=report.env,
        region=report.region,
        segment=report.segment,
        labels=tuple(sorted(labels.items())),
    )
    since = int(report.at.timestamp()) // SAME_SECONDS * SAME_SECONDS
    symptom = Symptom(
        id=symptom_id(key.env, DETECTOR, key.fingerprint, datetime.fromtimestamp(since, UTC)),
        kind=SymptomKind.REPORT,
        detector=DETECTOR,
        series=Series(
            key=key,
            family=Family.ERRORS,
            bad_direction=Direction.UP,
            unit=METRIC,
            title=f"report by {report.who}",
        ),
        state=SymptomState.ACTIVE,
        onset=report.at,
        detected_at=report.at,
        last_seen=report.at,
        direction=Direction.UP,
        strength=STRENGTHS[AlertSeverity.ERROR],
        observed=1.0,
        expected=0.0,
        low=0.0,
        high=0.0,
        before=0.0,
        origin=origin,
    )
    return SymptomFact(kind=FactKind.OPENED, at=report.at, symptom=symptom)
