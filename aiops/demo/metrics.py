"""What a simulated service measures: roles, how each behaves, and what each house calls it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from aiops.domain.series import Direction, Family


class Role(StrEnum):
    """What a metric is to the simulation, whatever a house calls it."""

    REQUESTS = "requests"
    ERRORS = "errors"
    LATENCY = "latency"
    CPU = "cpu"
    MEMORY = "memory"
    CONNECTIONS = "connections"
    CONNECTION_ERRORS = "connection_errors"
    QUERY_LATENCY = "query_latency"
    QUEUE_LENGTH = "queue_length"
    QUEUE_AGE = "queue_age"
    PROCESSED = "processed"
    HIT_RATIO = "hit_ratio"
    CLIENT_ERRORS = "client_errors"
    CLIENT_LATENCY = "client_latency"
    MONEY = "money"
    SUCCESSES = "successes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How a metric of a role moves while all is well.

    Args:
        family: what it speaks of.
        unit: its unit.
        title: how a person calls it.
        bad: the way that hurts.
        gain: relative change per relative change of load.
        rough: usual relative noise from tick to tick.
        tail: row of `noise.quantiles`.
        wander: relative wander of its level over hours.
        noisier_when_quiet: 1 when relative noise grows as load shrinks, 0 when it does not.
        counts: whether it is a whole number near zero.
        ceiling: highest value there is.
    """

    family: Family
    unit: str
    title: str
    bad: Direction = Direction.UP
    gain: float = 0.0
    rough: float = 0.05
    tail: int = 0
    wander: float = 0.02
    noisier_when_quiet: bool = False
    counts: bool = False
    ceiling: float = float("inf")


_B = Behaviour

BEHAVIOURS: Final[dict[Role, Behaviour]] = {
    Role.REQUESTS: _B(
        family=Family.TRAFFIC,
        unit="1/s",
        title="request rate",
        bad=Direction.BOTH,
        gain=1.0,
        rough=0.035,
        noisier_when_quiet=True,
    ),
    Role.ERRORS: _B(
        family=Family.ERRORS,
        unit="1",
        title="error rate",
        gain=0.1,
        rough=0.14,
        tail=1,
        wander=0.04,
        noisier_when_quiet=True,
        ceiling=1.0,
    ),
    Role.LATENCY: _B(
        family=Family.LATENCY, unit="s", title="p95 latency", gain=0.18, rough=0.06, tail=1
    ),
    Role.CPU: _B(
        family=Family.SATURATION,
        unit="1",
        title="CPU utilisation",
        gain=0.7,
        rough=0.05,
        ceiling=1.0,
    ),
    Role.MEMORY: _B(
        family=Family.SATURATION,
        unit="1",
        title="memory utilisation",
        gain=0.08,
        rough=0.01,
        wander=0.03,
        ceiling=1.0,
    ),
    Role.CONNECTIONS: _B(
        family=Family.SATURATION, unit="1", title="open connections", gain=0.6, rough=0.05
    ),
    Role.CONNECTION_ERRORS: _B(
        family=Family.ERRORS,
        unit="1/min",
        title="DB connection errors",
        gain=0.5,
        rough=0.2,
        counts=True,
    ),
    Role.QUERY_LATENCY: _B(
        family=Family.LATENCY, unit="s", title="p95 query time", gain=0.2, rough=0.07, tail=1
    ),
    Role.QUEUE_LENGTH: _B(
        family=Family.SATURATION,
        unit="1",
        title="queue length",
        gain=0.8,
        rough=0.22,
        tail=1,
        counts=True,
    ),
    Role.QUEUE_AGE: _B(
        family=Family.LATENCY, unit="s", title="age of the oldest message", gain=0.3, rough=0.18
    ),
    Role.PROCESSED: _B(
        family=Family.TRAFFIC,
        unit="1/s",
        title="messages processed",
        bad=Direction.BOTH,
        gain=1.0,
        rough=0.045,
        noisier_when_quiet=True,
    ),
    Role.HIT_RATIO: _B(
        family=Family.AVAILABILITY,
        unit="1",
        title="cache hit ratio",
        bad=Direction.DOWN,
        gain=0.01,
        rough=0.006,
        wander=0.008,
        ceiling=1.0,
    ),
    Role.CLIENT_ERRORS: _B(
        family=Family.ERRORS,
        unit="1",
        title="error rate of calls",
        rough=0.18,
        tail=1,
        wander=0.05,
        noisier_when_quiet=True,
        ceiling=1.0,
    ),
    Role.CLIENT_LATENCY: _B(
        family=Family.LATENCY, unit="s", title="p95 latency of calls", gain=0.1, rough=0.07, tail=1
    ),
    Role.MONEY: _B(
        family=Family.KPI,
        unit="",
        title="revenue per minute",
        bad=Direction.DOWN,
        gain=1.0,
        rough=0.035,
        wander=0.02,
        noisier_when_quiet=True,
    ),
    Role.SUCCESSES: _B(
        family=Family.KPI,
        unit="1/min",
        title="successes per minute",
        bad=Direction.DOWN,
        gain=1.0,
        rough=0.04,
        wander=0.02,
        noisier_when_quiet=True,
    ),
}

