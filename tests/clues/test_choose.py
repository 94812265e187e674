"""Of all that logs and traces say, an incident shows the few that tell something of it."""

from dataclasses import replace

import pytest

from aiops.clues.choose import choose
from aiops.clues.needs import MOST_SERVICES, clue_needs
from aiops.domain.clues import ClueKind, Clues, LogSeverity
from aiops.domain.environment import EnvState
from aiops.domain.symptoms import FactKind, SymptomFact
from tests.builders import candidate, cause, minute, shop, story
from tests.clues.made import TRACE, lines, trace, window

KNOWN = shop(trace_url="https://traces.example/{trace_id}")
PROBLEM = candidate(*story(), causes=[cause("payment-service")])
DECLINED = "card <*> declined by <*>"


def told(*kept: object, at: float = 8, since: float = -300) -> Clues:
    return choose(PROBLEM, window(*kept, at=at, since=since), minute(at), KNOWN)  # type: ignore[arg-type]


def test_a_template_never_seen_before_is_new() -> None:
    (clue,) = told(lines(DECLINED, 143, trace_id=TRACE)).logs
    assert clue.kind is ClueKind.NEW
    assert (clue.service, clue.text, clue.count, clue.before) == (
        "payment-service",
        DECLINED,
        143,
        0,
    )
    assert clue.since == minute(3)
    assert clue.trace_id == TRACE
    assert clue.url == f"https://traces.example/{TRACE}"


def test_what_is_written_all_the_time_is_no_clue() -> None:
    usual = [lines(DECLINED, 20, at=at) for at in range(-170, 9)]
    assert told(*usual).logs == ()


def test_a_template_that_multiplies_is_told_with_what_was_before() -> None:
    usual = [lines(DECLINED, 2, at=at) for at in range(-170, 3)]
    (clue,) = told(*usual, *[lines(DECLINED, 60, at=at) for at in range(3, 9)]).logs
    assert clue.kind is ClueKind.MULTIPLIED
    assert clue.before == 120
    assert clue.first_seen == minute(-170)


def test_a_burst_that_comes_every_hour_is_no_clue() -> None:
    bursts = [lines(DECLINED, 300, at=at) for at in (-117, -57, 3)]
    assert told(*bursts).logs == ()


def test_what_happens_every_day_at_this_time_is_no_clue() -> None:
    seldom = [lines(DECLINED, 1, at=at) for at in range(-170, 3, 10)]
    daily = [lines(DECLINED, 300, at=at) for at in (3 - 1440, 3)]
    assert told(*seldom, *daily).logs == ()
    assert told(*seldom, daily[1]).logs


def test_nothing_is_new_where_logs_have_only_begun_to_come_in() -> None:
    assert told(lines(DECLINED, 143), since=2).logs == ()


@pytest.mark.parametrize(
    ("severity", "count", "is_told"),
    [
        (LogSeverity.WARN, 4, False),
        (LogSeverity.WARN, 5, True),
        (LogSeverity.ERROR, 1, False),
        (LogSeverity.ERROR, 2, True),
        (LogSeverity.FATAL, 1, True),
    ],
)
def test_the_worse_a_line_the_fewer_are_needed(
    severity: LogSeverity, count: int, is_told: bool
) -> None:
    assert bool(told(lines(DECLINED, count, severity=severity)).logs) is is_told


def test_what_comes_after_the_tick_is_not_known_yet() -> None:
    assert told(lines(DECLINED, 143, at=9), at=8).logs == ()


def test_other_services_logs_are_no_clue() -> None:
    assert told(lines("index is stale", 500, service="search")).logs == ()


def test_the_likely_cause_comes_first_and_no_service_fills_the_list() -> None:
    loud = [lines(f"{word} went wrong", 900, service="checkout") for word in "abcdef"]
    own = lines(DECLINED, 20)
    below = lines("too many clients", 300, service="payments-db")
    clues = told(*loud, own, below).logs
    assert [one.service for one in clues] == [
        "payment-service",
        "checkout",
        "checkout",
        "checkout",
        "payments-db",
    ]


