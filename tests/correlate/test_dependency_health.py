"""Restarts after a deploy; retries and open circuit breakers, which tell of the callee."""

import pytest

from aiops.domain.symptoms import Symptom
from tests.builders import change, series, symptom
from tests.correlate.worlds import calls, errors, found, full, parts, slow
from topology.attributes import Service, ServiceKind

SHOP = calls(
    "gateway > checkout > payments > card-provider",
    services=[Service(name="card-provider", kind=ServiceKind.EXTERNAL)],
)


def sign(service: str, metric: str, at: float = 3, *, peer: str = "", to: float = 20) -> Symptom:
    """Make a metric that rose from almost nothing, on the calls to a peer where one is named."""
    labels = (("peer", peer),) if peer else ()
    return symptom(series(service, metric, labels=labels), at=at, before=0.1, observed=to)


def test_restarts_after_a_deploy_are_blamed_on_it() -> None:
    deploy = change("payments", at=1)
    (got,) = found(SHOP, sign("payments", "container_restarts_total"), changes=[deploy])

    assert got.causes[0].change == deploy
    assert "2 min before onset" in got.causes[0].evidence[0].text


def test_restarts_that_errors_follow_are_one_problem_of_the_deploy() -> None:
    deploy = change("payments", at=1)
    restarts = sign("payments", "pod_restarts", 2)
    (got,) = found(SHOP, restarts, errors("payments", 3), errors("checkout", 4), changes=[deploy])

    assert parts([got]) == {frozenset({"payments", "checkout"})}
    assert (got.causes[0].service, got.causes[0].change) == ("payments", deploy)


def test_restarts_long_after_a_deploy_elsewhere_blame_no_deploy() -> None:
    (got,) = found(
        SHOP, sign("payments", "pod_restarts"), changes=[change("gateway", at=-3 * 24 * 60)]
    )

    assert all(cause.change is None for cause in got.causes)


@pytest.mark.parametrize(
    "metric", ["client_retries_total", "retry_rate", "circuit_breaker_open", "breaker_trips"]
)
def test_a_provider_is_the_cause_of_the_retries_and_open_breakers_of_its_caller(
    metric: str,
) -> None:
    (got,) = found(SHOP, sign("payments", metric, peer="card-provider"), errors("checkout", 4))

    assert got.causes[0].service == "card-provider"


@pytest.mark.parametrize("metric", ["client_retries_total", "circuit_breaker_open"])
def test_retries_and_open_breakers_join_the_trouble_of_the_callee_they_are_for(
    metric: str,
) -> None:
    (got,) = found(SHOP, full("payments", 2), slow("payments", 2), sign("checkout", metric, 3))

    assert parts([got]) == {frozenset({"payments", "checkout"})}
    assert got.causes[0].service == "payments"


def test_a_breaker_that_protects_its_caller_leaves_the_callee_the_cause() -> None:
    (got,) = found(
        SHOP,
        errors("payments", 2),
        sign("checkout", "resilience4j_circuitbreaker_state", 2, peer="payments"),
        errors("gateway", 4),
    )

    assert got.causes[0].service == "payments"
