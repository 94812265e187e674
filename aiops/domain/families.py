"""What a metric speaks of and how people say it, from general words only, never product names."""

import re
from functools import lru_cache

from aiops.domain.series import Direction, Family


def _vocabulary(words: str) -> frozenset[str]:
    return frozenset(words.split())


_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_QUANTILE = re.compile(r"^(?:p|pct|q)?(50|75|90|95|98|99|999)$")
_CURRENCY = re.compile(r"^[A-Z]{3}(?![A-Za-z])")
_NOT_MONEY = frozenset({"RPS", "QPS", "TPS", "RPM", "OPS", "BPS"})

RATIO_UNITS = frozenset({"1", "ratio"})
PERCENT_UNITS = frozenset({"%", "percent"})
TIME_UNITS = {"s": 1.0, "seconds": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_RATE_UNITS = frozenset({"1/s", "/s", "1/min", "/min", "rps", "qps", "tps", "rpm"})

_ERRORS = _vocabulary(
    "error errors err errs fail fails failed failure failures fault faults 5xx 4xx exception"
    " exceptions decline declined declines timeout timeouts retry retries reject rejected rejects"
    " rejections refused denied drop dropped drops abort aborted aborts panic panics crash crashes"
    " restart restarts oom unavailable dlq invalid bounced deadlock deadlocks"
)
_BREAKERS = _vocabulary("breaker breakers circuitbreaker ejected ejection ejections")
"""A circuit breaker opens, and an instance is ejected, because calls to it fail."""
_CALM = _vocabulary("closed remaining permitted")
"""Of a circuit breaker: how much of it still lets calls through."""
_LATENCY = _vocabulary(
    "latency latencies duration durations delay rtt lat elapsed ttfb lcp wait slowness"
)
_SATURATION = _vocabulary(
    "cpu memory mem heap disk queue queued connections connection pool lag saturation load lod"
    " usage utilization utilisation threads thread backlog depth inflight active pending used full"
    " occupancy goroutines gc throttled throttling fds filesystem swap pressure buffer busy"
    " waiting iowait rss"
)
_TRAFFIC = _vocabulary(
    "request requests req reqs rps qps tps throughput traffic count orders order calls hits visits"
    " sessions messages events logins signups checkouts transactions operations ops workload"
    " network bytes packets receive transmit received sent read write queries rate total"
    " jobs payments clicks views users"
)
_MONEY = _vocabulary("revenue gmv sales turnover conversion conversions")
_AVAILABLE = _vocabulary("availability available health healthy uptime reachable ready alive")

_ABBREVIATIONS = {
    word.lower(): word
    for word in _vocabulary(
        "DB CPU HTTP HTTPS API SQL TCP UDP DNS GC JVM IO TLS SSL GPU RPC gRPC EU US KPI SLO"
        " DLQ OOM RTT TTFB LCP CDN VM RAM GMV"
    )
}
_SPELLED = {"err": "error", "errs": "errors", "mem": "memory", "lat": "latency", "lod": "load"}
_SUFFIXES = _vocabulary(
    "ratio percent percentage seconds second milliseconds ms us ns total sum average avg mean value"
)


@lru_cache(maxsize=65_536)
def words_of(metric: str) -> tuple[str, ...]:
    """Return the lower-case words of a metric name.

    Examples:
        >>> words_of("PodClientLatencyP95(s)")
        ('pod', 'client', 'latency', 'p95', 's')
        >>> words_of("http_5xx_total")
        ('http', '5xx', 'total')
    """
    words: list[str] = []
    for word in _WORD.findall(metric):
        lower = word.lower()
        before = words[-1] if words else ""
        if (before in ("p", "pct", "q") and lower.isdigit()) or (
            before.isdigit() and lower == "xx"
        ):
            words[-1] = before + lower
        else:
            words.append(lower)
    return tuple(words)


def is_currency(unit: str) -> bool:
    """Return whether the unit begins with a currency code.

    Examples:
        >>> is_currency("EUR/min"), is_currency("1/s"), is_currency("RPS")
        (True, False, False)
    """
    return bool(_CURRENCY.match(unit)) and unit[:3] not in _NOT_MONEY


def is_ratio(metric: str, unit: str = "") -> bool:
    """Return whether the values are shares of a whole: 0 to 1, or 0 to 100 for per cent.

    Examples:
        >>> is_ratio("error_ratio"), is_ratio("requests_total"), is_ratio("CpuUsageRate(%)")
        (True, False, True)
    """
    if unit in RATIO_UNITS or is_percent(metric, unit):
        return True
    words = words_of(metric)
    return not unit and ("ratio" in words or ("rate" in words and bool(_ERRORS & set(words))))


def is_percent(metric: str, unit: str = "") -> bool:
    """Return whether a ratio runs from 0 to 100.

    Examples:
        >>> is_percent("cpu_percent"), is_percent("error_ratio", "1")
        (True, False)
    """
    if unit:
        return unit in PERCENT_UNITS
    return "%" in metric or not {"percent", "percentage", "pct"}.isdisjoint(words_of(metric))


def whole_of(metric: str, unit: str = "") -> float | None:
    """Return what a share of a whole can be at most, 1 or 100; None where it is no share.

    Examples:
        >>> whole_of("error_ratio"), whole_of("cpu_percent"), whole_of("requests_total")
        (1.0, 100.0, None)
    """
    if not is_ratio(metric, unit):
        return None
    return 100.0 if is_percent(metric, unit) else 1.0


def unit_of(metric: str, unit: str = "") -> str:
    """Return the declared unit, else the one the name tells: `1` or `%` of a share, else none.

    Examples:
        >>> unit_of("error_ratio"), unit_of("cpu_percent"), unit_of("connection_errors")
        ('1', '%', '')
    """
    if unit:
        return unit
    if is_percent(metric):
        return "%"
    return "1" if is_ratio(metric) else ""


def classify(metric: str, unit: str = "") -> tuple[Family, Direction]:
    """Return what a metric speaks of and which way is bad.

    Args:
        metric: its name, in any of the usual spellings.
        unit: its unit, empty where unknown.

    Examples:
        >>> classify("http_request_duration_seconds")
        (<Family.LATENCY: 'latency'>, <Direction.UP: 'up'>)
        >>> classify("db_connection_errors")[0].value, classify("amount", "EUR")[0].value
        ('errors', 'kpi')
        >>> classify("circuit_breaker_state")[0].value, classify("breaker_closed")[1].value
        ('errors', 'down')
        >>> classify("success_ratio")
        (<Family.AVAILABILITY: 'availability'>, <Direction.DOWN: 'down'>)
    """
    words = words_of(metric)
    found = set(words)
    if is_currency(unit) or found & _MONEY:
        return Family.KPI, Direction.DOWN
    if found & _BREAKERS and found & _CALM and not found & {"not"}:
        return Family.AVAILABILITY, Direction.DOWN
    if found & (_ERRORS | _BREAKERS):
        return Family.ERRORS, Direction.UP
    if _says_available(words):
        return Family.AVAILABILITY, Direction.DOWN
    return _by_words(words, unit)


def _says_available(words: tuple[str, ...]) -> bool:
    found = set(words)
    if found & _AVAILABLE or (words and words[-1] == "up"):
        return True
    return bool(found & {"success", "successful"}) and bool(found & {"ratio", "rate", "percent"})


def _by_words(words: tuple[str, ...], unit: str) -> tuple[Family, Direction]:
    found = set(words)
    says_time = found & _LATENCY or "time" in found or any(_is_quantile(word) for word in words)
    if says_time:
        return Family.LATENCY, Direction.UP
    if found & _SATURATION:
        return Family.SATURATION, Direction.UP
    if unit in TIME_UNITS or {"seconds", "milliseconds", "ms", "us"} & found:
        return Family.LATENCY, Direction.UP
    if unit.lower() in _RATE_UNITS or found & _TRAFFIC:
        return Family.TRAFFIC, Direction.BOTH
    return Family.OTHER, Direction.BOTH


def _is_quantile(word: str) -> bool:
    return bool(_QUANTILE.match(word)) and not word.isdigit()


def is_quantile(metric: str) -> bool:
    """Return whether a metric is a quantile of many values, so that it adds up to nothing.

    Examples:
        >>> is_quantile("latency_p95_seconds"), is_quantile("latency_avg_seconds")
        (True, False)
    """
    return any(_is_quantile(word) for word in words_of(metric))


def title_of(metric: str, family: Family) -> str:
    """Return how people call the metric in a sentence.

    Examples:
        >>> title_of("db_connection_errors", Family.ERRORS)
        'DB connection errors'
        >>> title_of("error_ratio", Family.ERRORS), title_of("latency_p95_seconds", Family.LATENCY)
        ('error rate', 'p95 latency')
    """
    words = [_SPELLED.get(word, word) for word in words_of(metric)]
    quantiles = [word for word in words if _QUANTILE.match(word)]
    kept = [word for word in words if word not in quantiles]
    while len(kept) > 1 and (kept[-1] in _SUFFIXES or len(kept[-1]) == 1):
        kept.pop()
    if family is Family.ERRORS and _ends_as_rate(metric, kept):
        kept = [*kept[:-1], kept[-1].removesuffix("s"), "rate"]
    if family is Family.LATENCY and not ({"time"} | _LATENCY) & set(kept):
        kept.append("latency")
    spoken = [_ABBREVIATIONS.get(word, word) for word in kept]
    return " ".join([*(_spoken_quantile(word) for word in quantiles), *spoken]) or metric


def _ends_as_rate(metric: str, kept: list[str]) -> bool:
    last = words_of(metric)[-1:]
    return (
        bool(kept) and kept[-1] in _ERRORS and last in (("ratio",), ("percent",), ("percentage",))
    )


def _spoken_quantile(word: str) -> str:
    return "p" + word.lstrip("pctq")
