"""Many records come down to few counted groups."""

import random

from hypothesis import given
from hypothesis import strategies as st

from aiops.clues.lines import LogRecord, group_lines
from aiops.domain.clues import LogSeverity
from tests.builders import minute
from tests.clues.made import TRACE, record

TEXTS = st.sampled_from(
    ["card 1 declined", "card 22 declined", "timeout after 5 ms", "mail to a@b.io lost", "ab1 12cd"]
)
RECORDS = st.lists(
    st.builds(
        record,
        TEXTS,
        at=st.integers(0, 3),
        service=st.sampled_from(["pay", "shop"]),
        severity=st.sampled_from([0, 9, 13, 17, 21]),
        trace_id=st.sampled_from(["", TRACE, "a" * 32]),
    ),
    max_size=40,
)


@given(RECORDS, st.randoms(use_true_random=False))
def test_the_order_of_records_changes_nothing(
    records: list[LogRecord], shuffled: random.Random
) -> None:
    other = list(records)
    shuffled.shuffle(other)
    assert group_lines(records) == group_lines(other)


@given(RECORDS)
def test_every_line_that_is_a_warning_or_worse_is_counted_once(records: list[LogRecord]) -> None:
    lines, left_out = group_lines(records)
    assert left_out == 0
    assert sum(one.count for one in lines) == sum(one.severity >= 13 for one in records)


def test_less_than_a_warning_is_no_clue() -> None:
    assert group_lines([record("error budget is fine", severity=9)]) == ((), 0)


def test_without_a_number_the_line_says_how_bad_it_is() -> None:
    said = ["10:03 ERROR no card", "INFO no error", "all good", "CRITICAL: disk", "warning: slow"]
    lines, _ = group_lines(record(text, severity=0) for text in said)
    assert {one.severity for one in lines} == {
        LogSeverity.ERROR,
        LogSeverity.FATAL,
        LogSeverity.WARN,
    }
    assert len(lines) == 3


def test_an_example_with_a_trace_is_preferred_and_keeps_its_parameters() -> None:
    (one,), _ = group_lines([record("card 1 declined"), record("card 9 declined", trace_id=TRACE)])
    assert (one.text, one.count, one.example) == ("card <*> declined", 2, "card 9 declined")
    assert one.trace_id == TRACE
    assert one.minute == minute(3)


def test_a_secret_is_in_no_group() -> None:
    (one,), _ = group_lines([record("login of ada@example.com: password=hunter2 refused")])
    assert "hunter2" not in f"{one}"
    assert "example.com" not in f"{one}"


def test_more_groups_than_are_kept_are_counted_as_left_out() -> None:
    records = [record(f"{word} is broken") for word in ("pay", "shop", "mail", "pay")]
    lines, left_out = group_lines(records, most=2)
    assert [one.text for one in lines] == ["mail is broken", "pay is broken"]
    assert left_out == 1


def test_lines_that_are_alike_only_once_masked_are_counted_together() -> None:
    (one,), _ = group_lines(record(f"mail to {name}@b.io lost") for name in ("ada", "grace", "ada"))
    assert (one.text, one.count) == ("mail to <*> lost", 3)
