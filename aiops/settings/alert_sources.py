"""Outside monitors that send us their alerts: what `aiops.yaml` says of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from aiops.domain.labels import LabelRule
from aiops.settings.senders import SenderSettings

ALERT_KINDS: Final = ("alertmanager", "grafana", "events", "alerts")
"""Kinds of sources that send alerts: their ingesters have the same names."""

_NOTHING: Mapping[str, Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertLabelSettings:
    """Which labels of an alert say what: the first that is there counts."""

    service: tuple[str, ...] = ("service", "service_name", "app", "job")
    env: tuple[str, ...] = ("env", "environment")
    region: tuple[str, ...] = ("region",)
    segment: tuple[str, ...] = ("segment",)
    severity: tuple[str, ...] = ("severity", "priority")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSourceSettings(SenderSettings):
    """A source that sends us its alerts.

    Args:
        normalize: what is done to labels before they are read.
        labels: which labels say what.
        values: what a value is called here, by what it says and how the source calls it:
            `{"env": {"production": "prod"}}`.
        fields: of a source of kind `alerts`: where what is found, by dotted names.
    """

    normalize: tuple[LabelRule, ...] = ()
    labels: AlertLabelSettings = field(default_factory=AlertLabelSettings)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: _NOTHING)
    fields: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __hash__(self) -> int:
        """Return a number that equal settings share: what labels mean is remembered by it."""
        return hash(self.name)
