"""Traces that are counted: what `aiops.yaml` says of them."""

from dataclasses import dataclass
from typing import Final

from aiops.settings.metric_sources import MetricSourceSettings

OTLP_TRACES: Final = "otlp_traces"

MINUTE: Final = 60
"""Spans are counted by the minute: steps are multiples of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanSettings(MetricSourceSettings):
    """Rate, errors and duration of every service and call, counted from the spans that come."""

    kind: str = OTLP_TRACES
    delay_seconds: int = 30

    @property
    def address(self) -> str:
        """Return where they come."""
        return "/v1/traces"
