"""The only reader of the environment and of `aiops.yaml`; gives out one frozen value."""

from aiops.settings.alert_sources import (
    ALERT_KINDS,
    TOPIC_PATTERN,
    AlertLabelSettings,
    AlertSourceSettings,
)
from aiops.settings.case_sources import CASE_EVENTS, CaseSourceSettings
from aiops.settings.change_sources import CHANGE_KINDS, ChangeSourceSettings
from aiops.settings.document import read as read_document
from aiops.settings.heartbeat import HeartbeatSettings
from aiops.settings.lint import lint
from aiops.settings.load import load
from aiops.settings.log_sources import JSON_LOGS, LogSourceSettings
from aiops.settings.maintenance_sources import MAINTENANCE, MaintenanceSourceSettings
from aiops.settings.metric_sources import (
    DeclaredSettings,
    LabelSettings,
    MetricSourceSettings,
    PrometheusSettings,
    SignalSettings,
)
from aiops.settings.pushed_sources import (
    PUSHED_KINDS,
    PushedSignalSettings,
    PushedSourceSettings,
    Reading,
    Selected,
)
from aiops.settings.row_sources import (
    ROW_KINDS,
    Aggregate,
    CsvSettings,
    RowSignalSettings,
    RowSourceSettings,
    SqlSettings,
)
from aiops.settings.senders import DIGEST, SIGNED_KINDS, SenderSettings, is_digest
from aiops.settings.span_sources import OTLP_TRACES, SpanSettings
from aiops.settings.values import BackFillSettings, Settings, SinkSettings, WebSettings

__all__ = [
    "ALERT_KINDS",
    "CASE_EVENTS",
    "CHANGE_KINDS",
    "DIGEST",
    "JSON_LOGS",
    "MAINTENANCE",
    "OTLP_TRACES",
    "PUSHED_KINDS",
    "ROW_KINDS",
    "SIGNED_KINDS",
    "TOPIC_PATTERN",
    "Aggregate",
    "AlertLabelSettings",
    "AlertSourceSettings",
    "BackFillSettings",
    "CaseSourceSettings",
    "ChangeSourceSettings",
    "CsvSettings",
    "DeclaredSettings",
    "HeartbeatSettings",
    "LabelSettings",
    "LogSourceSettings",
    "MaintenanceSourceSettings",
    "MetricSourceSettings",
    "PrometheusSettings",
    "PushedSignalSettings",
    "PushedSourceSettings",
    "Reading",
    "RowSignalSettings",
    "RowSourceSettings",
    "Selected",
    "SenderSettings",
    "Settings",
    "SignalSettings",
    "SinkSettings",
    "SpanSettings",
    "SqlSettings",
    "WebSettings",
    "is_digest",
    "lint",
    "load",
    "read_document",
]