def test_failing_traces_come_before_slow_ones_and_each_is_told_once() -> None:
    slow = trace("payment-service", "checkout", trace_id="a" * 32, duration_seconds=4.0)
    failed = trace("payment-service", "checkout", trace_id="b" * 32, failed=True)
    again = trace("payment-service", trace_id="b" * 32, span_id="c" * 16, failed=True)
    before = trace("payment-service", "checkout", trace_id="d" * 32, failed=True, at=-9)
    traces = told(slow, failed, again, before).traces
    assert [(one.trace_id[0], one.failed) for one in traces] == [("b", True), ("a", False)]
    assert traces[0].caller == "checkout"


@pytest.mark.parametrize("bad", ["", "x" * 32, "../../etc/passwd", "A" * 32, "a" * 31])
def test_an_id_that_is_none_gives_no_link(bad: str) -> None:
    (clue,) = told(trace("payment-service", trace_id=bad)).traces
    assert clue.url == ""


def test_without_logs_and_traces_there_are_no_clues() -> None:
    assert choose(PROBLEM, None, minute(8), KNOWN) == Clues()


def test_a_tick_with_nothing_wrong_needs_nothing() -> None:
    assert clue_needs(EnvState(env="prod"), (), minute(3), KNOWN) is None


def test_a_tick_needs_the_sick_and_their_neighbours_since_before_the_onset() -> None:
    facts = [
        SymptomFact(kind=FactKind.OPENED, at=minute(4), symptom=one) for one in PROBLEM.symptoms
    ]
    needs = clue_needs(EnvState(env="prod"), facts, minute(4), KNOWN)
    assert needs is not None
    assert set(needs.services) == {"checkout", "payment-service", "payments-db", "gateway"}
    assert needs.since == minute(-2)


def test_no_more_services_are_asked_for_than_a_query_can_take() -> None:
    facts = [
        SymptomFact(
            kind=FactKind.OPENED,
            at=minute(4),
            symptom=replace(
                one,
                id=f"sy-{number}",
                series=replace(one.series, key=replace(one.series.key, service=f"s{number}")),
            ),
        )
        for number in range(500)
        for one in PROBLEM.symptoms[:1]
    ]
    needs = clue_needs(EnvState(env="prod"), facts, minute(4), KNOWN)
    assert needs is not None
    assert len(needs.services) == MOST_SERVICES


def test_what_was_read_ahead_of_the_tick_is_not_told_either() -> None:
    ahead = window(lines(DECLINED, 143, at=9), trace("payment-service", at=9), at=20)
    assert choose(PROBLEM, ahead, minute(8), KNOWN) == Clues()


def test_lines_and_traces_of_a_region_that_is_not_hit_are_no_clue() -> None:
    here = lines(DECLINED, 20, region="eu")
    there = lines("index of <*> is stale", 500, region="US")
    traces = [
        trace("payment-service", trace_id="a" * 32, failed=True, region="US"),
        trace("payment-service", trace_id="b" * 32, failed=True, region="EU"),
    ]
    clues = told(here, there, *traces)
    assert [one.text for one in clues.logs] == [DECLINED]
    assert [one.trace_id for one in clues.traces] == ["b" * 32]


@pytest.mark.parametrize("region", ["", "eu-west-1"])
def test_a_region_that_is_not_said_or_not_known_leaves_nothing_out(region: str) -> None:
    assert told(lines(DECLINED, 20, region=region)).logs
    assert told(trace("payment-service", failed=True, region=region)).traces


def test_a_template_of_both_regions_is_told_by_an_example_from_where_it_hurts() -> None:
    both = [
        replace(lines(DECLINED, 20, region=region), example=f"card declined in {region}")
        for region in ("US", "EU")
    ]
    (clue,) = told(*both).logs
    assert (clue.count, clue.example) == (40, "card declined in EU")


def test_where_no_symptom_names_a_region_every_region_counts() -> None:
    somewhere = candidate(*story()[1:3], causes=[cause("payment-service")])
    found = choose(somewhere, window(lines(DECLINED, 20, region="US"), at=8), minute(8), KNOWN)
    assert found.logs
