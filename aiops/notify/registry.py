"""Sinks by kind: a literal table of our own, entry points for third parties."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.metadata import entry_points
from importlib.resources import files
from types import MappingProxyType
from typing import Protocol, cast

from aiops.domain.errors import ConfigurationError
from aiops.ports import ChangeNotifier, Notifier, PictureNotifier, UpdateNotifier
from aiops.settings import Settings, SinkSettings

ENTRY_POINTS = "aiops.notifiers"
"""The entry-point group third parties name their notifiers in."""

NOTIFIERS: Mapping[str, str] = MappingProxyType(
    {
        "pagerduty": "aiops.notify.pagerduty:PagerDuty",
        "slack": "aiops.notify.slack:Slack",
        "webhook": "aiops.notify.webhook:Webhook",
        "jira": "aiops.notify.jira:Jira",
        "email": "aiops.notify.email:Email",
    }
)
"""Kind → where its class is; imported on first use."""

PICTURE_NOTIFIERS: Mapping[str, str] = MappingProxyType(
    {"slack": "aiops.notify.slack_pictures:SlackPictures"}
)
"""Kind → where the class is that shows pictures there; the same."""


CHANGE_NOTIFIERS: Mapping[str, str] = MappingProxyType(
    {"pagerduty": "aiops.notify.pagerduty_changes:PagerDutyChanges"}
)
"""Kind → where the class is that shows changes there; the same."""


UPDATE_NOTIFIERS: Mapping[str, str] = MappingProxyType(
    {
        "pagerduty": "aiops.notify.pagerduty_updates:PagerDutyUpdates",
        "slack": "aiops.notify.slack_updates:SlackUpdates",
    }
)
"""Kind → where the class is that sends status updates there; the same."""


class UpdateNotifierClass(Protocol):
    """A class of what sends status updates: builds one from the settings of its sink."""

    def from_settings(self, sink: SinkSettings) -> UpdateNotifier:
        """Return what sends updates on `sink`; reaches out for nothing."""
        ...


class ChangeNotifierClass(Protocol):
    """A class of what shows changes: builds one from the settings of its sink."""

    def from_settings(self, sink: SinkSettings, settings: Settings) -> ChangeNotifier:
        """Return what shows changes on `sink`; reaches out for nothing."""
        ...


class PictureNotifierClass(Protocol):
    """A class of what shows pictures: builds one from the settings of its sink."""

    def from_settings(self, sink: SinkSettings) -> PictureNotifier:
        """Return what shows pictures on `sink`; reaches out for nothing."""
        ...


def page(name: str) -> str:
    """Return the user page of one of our notifiers, in Markdown.

    Raises:
        ConfigurationError: we have none of that name.
    """
    if name not in NOTIFIERS:
        raise ConfigurationError(
            f"there is no page about a sink {name!r}; there are: {', '.join(NOTIFIERS)}"
        )
    return files("aiops.notify").joinpath(f"{name}.md").read_text(encoding="utf-8")


class NotifierClass(Protocol):
    """A class of notifiers: builds one from its settings."""

    def from_settings(self, sink: SinkSettings, settings: Settings) -> Notifier:
        """Return the notifier that `sink` describes; reaches out for nothing."""
        ...


def kinds() -> tuple[str, ...]:
    """Return the kinds of notifiers that can be configured, ours first."""
    return (*NOTIFIERS, *sorted({name for name, _ in _foreign()} - set(NOTIFIERS)))


def notifier(sink: SinkSettings, settings: Settings) -> Notifier:
    """Return the notifier that the settings of a sink describe.

    Args:
        sink: which one, and its secrets.
        settings: for what all sinks share: teams, and the address of our pages.

    Raises:
        ConfigurationError: nothing of this kind is installed.
    """
    return _class_of(sink).from_settings(sink, settings)


def change_notifier(sink: SinkSettings, settings: Settings) -> ChangeNotifier | None:
    """Return what shows changes on a sink, None where it shows none."""
    path = CHANGE_NOTIFIERS.get(sink.kind)
    if path is None or not sink.changes:
        return None
    return cast("ChangeNotifierClass", _loaded(path)).from_settings(sink, settings)


def picture_notifier(sink: SinkSettings) -> PictureNotifier | None:
    """Return what shows pictures on a sink, None where it shows none."""
    path = PICTURE_NOTIFIERS.get(sink.kind)
    if path is None or not sink.pictures:
        return None
    return cast("PictureNotifierClass", _loaded(path)).from_settings(sink)


def update_notifier(sink: SinkSettings) -> UpdateNotifier | None:
    """Return what sends status updates on a sink, None where its kind takes none."""
    path = UPDATE_NOTIFIERS.get(sink.kind)
    if path is None:
        return None
    return cast("UpdateNotifierClass", _loaded(path)).from_settings(sink)


def _class_of(sink: SinkSettings) -> NotifierClass:
    path = NOTIFIERS.get(sink.kind) or dict(_foreign()).get(sink.kind)
    if path is None:
        raise ConfigurationError(
            f"sinks.{sink.name}.kind: there is no notifier {sink.kind!r};"
            f" expected one of {', '.join(kinds())}"
        )
    return cast("NotifierClass", _loaded(path))


def _loaded(path: str) -> object:
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)


def _foreign() -> Iterator[tuple[str, str]]:
    return ((point.name, point.value) for point in entry_points(group=ENTRY_POINTS))
