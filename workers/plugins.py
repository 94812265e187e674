"""Plug-ins by kind: built from their settings, imported on first use."""

from collections.abc import Mapping

from aiops.ingest import registry as ingest_registry
from aiops.notify import registry as notify_registry
from aiops.ports import Notifier, Source
from aiops.settings import Settings


def sources(settings: Settings) -> Mapping[str, Source]:
    """Return the configured sources by name."""
    return {one.name: ingest_registry.source(one, settings) for one in settings.sources}


def notifiers(settings: Settings) -> Mapping[str, Notifier]:
    """Return the configured sinks by name."""
    return {one.name: notify_registry.notifier(one, settings) for one in settings.sinks}
