"""Requests and their failures, found among series by general words, never by product names."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import TypeVar

from aiops.domain.families import is_ratio, words_of
from aiops.domain.series import Family, Series, SeriesKey
from aiops.domain.sides import is_outgoing

OPERATION_LABELS = ("operation", "endpoint", "route", "path", "http_route", "handler")
"""Labels that say which operation of a service a series counts."""

_REQUESTS = frozenset(
    {"request", "requests", "req", "reqs", "rps", "qps", "rpm", "calls", "hits", "queries"}
)
_PER_SECOND = frozenset({"1/s", "/s", "rps", "qps", "tps", "req/s", "requests/s"})
_PER_MINUTE = frozenset({"1/min", "/min", "rpm", "req/min", "requests/min"})
_SERVED = frozenset({"success", "successful", "availability"})

T = TypeVar("T")


def is_own(series: Series) -> bool:
    """Return whether a series speaks of the service itself, not of its calls to others."""
    return not is_outgoing(series.key.metric) and not series.key.label("peer")


def is_requests(series: Series) -> bool:
    """Return whether it counts requests per second or minute; bytes and jobs are none."""
    if series.family is not Family.TRAFFIC or not per_minute(series):
        return False
    return not _REQUESTS.isdisjoint(words_of(series.key.metric))


def is_failing_share(series: Series) -> bool:
    """Return whether it is the share of requests that fail."""
    return series.family is Family.ERRORS and is_ratio(series.key.metric, series.unit)


def is_served_share(series: Series) -> bool:
    """Return whether it is the share of requests that succeed; a cache's hits are none."""
    if series.family is not Family.AVAILABILITY or not is_ratio(series.key.metric, series.unit):
        return False
    return not _SERVED.isdisjoint(words_of(series.key.metric))


def per_minute(series: Series) -> float:
    """Return by what a rate is to be multiplied to be one per minute; 0 where it does not say."""
    unit = series.unit.lower()
    words = set(words_of(series.key.metric))
    if unit in _PER_SECOND or (not unit and words & {"rps", "qps"}):
        return 60.0
    if unit in _PER_MINUTE or (not unit and "rpm" in words):
        return 1.0
    return 0.0


def operations_of(key: SeriesKey) -> frozenset[str]:
    """Return the operations a series is about; empty where it is about all."""
    return frozenset(value for name in OPERATION_LABELS if (value := key.label(name)))


def likeness(one: Series, other: Series) -> tuple[int, int, str]:
    """Order series by how many words their metrics share with another's, the likest first."""
    own, others = set(words_of(one.key.metric)), set(words_of(other.key.metric))
    return -len(own & others), len(own), one.key.metric


def coarsest(items: Iterable[T], key_of: Callable[[T], SeriesKey]) -> list[T]:
    """Return the items of one way of parting the whole: the one with the fewest dimensions.

    A total and its parts never stand side by side, so no request counts twice.
    """
    ways: defaultdict[tuple[int, tuple[str, ...]], list[T]] = defaultdict(list)
    for one in items:
        key = key_of(one)
        names = [name for name, _ in key.labels]
        names += ["region"] * (key.region is not None) + ["segment"] * (key.segment is not None)
        ways[len(names), tuple(sorted(names))].append(one)
    return ways[min(ways)] if ways else []