_PLAIN: Final = {
    Role.REQUESTS: "requests_per_second",
    Role.ERRORS: "error_ratio",
    Role.LATENCY: "latency_p95_seconds",
    Role.CPU: "cpu_utilisation",
    Role.MEMORY: "memory_utilisation",
    Role.CONNECTIONS: "db_connections",
    Role.CONNECTION_ERRORS: "db_connection_errors",
    Role.QUERY_LATENCY: "db_query_p95_seconds",
    Role.QUEUE_LENGTH: "queue_length",
    Role.QUEUE_AGE: "queue_oldest_message_seconds",
    Role.PROCESSED: "messages_processed_per_second",
    Role.HIT_RATIO: "cache_hit_ratio",
    Role.CLIENT_ERRORS: "client_error_ratio",
    Role.CLIENT_LATENCY: "client_latency_p95_seconds",
}

_OTEL: Final = {
    Role.REQUESTS: "http_server_request_rate",
    Role.ERRORS: "http_server_request_errors_ratio",
    Role.LATENCY: "http_server_request_duration_p95",
    Role.CPU: "process_cpu_utilization",
    Role.MEMORY: "process_memory_utilization",
    Role.CONNECTIONS: "db_client_connection_count",
    Role.CONNECTION_ERRORS: "db_client_connection_failures",
    Role.QUERY_LATENCY: "db_client_operation_duration_p95",
    Role.QUEUE_LENGTH: "messaging_queue_depth",
    Role.QUEUE_AGE: "messaging_oldest_message_age",
    Role.PROCESSED: "messaging_process_rate",
    Role.HIT_RATIO: "cache_hits_ratio",
    Role.CLIENT_ERRORS: "http_client_request_errors_ratio",
    Role.CLIENT_LATENCY: "http_client_request_duration_p95",
}

_RULES: Final = {
    Role.REQUESTS: "job:requests:rate1m",
    Role.ERRORS: "job:request_failures:ratio1m",
    Role.LATENCY: "job:response_time:p95_1m",
    Role.CPU: "pod:cpu_usage:ratio",
    Role.MEMORY: "pod:memory_usage:ratio",
    Role.CONNECTIONS: "db:connections:sum",
    Role.CONNECTION_ERRORS: "db:connect_failures:increase1m",
    Role.QUERY_LATENCY: "db:query_time:p95_1m",
    Role.QUEUE_LENGTH: "queue:backlog:sum",
    Role.QUEUE_AGE: "queue:oldest_age:max",
    Role.PROCESSED: "worker:jobs_done:rate1m",
    Role.HIT_RATIO: "cache:hits:ratio1m",
    Role.CLIENT_ERRORS: "outbound:failures:ratio1m",
    Role.CLIENT_LATENCY: "outbound:response_time:p95_1m",
}

STYLES: Final = (_PLAIN, _OTEL, _RULES)
"""Metric names by role, one dict per house style; KPIs are named by their own declaration."""
