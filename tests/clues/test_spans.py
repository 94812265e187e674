"""Of many spans a few examples are kept, however they arrive."""

import random

from hypothesis import given
from hypothesis import strategies as st

from aiops.clues.spans import (
    FAILING,
    SLOWEST,
    SpanRecord,
    count_spans,
    example_spans,
    keep_few,
    service_calls,
    sum_counts,
)
from tests.clues.made import span

IDS = st.integers(0, 40).map(lambda number: f"{number:032x}")


def made(number: int, *, failed: bool = False) -> SpanRecord:
    return span(
        "pay",
        seconds=number / 10,
        failed=failed,
        trace_id=f"{number:032x}",
        span_id=f"{number:016x}",
    )


SPANS = st.lists(st.builds(made, st.integers(1, 30), failed=st.just(False)), max_size=30)


@given(SPANS, SPANS, st.randoms(use_true_random=False))
def test_neither_order_nor_parts_nor_repeats_change_what_is_kept(
    first: list[SpanRecord], second: list[SpanRecord], shuffled: random.Random
) -> None:
    together = [*first, *second, *first]
    shuffled.shuffle(together)
    one = example_spans(together)
    assert keep_few((*example_spans(second), *example_spans(first))) == one
    assert keep_few((*one, *one)) == one


def test_the_slowest_and_the_failing_are_kept() -> None:
    spans = [made(number, failed=number % 2 == 0) for number in range(1, 21)]
    kept = example_spans(spans)
    assert len(kept) == SLOWEST + FAILING
    assert {one.duration_seconds for one in kept} == {1.5, 1.7, 1.9, 1.6, 1.8, 2.0}


def test_the_caller_is_whose_span_caused_it() -> None:
    asking = span("shop", kind=3, span_id="a" * 16, parent_id="c" * 16)
    answer = span("pay", span_id="b" * 16, parent_id="a" * 16)
    (example,) = example_spans([answer, asking])
    assert (example.caller, example.service) == ("shop", "pay")


def test_a_client_speaks_for_a_peer_that_sends_no_spans() -> None:
    asking = span("pay", kind=3, parent_id="c" * 16, peer="payments-db", failed=True)
    (example,) = example_spans([asking])
    assert (example.caller, example.service, example.failed) == ("pay", "payments-db", True)


def test_work_inside_a_service_is_no_example() -> None:
    assert example_spans([span("pay", kind=1, parent_id="c" * 16)]) == ()


def test_calls_between_services_are_counted() -> None:
    asking = span("shop", kind=3, span_id="a" * 16, parent_id="c" * 16)
    answer = span("pay", span_id="b" * 16, parent_id="a" * 16)
    (call,) = service_calls([asking, answer])
    assert (call.env, call.caller, call.callee, call.count) == ("prod", "shop", "pay", 1)


def test_a_request_that_both_sides_tell_of_is_counted_once_by_who_answered() -> None:
    asking = span("shop", kind=3, span_id="a" * 16, peer="pay", seconds=2)
    answer = span("pay", span_id="b" * 16, parent_id="a" * 16, seconds=1, failed=True)
    alone = span("shop", kind=3, span_id="c" * 16, peer="payments-db")
    counts = count_spans([asking, answer, alone, answer])
    told = [(one.service, one.caller, one.is_callers, one.failed, one.count) for one in counts]
    assert told == [
        ("pay", "shop", False, True, 1),
        ("payments-db", "shop", True, False, 1),
    ]


def test_what_happens_inside_a_service_is_no_request() -> None:
    within = span("pay", kind=1, parent_id="c" * 16)
    assert count_spans([within]) == ()


def test_counts_of_many_exports_add_up_to_one_of_each_sort() -> None:
    alike = count_spans([span("pay", span_id=f"{one:016x}") for one in (1, 2)])
    other = count_spans([span("pay", failed=True)])
    found = sum_counts((*alike, *other, *alike, *alike))
    assert [(one.failed, one.count) for one in found] == [(False, 6), (True, 1)]
