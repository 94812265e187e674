"""What one web process and the databases behind it take in, durably.

Each figure is measured through a real process: `web` starts the one that `aiops web` runs, and
`sender` is the load generator, in a process of its own. A further measurement is a module of its
own and a line in `MEASURED`.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from workers.bench.ingest.alerts import measure_alerts, measure_slow_commit
from workers.bench.ingest.metrics import measure_otlp, measure_remote_write
from workers.bench.ingest.polling import measure_polling
from workers.bench.ingest.sql import measure_sql

Say = Callable[[str], None]

MEASURED: Final[Mapping[str, Callable[[float], Mapping[str, Any]]]] = MappingProxyType(
    {
        "remote write": measure_remote_write,
        "OTLP metrics": measure_otlp,
        "alerts": measure_alerts,
        "alerts with 5 ms added to every commit": measure_slow_commit,
        "four processes writing SQL": measure_sql,
        "polling": measure_polling,
    }
)
"""What is measured, and by what: each is given how large it is to be (1: as users see it)."""


def bench_ingest(say: Say, scale: float = 1.0) -> dict[str, Any]:
    """Return the figures of this machine; what nobody measures is absent.

    Args:
        say: is told how far it is.
        scale: how long and large each measurement is; 1 is what the figures are promised for.
    """
    figures: dict[str, Any] = {}
    for what, measure in MEASURED.items():
        say(f"{what} …")
        figures |= measure(scale)
    return figures
