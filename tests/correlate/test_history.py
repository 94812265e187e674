"""What the past says of a pattern: judged by people, by fixes, and by its age."""

from dataclasses import replace

import pytest

from aiops.correlate.archive import archive_of
from aiops.correlate.history import Precedent, precedents
from aiops.domain.environment import Knowledge
from aiops.domain.outcomes import PastIncident
from tests.builders import minute
from tests.correlate.worlds import errors, slow
from topology.graph import ServiceGraph

NOW = (errors("payments-db"), errors("checkout"))
PATTERN = ("checkout|errors|up", "payments-db|errors|up")
NOTHING = Knowledge(graph=ServiceGraph.from_edges((), ()))


def past(number: int, cause: str = "payments-db", days: float = 1) -> PastIncident:
    return PastIncident(
        incident_id=f"INC-{number}",
        ended_at=minute(-1440 * days + number),
        signature=PATTERN,
        cause_service=cause,
    )


def found(*memory: PastIncident) -> dict[str, Precedent]:
    return precedents(NOW, replace(NOTHING, memory=memory))


def text(*memory: PastIncident, service: str = "payments-db") -> str:
    return found(*memory)[service].clause.text


FIVE = tuple(past(number) for number in range(7))


def test_it_says_how_often_it_was_the_same() -> None:
    assert text(*FIVE) == "the last 5 times this pattern was seen it was payments-db"
    assert text(past(1)) == "the last time this pattern was seen it was payments-db"
    mixed = (past(1), past(2), past(3, "checkout"))
    assert text(*mixed) == "of the last 3 times this pattern was seen it was payments-db 2 times"
    assert text(*mixed, service="checkout").endswith("it was checkout once")


def test_it_names_the_last_one_as_its_source() -> None:
    assert found(*FIVE)["payments-db"].clause.source == "INC-6"


def test_what_looked_otherwise_says_nothing() -> None:
    memory = tuple(replace(one, signature=("search|latency|up",)) for one in FIVE)
    assert found(*memory) == {}


def test_once_counts_less_than_often() -> None:
    once, often = found(past(1))["payments-db"], found(*FIVE)["payments-db"]
    assert 0 < once.weight < often.weight
    assert often.weight == pytest.approx(1.0, abs=0.05)


def test_what_was_long_ago_counts_less() -> None:
    assert found(past(1, days=360))["payments-db"].weight < (
        found(past(1, days=2))["payments-db"].weight / 3
    )


def test_a_persons_word_outranks_a_fix_and_a_fix_what_we_had_ranked() -> None:
    ranked, fixed = past(1), replace(past(1), fixed_by="deploy 7 of payments-db")
    named = replace(past(1), cause_named=True)
    weights = [found(one)["payments-db"].weight for one in (ranked, fixed, named)]
    assert weights == sorted(set(weights))
    rival = past(2, "checkout")
    against = found(named, rival)
    assert against["payments-db"].weight > against["checkout"].weight
    assert text(named).endswith("it was payments-db, as people confirmed")


def test_noise_speaks_against_every_cause() -> None:
    noise = replace(past(3), real=False)
    alone = found(past(1), past(2))["payments-db"]
    against = found(past(1), past(2), noise)["payments-db"]
    assert against.weight < alone.weight
    assert against.clause.text.startswith("of the last 3 times")
    assert found(noise) == {}


def test_one_of_unknown_cause_says_nothing() -> None:
    assert found(replace(past(1), cause_service="")) == {}


def test_less_alike_ones_are_another_pattern_where_the_same_is_known() -> None:
    other = replace(past(9, "gateway"), signature=(*PATTERN, "gateway|errors|up", "web|errors|up"))
    assert set(found(past(1), other)) == {"payments-db"}
    assert set(found(other)) == {"gateway"}


def test_a_pattern_is_recognised_while_it_unfolds() -> None:
    whole = (*PATTERN, "gateway|latency|up", "web|latency|up")
    memory = tuple(replace(one, signature=whole) for one in FIVE)
    assert found(*memory)["payments-db"].weight > 0.5


def test_the_archive_says_what_memory_says() -> None:
    filed = precedents(NOW, replace(NOTHING, archive=archive_of(FIVE)))
    split = precedents(NOW, replace(NOTHING, archive=archive_of(FIVE[:4]), memory=FIVE[4:]))
    assert filed == split == found(*FIVE)


def test_memory_knows_better_than_the_archive() -> None:
    renewed = tuple(replace(one, cause_service="checkout") for one in FIVE)
    known = replace(NOTHING, archive=archive_of(FIVE), memory=renewed)
    assert set(precedents(NOW, known)) == {"checkout"}


def test_a_higher_bar_of_the_archive_holds_for_both() -> None:
    seen = (*NOW, slow("gateway"), slow("web"))
    low, high = (replace(NOTHING, memory=FIVE, archive=archive_of((), bar)) for bar in (0.6, 0.9))
    assert precedents(seen, low)
    assert precedents(seen, high) == {}
