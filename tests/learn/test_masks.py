"""What a fit must not learn: the time of series in which an incident was real."""

from dataclasses import replace

import pytest

from aiops.domain.incidents import Incident, IncidentState
from aiops.domain.outcomes import Outcome
from aiops.domain.policies import DetectPolicy
from aiops.domain.symptoms import FactKind, Symptom, SymptomFact, SymptomKind
from aiops.domain.ticks import Span
from aiops.learn.masks import real_incidents, real_spans
from tests.builders import checkout_errors, ended, minute, revenue, symptom
from tests.route.test_decision import incident

ERRORS, REVENUE = checkout_errors(), revenue("EU")
SERIES = (REVENUE, ERRORS)


def called(at: float = 4) -> Incident:
    return replace(incident(), called_at=minute(at))


def said(by: str = "ann", *, real: bool, at: float = 20) -> Outcome:
    return Outcome(incident_id=incident().id, at=minute(at), judged_by=by, real=real)


def known(one: Incident, *outcomes: Outcome, at: float = 60) -> bool:
    return real_incidents([one], outcomes, minute(at)) == {one.id}


def opened(one: Symptom) -> SymptomFact:
    return SymptomFact(kind=FactKind.OPENED, at=one.detected_at, symptom=one)


def over(one: Symptom, at: float, kind: FactKind = FactKind.ENDED) -> SymptomFact:
    return SymptomFact(kind=kind, at=minute(at + 5), symptom=ended(one, at))


def spans(*facts: SymptomFact, at: float = 60) -> tuple[Span, ...]:
    return real_spans(SERIES, facts, DetectPolicy(), minute(at))


def span(slot: int, since: float, until: float) -> Span:
    return Span(slot, int(minute(since).timestamp()), int(minute(until).timestamp()))


def test_an_incident_people_were_called_for_is_real_from_then_on() -> None:
    assert known(called(4), at=4)
    assert not known(called(4), at=3)


def test_one_that_nobody_was_called_for_is_not() -> None:
    assert not known(incident())


def test_a_persons_word_outranks_that() -> None:
    assert known(incident(), said(real=True))
    assert not known(called(), said(real=False))


def test_the_last_word_counts_as_soon_as_it_is_said() -> None:
    words = said(real=False, at=20), said("bob", real=True, at=30)
    assert known(called(), *words, at=19)
    assert not known(called(), *words, at=29)
    assert known(called(), *reversed(words), at=30)


def test_what_is_read_from_the_record_is_nobodys_word() -> None:
    assert not known(incident(), said("", real=True))


def test_a_link_to_another_incident_is_none_of_its_own() -> None:
    link = replace(called(), state=IncidentState.MERGED, merged_into="INC-1")
    assert not known(link)


def test_a_symptom_masks_its_own_series_from_onset_to_end() -> None:
    one, other = symptom(ERRORS, at=3), symptom(REVENUE, at=5)
    facts = opened(one), opened(other), over(one, 20), over(other, 30)
    assert spans(*facts) == (span(0, 5, 30), span(1, 3, 20))


def test_one_that_is_open_masks_up_to_the_last_tick_inclusive() -> None:
    (found,) = spans(opened(symptom(ERRORS, at=3)), at=60)
    assert found == (1, int(minute(3).timestamp()), int(minute(60).timestamp()) + 1)


def test_what_is_known_later_changes_nothing() -> None:
    one = symptom(ERRORS, at=3)
    facts = opened(one), over(one, 20)
    assert spans(*facts, at=24) == spans(opened(one), at=24)
    assert spans(*facts, at=3) == ()


def test_a_level_that_became_normal_is_learnt() -> None:
    one = over(symptom(ERRORS, at=3), 20)
    released = replace(one, symptom=replace(one.symptom, new_normal=10.0))
    assert spans(opened(symptom(ERRORS, at=3)), released) == ()


def test_what_is_beyond_a_limit_for_a_day_is_learnt_too() -> None:
    fact = opened(symptom(ERRORS, at=3))
    assert spans(fact, at=24 * 60)
    assert spans(fact, at=3 + 24 * 60) == ()


def test_what_was_taken_back_is_learnt() -> None:
    one = symptom(ERRORS, at=3)
    withdrawn = replace(over(one, 3, FactKind.WITHDRAWN), at=minute(2))
    assert spans(withdrawn, opened(one)) == ()


@pytest.mark.parametrize(
    "one",
    [
        symptom(ERRORS, young=True),
        symptom(ERRORS, kind=SymptomKind.TELEMETRY_GAP),
        symptom(checkout_errors("US")),
    ],
    ids=["against less than a season", "no anomaly", "of another shard"],
)
def test_other_symptoms_mask_nothing(one: Symptom) -> None:
    assert spans(opened(one)) == ()
