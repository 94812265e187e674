"""Which side of a call a metric is measured on, from general words only."""

from aiops.domain.families import words_of

_OUTGOING = frozenset({"client", "out", "outgoing", "outbound", "egress"})
_GUARDS = frozenset(["retry", "retries", "retried", "breaker", "breakers", "circuitbreaker"])
"""What a caller guards its calls with: it tells of those it calls."""
_INCOMING = frozenset({"in", "incoming", "inbound", "ingress"})


def is_outgoing(metric: str) -> bool:
    """Return whether a metric is of a service's calls to others, so speaks of them as well.

    Examples:
        >>> is_outgoing("http_client_duration_seconds"), is_outgoing("server_latency")
        (True, False)
        >>> is_outgoing("retries_total"), is_outgoing("circuit_breaker_open")
        (True, True)
    """
    return not (_OUTGOING | _GUARDS).isdisjoint(words_of(metric))


def is_incoming(metric: str) -> bool:
    """Return whether a metric is of the way of calls into a service, so of their callers as well.

    Examples:
        >>> is_incoming("network_in_latency"), is_incoming("latency_min")
        (True, False)
    """
    return not _INCOMING.isdisjoint(words_of(metric))
