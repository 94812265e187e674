"""Load from outside, and load that a fault brings about itself."""

from dataclasses import replace

import pytest

from aiops.correlate.calls import Calls
from aiops.correlate.sickness import find_sick
from aiops.correlate.surges import is_surge
from aiops.correlate.travel import Travel
from aiops.domain.symptoms import Symptom
from tests.correlate.worlds import calls, errors, slow, traffic

GRAPH = calls("gateway > catalog").graph


def surged(*symptoms: Symptom) -> bool:
    known = Calls(GRAPH, ())
    return is_surge("catalog", Travel(sick=find_sick(symptoms, known), calls=known, hops=2))


def failing(share: float, service: str = "catalog", at: float = 3) -> Symptom:
    return replace(errors(service, at), observed=share)


def load(factor: float) -> Symptom:
    return replace(traffic("catalog"), observed=100 * factor)


def test_twice_the_requests_of_what_calls_nobody_are_a_surge() -> None:
    assert surged(load(2.5), failing(0.05), slow("catalog"))


@pytest.mark.parametrize(
    ("factor", "share", "is_one"),
    [(1.4, 0.0, False), (1.6, 0.0, True), (2.0, 0.4, False), (2.3, 0.4, True), (3.9, 1.0, False)],
)
def test_no_more_requests_than_retries_of_what_fails_are_none(
    factor: float, share: float, is_one: bool
) -> None:
    assert surged(load(factor), failing(share), slow("catalog")) is is_one


def test_failures_that_only_callers_see_are_retried_too() -> None:
    assert not surged(load(2.5), failing(0.8, "gateway"), slow("catalog"))


def test_what_failed_before_it_had_more_to_do_brought_that_about() -> None:
    assert not surged(load(2.5), failing(0.05, at=2))


def test_where_failures_are_no_share_of_the_calls_nobody_knows() -> None:
    counted = failing(7)
    key = replace(counted.series.key, metric="errors_total")
    counted = replace(counted, series=replace(counted.series, key=key, unit="1/s"))
    assert not surged(load(2.5), counted)
    assert not surged(load(2.5), failing(float("nan")))


def test_fewer_requests_or_none_told_are_no_surge() -> None:
    assert not surged(traffic("catalog", up=False), slow("catalog"))
    assert not surged(slow("catalog"))
