"""Ended incidents are indexed in the slow worker and searched in the fast one."""

import pytest
from sqlalchemy import update

from aiops.correlate.history import precedents
from aiops.domain.environment import Knowledge
from aiops.domain.outcomes import Outcome, PastIncident
from aiops.domain.symptoms import Origin
from aiops.store.engine import writing
from aiops.store.history_tables import ARCHIVES
from tests.builders import minute
from tests.correlate.worlds import errors
from tests.workers.installation import Installation
from workers.knowledge import Remembering
from workers.stages.file_away import ENOUGH, OVERLAP

SEEN = ("checkout|errors|up", "payments-db|errors|up")
NOW = (errors("payments-db", 900), errors("checkout", 900))


def end(parts: Installation, number: int, cause: str = "payments-db") -> None:
    past = PastIncident(
        incident_id=f"INC-{number}",
        ended_at=minute(number / 10),
        signature=SEEN,
        cause_service=cause,
    )
    parts.memory.remember(past, origin=Origin.LIVE)
    outcome = Outcome(incident_id=past.incident_id, at=minute(number / 10))
    parts.memory.judge(outcome, origin=Origin.LIVE)


@pytest.fixture
def many(parts: Installation) -> Installation:
    for number in range(100):
        end(parts, number)
    return parts


class Fast:
    """What the fast worker knows."""

    def __init__(self, parts: Installation) -> None:
        self.faults: list[str] = []
        self._remembering = Remembering(
            parts.knowledge(), parts.memory, parts.archives, self.faults.append
        )

    def knowledge(self) -> Knowledge:
        return self._remembering.now()

    def says(self) -> dict[str, str]:
        return {name: one.clause.text for name, one in precedents(NOW, self.knowledge()).items()}


@pytest.fixture
def fast(many: Installation) -> Fast:
    return Fast(many)


def test_what_has_ended_is_indexed_and_only_the_last_are_compared_one_by_one(
    many: Installation, fast: Fast
) -> None:
    before = fast.says()
    many.file_away.due()
    assert many.drain().count("learn.index") == 1
    known = fast.knowledge()
    assert known.archive is not None
    assert len(known.archive.past) == 100
    assert len(known.memory) == OVERLAP
    assert (
        fast.says()
        == before
        == {"payments-db": "the last 5 times this pattern was seen it was payments-db"}
    )


def test_it_is_indexed_again_when_enough_has_ended_since(many: Installation, fast: Fast) -> None:
    many.file_away.run()
    first = many.archives.standing()
    many.file_away.run()
    for number in range(100, 99 + ENOUGH):
        end(many, number)
    many.file_away.due()
    assert not many.tasks.tasks
    end(many, 500)
    many.file_away.run()
    assert many.archives.standing() != first
    assert sum(1 for _ in fast.knowledge().remembered()) == 100 + ENOUGH


def test_a_word_said_after_the_indexing_counts_at_once(many: Installation, fast: Fast) -> None:
    many.file_away.run()
    assert set(fast.says()) == {"payments-db"}
    for number in (3, 99, 98, 97, 96, 95):
        word = Outcome(
            incident_id=f"INC-{number}", at=minute(60), judged_by="ann", cause_service="cache"
        )
        many.memory.judge(word, origin=Origin.LIVE)
    assert set(fast.says()) == {"cache"}


def test_where_nothing_is_new_nothing_is_read(
    many: Installation, fast: Fast, monkeypatch: pytest.MonkeyPatch
) -> None:
    many.file_away.run()
    known = fast.knowledge()
    monkeypatch.setattr(many.memory, "recall", None)
    assert fast.knowledge() is known


def test_a_damaged_archive_is_told_and_done_without(many: Installation, fast: Fast) -> None:
    many.file_away.run()
    with writing(many._history_engine) as connection:
        connection.execute(update(ARCHIVES).values(blob=b"AIOD"))
    assert set(fast.says()) == {"payments-db"}
    assert fast.knowledge().archive is None
    assert len(fast.knowledge().memory) == 100
    assert fast.faults


def test_a_few_are_not_indexed(parts: Installation) -> None:
    for number in range(ENOUGH - 1):
        end(parts, number)
    parts.file_away.due()
    parts.file_away.run()
    assert not parts.tasks.tasks
    assert parts.archives.standing() is None
