"""What logs and traces add to an incident is told once, with its source, and safely."""

from aiops.domain.clues import Clues
from aiops.domain.incidents import Incident
from aiops.domain.timeline import TimelineKind
from aiops.incident.clues import count_words, export, log_words, trace_words
from aiops.incident.difference import Difference, materially_differs
from tests.builders import candidate, cause, minute, shop, story
from tests.clues.made import FAILED, NEW, TRACE
from tests.incident.scenes import EU_CHECKOUT, loss


def assembled(clues: Clues, previous: Incident | None = None, at: float = 5) -> Incident:
    from aiops.incident.assemble import assemble

    return assemble(
        candidate(*story(), causes=[cause("payment-service"), cause("checkout", 0.1)]),
        previous,
        EU_CHECKOUT,
        (loss(),),
        (),
        minute(at),
        shop(),
        incident_id="INC-1001",
        clues=clues,
    )


def test_a_log_clue_reads_as_people_say_it() -> None:
    assert log_words(NEW) == "new error in payment-service: `card <*> declined by <*>`"
    assert count_words(NEW) == "143 times since 10:03 UTC, e.g. trace 4bf92f35…"


def test_a_trace_clue_names_the_edge_the_time_and_why() -> None:
    assert trace_words(FAILED) == (
        "checkout → payment-service: POST /pay failed after 1.2 s (no connection) at 10:04 UTC"
    )


def test_a_clue_of_the_cause_is_evidence_for_it_with_its_source() -> None:
    first, second = assembled(Clues(logs=(NEW,), traces=(FAILED,))).causes
    assert [one.source for one in first.evidence] == [
        "order",
        "log:payment-service:1",
        f"trace:{TRACE}",
    ]
    assert [one.source for one in second.evidence] == ["order"]


def test_a_log_clue_stands_once_in_the_timeline() -> None:
    once = assembled(Clues(logs=(NEW,)))
    twice = assembled(Clues(logs=(NEW,)), once, at=6)
    entries = [one for one in twice.timeline if one.kind is TimelineKind.LOG]
    assert [(one.at, one.source) for one in entries] == [(minute(3), "log:payment-service:1")]


def test_the_first_clue_is_worth_telling_and_more_of_it_is_not() -> None:
    none = assembled(Clues())
    some = assembled(Clues(logs=(NEW,)), none, at=6)
    assert materially_differs(none, some) is Difference.CLUES
    assert some.revision == none.revision + 1
    assert assembled(Clues(logs=(NEW, NEW)), some, at=7).revision == some.revision


def test_what_was_told_stays_when_the_logs_are_gone() -> None:
    some = assembled(Clues(logs=(NEW,), traces=(FAILED,)))
    assert assembled(Clues(), some, at=6).clues == some.clues


def test_the_same_clues_twice_change_nothing() -> None:
    some = assembled(Clues(logs=(NEW,), traces=(FAILED,)))
    assert assembled(Clues(logs=(NEW,), traces=(FAILED,)), some) == some


def test_programs_read_ids_counts_and_times() -> None:
    found = export(Clues(logs=(NEW,), traces=(FAILED,)))
    assert found["logs"][0]["template_id"] == "log:payment-service:1"
    assert found["logs"][0]["since"] == "2026-04-18T10:03:00+00:00"
    assert found["traces"][0]["trace_id"] == TRACE
    assert "url" not in found["traces"][0]
