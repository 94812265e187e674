"""Outside monitors that send us their alerts: what `aiops.yaml` says of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from aiops.domain.labels import LabelRule
from aiops.settings.senders import SenderSettings

ALERT_KINDS: Final = ("alertmanager", "grafana", "cloudwatch", "events", "alerts")
"""Kinds of sources that send alerts: their ingesters have the same names."""

TOPIC_PATTERN: Final = r"^arn:aws(-[a-z]+)*:sns:[a-z0-9-]{1,40}:[0-9]{12}:[A-Za-z0-9_.-]{1,256}$"
"""The name of a topic of Amazon SNS."""

_NOTHING: Mapping[str, Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertLabelSettings:
    """Which labels of an alert say what: the first that is there counts."""

    service: tuple[str, ...] = ("service", "service_name", "app", "job")
    env: tuple[str, ...] = ("env", "environment")
    region: tuple[str, ...] = ("region",)
    segment: tuple[str, ...] = ("segment",)
    severity: tuple[str, ...] = ("severity", "priority")


ALERT_LABELS_OF: Final[Mapping[str, AlertLabelSettings]] = MappingProxyType(
    {
        "cloudwatch": AlertLabelSettings(
            service=(
                "service",
                "ServiceName",
                "FunctionName",
                "ApiName",
                "DBInstanceIdentifier",
                "DBClusterIdentifier",
                "CacheClusterId",
                "TableName",
                "QueueName",
            )
        )
    }
)
"""Which labels say what by a kind's own nature, where that is not the usual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSourceSettings(SenderSettings):
    """A source that sends us its alerts.

    Args:
        normalize: what is done to labels before they are read.
        labels: which labels say what.
        values: what a value is called here, by what it says and how the source calls it:
            `{"env": {"production": "prod"}}`.
        fields: of a source of kind `alerts`: where what is found, by dotted names.
        topics: of a source of kind `cloudwatch`: the topics whose messages are taken.
    """

    normalize: tuple[LabelRule, ...] = ()
    labels: AlertLabelSettings = field(default_factory=AlertLabelSettings)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: _NOTHING)
    fields: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    topics: tuple[str, ...] = ()

    def __hash__(self) -> int:
        """Return a number that equal settings share: what labels mean is remembered by it."""
        return hash(self.name)
