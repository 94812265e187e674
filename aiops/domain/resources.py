"""What a host lends to a service, from general words only."""

from aiops.domain.families import words_of

_RESOURCES = frozenset(
    {"cpu", "memory", "mem", "heap", "rss", "swap", "disk", "filesystem", "gc", "throttled"}
)


def is_resource(metric: str) -> bool:
    """Return whether a metric is of what a service itself uses up, whoever it calls.

    Examples:
        >>> is_resource("cpu_percent"), is_resource("queue_depth")
        (True, False)
    """
    return not _RESOURCES.isdisjoint(words_of(metric))
