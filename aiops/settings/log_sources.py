"""Who sends us logs as JSON lines: what `aiops.yaml` says of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from aiops.domain.labels import LabelRule
from aiops.settings.metric_sources import LabelSettings
from aiops.settings.senders import SenderSettings

JSON_LOGS: Final = "json_logs"
"""The kind of these sources, and the name of their ingester."""

LOG_FIELDS: Final = ("time", "level", "message", "trace_id")
"""What of a line may be named in `fields`."""

LABELS: Final = LabelSettings(
    service=("service.name", "service", "dd.service", "app", "application"),
    env=("deployment.environment.name", "service.environment", "environment", "env", "dd.env"),
    region=("cloud.region", "region"),
    segment=("segment",),
)
"""Which fields carry service, env, region and segment where the settings do not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSourceSettings(SenderSettings):
    """A source of logs as JSON lines.

    Args:
        service: whose lines are that name no service; empty: they are refused.
        time_zone: of local times, which are refused without one.
        fields: where time, level, message and trace_id stand, for those that are not where common
            loggers write them; a dot leads into an object.
        labels: which fields carry service, env, region and segment.
        normalize: what is done to labels before they are read.
    """

    kind: str = JSON_LOGS
    service: str = ""
    time_zone: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    labels: LabelSettings = LABELS
    normalize: tuple[LabelRule, ...] = ()
