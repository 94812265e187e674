"""Outside monitors that send us their alerts: what `aiops.yaml` says of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from pydantic import SecretStr

ALERT_KINDS: Final = ("alertmanager", "events")
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
class AlertSourceSettings:
    """A source that sends us its alerts.

    Args:
        name: of the source, as it appears in symptoms.
        kind: the ingester that reads its bodies.
        labels: which labels say what.
        values: what a value is called here, by what it says and how the source calls it:
            `{"env": {"production": "prod"}}`.
        tokens: one of them must be presented; each may be written as `sha256:` and its digest.
        token_env: the environment variable they should come from, if one is named.
    """

    name: str
    kind: str
    labels: AlertLabelSettings = field(default_factory=AlertLabelSettings)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: _NOTHING)
    tokens: tuple[SecretStr, ...] = ()
    token_env: str | None = None
