"""Ingesters by name; imported on first use, third parties through `aiops.ingesters`."""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from importlib.resources import files
from types import MappingProxyType
from typing import Any, cast

from aiops.domain.errors import ConfigurationError
from aiops.ports import Source
from aiops.settings import MetricSourceSettings, Settings

INGESTERS = MappingProxyType(
    {
        "prometheus": "aiops.ingest.prometheus.PrometheusSource",
        "csv": "aiops.ingest.csv_files.CsvSource",
        "sql": "aiops.ingest.sql.SqlSource",
        "changes": "aiops.ingest.changes.parse",
        "github": "aiops.ingest.github.parse",
        "gitlab": "aiops.ingest.gitlab.parse",
        "argocd": "aiops.ingest.argocd.parse",
        "kubernetes": "aiops.ingest.kubernetes.parse",
        "cdevents": "aiops.ingest.cdevents.parse",
        "launchdarkly": "aiops.ingest.launchdarkly.parse",
        "flagsmith": "aiops.ingest.flagsmith.parse",
        "unleash": "aiops.ingest.unleash.parse",
        "maintenance": "aiops.ingest.maintenance.parse",
        "case_events": "aiops.ingest.case_events.rows",
        "xes": "aiops.ingest.xes.rows",
        "otlp_logs": "aiops.ingest.otlp_logs.parse",
        "json_logs": "aiops.ingest.json_logs.parse",
        "otlp_traces": "aiops.ingest.otlp_traces.parse",
        "otlp_metrics": "aiops.ingest.otlp_metrics.parse",
        "remote_write": "aiops.ingest.remote_write.parse",
        "alertmanager": "aiops.ingest.alertmanager.parse",
        "grafana": "aiops.ingest.grafana.parse",
        "cloudwatch": "aiops.ingest.cloudwatch.parse",
        "events": "aiops.ingest.events.parse",
        "alerts": "aiops.ingest.alerts.parse",
    }
)
"""What we bring: sources that are pulled, and parsers of what is sent to us."""


@cache
def ingester_named(name: str) -> Callable[..., Any]:
    """Return an ingester: the class of a source, or the parse function of what is sent.

    Raises:
        ConfigurationError: nobody provides it.
    """
    path = INGESTERS.get(name)
    if path is not None:
        module, _, attribute = path.rpartition(".")
        return cast("Callable[..., Any]", getattr(import_module(module), attribute))
    for entry in entry_points(group="aiops.ingesters", name=name):
        return cast("Callable[..., Any]", entry.load())
    raise ConfigurationError(f"ingester {name!r} is not installed; known are {', '.join(names())}")


@cache
def names() -> tuple[str, ...]:
    """Return the names of all ingesters, sorted; ours win over third parties'."""
    return tuple(sorted({*INGESTERS, *(one.name for one in entry_points(group="aiops.ingesters"))}))


def source(one: MetricSourceSettings, settings: Settings) -> Source:
    """Return a configured source, ready to be pulled; it connects on first use.

    Raises:
        ConfigurationError: nobody provides its kind.
    """
    made = ingester_named(one.kind)(one, kpis=settings.kpis, default_env=settings.default_env)
    return cast("Source", made)


def page(name: str) -> str:
    """Return the user page of one of our ingesters, in Markdown.

    Raises:
        ConfigurationError: we have none of that name.
    """
    if name not in INGESTERS:
        raise ConfigurationError(
            f"there is no page about an ingester {name!r}; there are: {', '.join(INGESTERS)}"
        )
    return files("aiops.ingest").joinpath(f"{name}.md").read_text(encoding="utf-8")
