"""The search among ended incidents finds what scikit-learn finds."""

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from time import perf_counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.correlate.archive import ALIKE, archive_of, nearest, similarities
from aiops.correlate.archive_fit import as_matrix, fit, neighbours_of
from aiops.correlate.signature import vector
from aiops.domain.outcomes import PastIncident
from tests.builders import minute

TOKENS = [f"{service}|{family}|up" for service in "abcdefgh" for family in ("errors", "latency")]
SIGNATURES = st.frozensets(st.sampled_from([*TOKENS, "region:EU", "region:US"]), max_size=8)


def past(number: int, *tokens: str, cause: str = "a") -> PastIncident:
    return PastIncident(
        incident_id=f"INC-{number}",
        ended_at=minute(number),
        signature=tuple(sorted(tokens)),
        cause_service=cause,
    )


def pasts(*signatures: frozenset[str]) -> list[PastIncident]:
    return [past(number, *one) for number, one in enumerate(signatures)]


@settings(max_examples=25)
@given(st.lists(SIGNATURES, min_size=1, max_size=30), SIGNATURES.filter(bool))
def test_it_finds_the_neighbours_that_scikit_learn_finds(
    seen: list[frozenset[str]], now: frozenset[str]
) -> None:
    query = past(999, *now)
    known = {token for one in seen for token in vector(one)}
    archive = archive_of(
        [*pasts(*seen), query] if not vector(now).keys() <= known else pasts(*seen)
    )
    matrix = as_matrix(archive)
    asked = np.zeros((1, len(archive.tokens)))
    for token, weight in vector(now).items():
        asked[0, archive.tokens.index(token)] = weight
    found = neighbours_of(matrix)
    distances, rows = found.kneighbors(asked, len(archive.past))
    ours = similarities(vector(now), archive)
    assert ours[rows[0]] == pytest.approx(1 - distances[0], abs=1e-9)
    inside = found.radius_neighbors(asked, 1 - ALIKE + 1e-9, return_distance=False)[0]
    alike = nearest(vector(now), archive)
    assert {one.incident_id for _, one in alike} == {
        archive.past[row].incident_id for row in inside.tolist()
    }
    assert [score for score, _ in alike] == sorted((score for score, _ in alike), reverse=True)


@settings(max_examples=25)
@given(st.lists(SIGNATURES, max_size=10).flatmap(lambda one: st.permutations(pasts(*one))))
def test_the_order_in_which_incidents_are_given_changes_nothing(given: list[PastIncident]) -> None:
    one, other = archive_of(given), archive_of(given[::-1])
    assert (one.past, one.tokens) == (other.past, other.tokens)
    assert one.rows.tolist() == other.rows.tolist()
    assert one.weights.tolist() == other.weights.tolist()


def test_hash_seeds_change_nothing() -> None:
    code = (
        "from aiops.correlate.signature import vector;"
        "print(vector(('b|errors|up', 'a|errors|up', 'region:EU')))"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1


def test_of_equally_alike_ones_the_last_comes_first() -> None:
    archive = archive_of([past(1, "a|errors|up"), past(3, "a|errors|up"), past(2, "b|errors|up")])
    found = nearest(vector(["a|errors|up"]), archive)
    assert [one.incident_id for _, one in found] == ["INC-3", "INC-1"]


def test_an_archive_of_nothing_finds_nothing() -> None:
    assert nearest(vector(["a|errors|up"]), archive_of([])) == []
    assert nearest({}, archive_of([past(1, "a|errors|up")])) == []


def shop(cause: str, times: int, *seen: str) -> list[PastIncident]:
    return [past(number * 7 + len(cause), *seen, cause=cause) for number in range(times)]


def test_the_bar_stays_where_neighbours_agree() -> None:
    agreeing = [*shop("a", 20, "a|errors|up", "web|errors|up")]
    agreeing += shop("bb", 20, "b|errors|up", "web|errors|up")
    assert fit(agreeing).bar == ALIKE


def test_where_unlike_faults_look_alike_the_bar_is_higher() -> None:
    front = [f"{one}|errors|up" for one in ("web", "app", "cart")]
    mixed = [
        past(number, *front, f"{cause}|errors|up", cause=cause)
        for number, cause in enumerate("abcdefghijklmn" * 4)
    ]
    assert fit(mixed).bar == 0.8


def test_too_few_incidents_leave_the_bar_alone() -> None:
    assert fit(shop("a", 4, "a|errors|up")).bar == ALIKE
    assert fit([]).bar == ALIKE


def test_ten_thousand_are_searched_in_a_few_milliseconds() -> None:
    rng = np.random.default_rng(7)
    names = [f"svc-{one}|{family}|up" for one in range(300) for family in ("errors", "latency")]
    seen = rng.integers(0, len(names), size=(10_000, 12)).tolist()
    archive = archive_of(past(row, *(names[one] for one in seen[row])) for row in range(10_000))
    asked = vector(archive.past[77].signature)
    times = []
    for _ in range(7):
        began = perf_counter()
        assert nearest(asked, archive)[0][1].incident_id == "INC-77"
        times.append(perf_counter() - began)
    assert min(times) < 0.01


def test_an_old_incident_keeps_its_place_by_when_it_ended() -> None:
    early = past(5, "a|errors|up")
    late = replace(early, incident_id="INC-1", ended_at=minute(5) + timedelta(days=1))
    assert [one.incident_id for one in archive_of([late, early]).past] == ["INC-5", "INC-1"]
