"""Masked lines become templates that survive a restart and stay few."""

import random

from hypothesis import given
from hypothesis import strategies as st

from aiops.clues.templates import OTHER, Place, tally
from aiops.domain.clues import LogLines, LogTemplate
from tests.builders import minute
from tests.clues.made import TRACE, lines

WORDS = st.sampled_from(["card", "declined", "by", "visa", "amex", "<*>", "timeout", "bank"])
TEXTS = st.lists(WORDS, min_size=1, max_size=6).map(" ".join)
GROUPS = st.lists(
    st.builds(
        lines,
        TEXTS,
        st.integers(1, 9),
        at=st.integers(0, 2),
        service=st.sampled_from(["pay", "shop"]),
    ),
    max_size=30,
)
Known = dict[Place, tuple[LogTemplate, ...]]


def merged(known: Known, changed: tuple[LogTemplate, ...]) -> Known:
    by_place = {place: {one.number: one for one in found} for place, found in known.items()}
    for one in changed:
        by_place.setdefault((one.env, one.service), {})[one.number] = one
    return {place: tuple(found.values()) for place, found in by_place.items()}


def test_lines_that_differ_in_one_word_are_one_template() -> None:
    found = tally(
        {}, [lines("card <*> declined by visa", 3), lines("card <*> declined by amex", 4)]
    )
    (template,) = found.templates
    assert template.text == "card <*> declined by <*>"
    assert found.counts["prod", "payment-service", minute(3)] == {1: 7}


def test_another_statement_is_another_template() -> None:
    found = tally({}, [lines("card declined for <*>"), lines("card expired for <*>")])
    assert [one.text for one in found.templates] == [
        "card declined for <*>",
        "card expired for <*>",
    ]


@given(GROUPS, st.randoms(use_true_random=False))
def test_the_order_of_lines_changes_nothing(
    groups: list[LogLines], shuffled: random.Random
) -> None:
    other = list(groups)
    shuffled.shuffle(other)
    assert tally({}, groups) == tally({}, other)


@given(st.lists(GROUPS, max_size=4))
def test_a_known_line_keeps_its_template_whatever_came_since(batches: list[list[LogLines]]) -> None:
    known: Known = {}
    numbers: dict[tuple[str, str], int] = {}
    for batch in batches:
        known = merged(known, tally(known, batch).templates)
        for one in batch:
            found = tally(known, [one])
            (number,) = found.counts[one.env, one.service, one.minute]
            assert numbers.setdefault((one.service, one.text), number) == number or (
                one.text not in {template.seed for template in known[one.env, one.service]}
            )
            assert len(known[one.env, one.service]) == len(
                merged(known, found.templates)[one.env, one.service]
            )


@given(GROUPS)
def test_no_line_is_lost(groups: list[LogLines]) -> None:
    counts = tally({}, groups, most=2).counts
    assert sum(sum(one.values()) for one in counts.values()) == sum(one.count for one in groups)


def test_past_the_cap_lines_count_as_one_and_the_service_is_named() -> None:
    groups = [lines(f"{word} is quite broken") for word in ("pay", "shop", "mail")]
    found = tally({}, groups, most=2)
    assert found.crowded == (("prod", "payment-service"),)
    assert found.counts["prod", "payment-service", minute(3)] == {1: 1, 2: 1, OTHER: 1}


def test_the_newest_examples_are_kept_one_a_minute_with_a_trace_before_one_without() -> None:
    groups = [lines("card <*> declined", at=at) for at in range(5)]
    groups.append(lines("card <*> declined", at=4, trace_id=TRACE))
    (template,) = tally({}, groups).templates
    assert [one.minute for one in template.examples] == [minute(4), minute(3), minute(2)]
    assert template.examples[0].trace_id == TRACE
    assert (template.first_seen, template.last_seen) == (minute(0), minute(4))
