"""Plug-ins by kind: built from their settings, imported on first use."""

from collections.abc import Mapping

from aiops.ingest import registry as ingest_registry
from aiops.notify import registry as notify_registry
from aiops.ports import ChangeNotifier, Notifier, PictureNotifier, Source, UpdateNotifier
from aiops.settings import Settings, SpanSettings


def sources(settings: Settings) -> Mapping[str, Source]:
    """Return the configured sources that others answer, by name."""
    return {
        one.name: ingest_registry.source(one, settings)
        for one in settings.sources
        if not isinstance(one, SpanSettings)
    }


def notifiers(settings: Settings) -> Mapping[str, Notifier]:
    """Return the configured sinks by name."""
    return {one.name: notify_registry.notifier(one, settings) for one in settings.sinks}


def change_notifiers(settings: Settings) -> Mapping[str, ChangeNotifier]:
    """Return where changes are shown beside the configured sinks, by its name in the outbox."""
    shown = (notify_registry.change_notifier(one, settings) for one in settings.sinks)
    return {one.name: one for one in shown if one is not None}


def update_notifiers(settings: Settings) -> Mapping[str, UpdateNotifier]:
    """Return where status updates go beside the configured sinks, by its name in the outbox."""
    sending = (notify_registry.update_notifier(one) for one in settings.sinks)
    return {one.name: one for one in sending if one is not None}


def picture_notifiers(settings: Settings) -> Mapping[str, PictureNotifier]:
    """Return where the pictures of the configured sinks go, by its name in the outbox."""
    shown = (notify_registry.picture_notifier(one) for one in settings.sinks)
    return {one.name: one for one in shown if one is not None}
