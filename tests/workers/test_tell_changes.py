"""Changes of a running installation, shown once each on the sinks that show them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from aiops.domain.changes import Change, ChangeKind
from aiops.settings import Settings, SinkSettings
from tests.builders import change, minute
from tests.workers.installation import HandClock, Installation, RecordingSink
from workers.plugins import change_notifiers

SHOWS = "pagerduty changes"


@dataclass
class Shelf(RecordingSink):
    """A sink that shows changes."""

    def change_payload(self, change: Change) -> Mapping[str, Any]:
        return {"ref": change.ref}


@pytest.fixture
def shelf(parts: Installation) -> Shelf:
    made = Shelf(SHOWS)
    parts.__dict__["change_sinks"] = {SHOWS: made}
    parts.hand = HandClock(minute(30))
    parts.wall = parts.hand
    return made


def record(parts: Installation, *changes: Change) -> None:
    for one in changes:
        parts.changes.record(one, received_at=minute(30))


def pass_on(parts: Installation, times: int = 1) -> None:
    for _ in range(times):
        parts.hand.move(30)
        parts.tell_changes.run()
        parts.deliver.sweep()
        parts.drain()


def shown(shelf: Shelf) -> list[str]:
    return [payload["ref"] for _, payload in shelf.sent]


def test_deploys_flags_and_configs_are_shown_once_each_in_their_order(
    parts: Installation, shelf: Shelf
) -> None:
    flag = change("checkout", kind=ChangeKind.FLAG, ref="new-cart", at=20)
    record(parts, flag, change(at=10), change(ref="v9", kind=ChangeKind.CONFIG, at=15))
    pass_on(parts, 3)
    assert shown(shelf) == ["2026.04.18-3", "v9", "new-cart"]
    record(parts, replace(flag, ended_at=minute(29), status="off"))
    pass_on(parts)
    assert len(shelf.sent) == 3, "its end is no other change"


@pytest.mark.parametrize(
    "one",
    [
        change(at=-31),
        change(at=10, kind=ChangeKind.SCALING),
        change(at=10, kind=ChangeKind.MAINTENANCE),
        replace(change(at=10), env="staging"),
    ],
)
def test_what_is_history_routine_or_elsewhere_is_not(
    parts: Installation, shelf: Shelf, one: Change
) -> None:
    record(parts, one)
    pass_on(parts)
    assert shown(shelf) == []


def test_only_a_sink_that_is_told_to_shows_changes() -> None:
    pd = SinkSettings(name="pd", kind="pagerduty", url="https://e.example/v2/enqueue")
    chat = SinkSettings(name="chat", kind="slack", url="https://s.example/api/", changes=True)
    settings = Settings(sinks=(pd, chat))
    assert change_notifiers(settings) == {}
    showing = replace(settings, sinks=(replace(pd, changes=True),))
    (name,) = change_notifiers(showing)
    assert name == "pd changes"
