"""Two incidents that turn out to be one."""

from dataclasses import replace

import pytest

from aiops.domain.incidents import IncidentState
from aiops.domain.words import Verb
from aiops.incident.merge import may_merge, merge, survivor_of
from tests.builders import heard, minute, series, symptom
from tests.incident.scenes import incident

OLD = incident()
YOUNG = incident(
    [symptom(series("payments-db", "cpu_usage"), at=2)], name="INC-1002", at=6, causes=()
)


def test_the_older_survives_unless_another_was_paged() -> None:
    first = replace(YOUNG, started_at=minute(1))
    assert survivor_of([OLD, first]) == first
    paged = replace(OLD, paged_at=minute(6))
    assert survivor_of([first, paged]) == paged
    with pytest.raises(ValueError, match="empty"):
        survivor_of([])


def test_symptoms_move_and_the_other_becomes_a_link() -> None:
    merged, (link,) = merge(OLD, [YOUNG], minute(7))
    assert {one.id for one in merged.symptoms} == {
        one.id for one in (*OLD.symptoms, *YOUNG.symptoms)
    }
    assert merged.started_at == minute(2)
    assert merged.revision == OLD.revision + 1
    assert (link.state, link.merged_into) == (IncidentState.MERGED, OLD.id)
    assert link.timeline[-1].text == "merged into INC-1001"
    assert "INC-1002 merged into this" in [entry.text for entry in merged.timeline]


def test_merging_twice_changes_nothing() -> None:
    merged, links = merge(OLD, [YOUNG], minute(7))
    assert merge(merged, links, minute(8)) == (merged, ())


def test_nothing_is_merged_once_somebody_acknowledged() -> None:
    taken = heard(YOUNG, Verb.ACKNOWLEDGE)
    assert not may_merge(taken)
    assert merge(OLD, [taken], minute(7)) == (OLD, ())
    assert merge(heard(OLD, Verb.ACKNOWLEDGE), [YOUNG], minute(7))[1] == ()
