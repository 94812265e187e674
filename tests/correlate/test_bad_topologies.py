"""A topology that is wrong is named, and correlation goes on with what it has."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.domain.environment import Knowledge
from aiops.domain.incidents import Candidate
from aiops.impact.blast import blast_radius
from tests.correlate.worlds import errors, found, full, parts, slow
from topology.draft import Parsed
from topology.parse import parse_topologies, parse_topology

CHAIN = "services:\n  web: {calls: [cart]}\n  cart: {calls: [db]}\n  db:\n"
SICK = ("web", "cart", "db")


def read(text: str) -> tuple[Knowledge, str]:
    """Return what is known from a topology text, and what is wrong with it."""
    parsed: Parsed = parse_topologies([(text, "topology.yaml")])
    return Knowledge(graph=parsed.graph), "\n".join(map(str, parsed.problems))


def correlated(known: Knowledge) -> tuple[Candidate, ...]:
    """Correlate a database fault that its callers feel."""
    candidates = found(known, full("db", 2), slow("cart", 3), errors("web", 3))
    for one in candidates:
        assert set(blast_radius(one, known).sick) <= set(SICK)
    return candidates


@pytest.mark.parametrize(
    ("added", "named"),
    [
        ("edges: [[db, db]]\n", ":5: warning: service 'db' calls itself"),
        ("edges: [[cart, cache]]\n", ":5: warning: service 'cache' is not declared"),
        ("edges: [[cart], [null, db], {callee: db}, []]\n", ":5: error: edges[0]: callee missing"),
        ("edges: nonsense\n", ":5: error: edges must be a list"),
        ("nodes: [db, {kind: app}]\n", ":5: error: service 'db' is declared again"),
    ],
)
def test_a_fault_in_a_topology_is_named_and_the_rest_of_it_still_joins(
    added: str, named: str
) -> None:
    known, problems = read(CHAIN + added)

    (one,) = correlated(known)

    assert f"topology.yaml{named}" in problems
    assert parts([one]) == {frozenset(SICK)}
    assert one.causes[0].service == "db"


def test_what_calls_in_a_circle_is_one_problem_in_which_no_caller_is_blamed() -> None:
    known, problems = read(CHAIN + "edges: [[db, web]]\n")

    (one,) = correlated(known)

    assert ":2: warning: services call each other in a circle: cart -> db -> web" in problems
    assert parts([one]) == {frozenset(SICK)}
    assert [cause.service for cause in one.causes[:1]] in ([], ["db"])
    assert one.causes or one.ruled_out


@pytest.mark.parametrize("text", ["", "services: {}", "services: [", "[]", "edges: [[web], [db]]"])
def test_without_any_topology_every_symptom_still_belongs_to_one_problem(text: str) -> None:
    known, problems = read(text)

    candidates = correlated(known)

    assert "topology.yaml:" in problems
    assert sorted(one.service for each in candidates for one in each.symptoms) == sorted(SICK)
    assert all(cause.service in SICK for one in candidates for cause in one.causes)


def test_services_the_topology_does_not_know_take_part_beside_it() -> None:
    known, _ = read(CHAIN)

    got = found(known, full("db", 2), slow("cart", 3), errors("stranger", 9))

    assert parts(got) == {frozenset({"db", "cart"}), frozenset({"stranger"})}


def test_a_service_that_only_calls_itself_is_a_problem_of_its_own() -> None:
    known, _ = read("edges: [[db, db]]")

    assert parts(found(known, full("db"))) == {frozenset({"db"})}


NAMES = st.sampled_from(SICK)


@given(st.lists(st.lists(NAMES | st.none() | st.just("other"), max_size=3), max_size=8))
def test_whatever_the_edges_are_every_symptom_is_in_one_problem(edges: list[list[str]]) -> None:
    known, _ = read(json.dumps({"edges": edges}))

    members = [one.service for each in correlated(known) for one in each.symptoms]

    assert sorted(members) == sorted(SICK)


def test_a_graph_of_100_000_services_with_circles_is_correlated_locally() -> None:
    count = 100_000
    edges = [[f"s{n // 3}", f"s{n}"] for n in range(1, count)] + [["s9", "s0"]]
    parsed = parse_topology(json.dumps({"edges": edges}), "big.json")
    known = Knowledge(graph=parsed.graph)
    callee = "s15"

    began = time.process_time()
    (one,) = found(known, full(callee, 2), errors("s5", 3))
    took = time.process_time() - began

    assert any("in a circle" in problem.message for problem in parsed.problems)
    assert one.causes[0].service == callee
    assert took < 5  # milliseconds; a walk over the whole graph takes far longer
