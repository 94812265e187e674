"""Three ways through the product for one recorded stretch of the demo's story.

Run by path it prints what two of them make of it, for another process to compare.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from aiops import settings as configuration
from aiops.backtest import Replay, Result, run
from aiops.demo.shop import Story
from aiops.domain.policies import LifePolicy
from aiops.domain.pulled import Sample
from aiops.domain.ticks import History, Shard
from aiops.incident.export import export_all
from aiops.settings import Settings
from tests.workers.installation import HandClock, Installation, settings_in
from workers import knowledge

HISTORY = timedelta(days=14)
HISTORY_STEP_SECONDS = 300
SINKS = ("pagerduty", "slack")
AFTER = timedelta(minutes=25)
"""How long after the story's end the last watch is over."""

LIFE = LifePolicy(mitigated_after_seconds=600, watch_seconds=600)


@dataclass
class StorySource:
    """The demo's shop as a source of metrics."""

    story: Story
    name: str = "shop"
    step_seconds: int = 60
    delay_seconds: int = 2
    complaints: Mapping[str, str] = field(default_factory=dict)

    def now(self) -> datetime | None:
        return None

    def close(self) -> None:
        pass

    def pull(self, start: datetime, end: datetime, step_seconds: int) -> Sequence[Sample]:
        values = self.story.values(start.timestamp(), end.timestamp(), step_seconds)
        return [
            Sample(series=series, values=values[:, column])
            for column, series in enumerate(self.story.series())
        ]


def write_config(story: Story, directory: Path) -> Path:
    """Write the shop's settings as a user's would be; return the path of aiops.yaml."""
    (directory / "topology.yaml").write_text(story.topology_yaml(), encoding="utf-8")
    config = {"mode": "in_path", **story.config(), "topology": "topology.yaml"}
    config.pop("signals")
    path = directory / "aiops.yaml"
    path.write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    return path


def settings_of(story: Story, directory: Path, redis_url: str) -> Settings:
    """Return the settings of an installation of its own that watches the shop."""
    directory.mkdir(parents=True, exist_ok=True)
    loaded = configuration.load(write_config(story, directory), {"AIOPS_DATA_DIR": str(directory)})
    own = settings_in(directory, redis_url)
    paging = replace(loaded.policies.paging, page_sinks=SINKS, ticket_sinks=SINKS[1:])
    return replace(
        loaded,
        policies=replace(loaded.policies, paging=paging, life=LIFE),
        database_url=own.database_url,
        history_url=own.history_url,
        redis_url=redis_url,
    )


def end_of(story: Story) -> datetime:
    """Return the last tick that is worked."""
    return story.ends_at + AFTER


def backtested(story: Story, settings: Settings) -> Result:
    """Work the stretch through the pure pipeline alone."""
    since = story.live_from - HISTORY

    def table(start: datetime, end: datetime, step_seconds: int) -> History:
        values = story.values(start.timestamp(), end.timestamp(), step_seconds)
        first = int(start.timestamp())
        times = first + step_seconds * np.arange(len(values), dtype=np.int64)
        return History(times=times, values=values.astype(np.float32))

    live = table(story.live_from + timedelta(minutes=1), end_of(story), 60)
    replay = Replay(
        shard=Shard(id="shop.prod.0", env="prod", step_seconds=60, series=story.series()),
        chunks=lambda: iter([live]),
        changes=story.events,
        baseline=table(since, story.live_from, HISTORY_STEP_SECONDS),
    )
    return run(replay, knowledge.standing(settings))


def prepared(story: Story, settings: Settings) -> Installation:
    """Return an installation at the story's beginning: history back-filled and fitted."""
    parts = Installation(settings, HandClock(story.live_from + timedelta(seconds=2)))
    parts.fed["shop"] = StorySource(story)
    parts.poll.back_fill("shop", HISTORY, HISTORY_STEP_SECONDS)
    for change in story.events:
        parts.changes.record(change, received_at=change.started_at)
    parts.fit.due()
    assert "fit.shard" in parts.drain()
    return parts


def worked(story: Story, settings: Settings, strides: Iterable[int] = (1,)) -> Installation:
    """Work the stretch through the stages as they would live.

    Args:
        story: what happens.
        settings: of a fresh installation.
        strides: after how many minutes the source is polled, again and again.
    """
    parts = prepared(story, settings)
    for minutes in cycle(strides):
        if parts.hand.at >= end_of(story):
            return parts
        parts.hand.at = min(
            parts.hand.at + timedelta(minutes=minutes), end_of(story) + timedelta(seconds=2)
        )
        work_now(parts)
    raise AssertionError("no strides were given")


def caught_up(story: Story, settings: Settings, until: datetime) -> Installation:
    """Work the stretch up to `until` at once, as after a downtime."""
    parts = prepared(story, settings)
    parts.hand.at = until + timedelta(seconds=2)
    work_now(parts)
    return parts


def work_now(parts: Installation) -> None:
    """Poll the source, and do all that follows from it."""
    parts.poll.run("shop")
    parts.drain()


def exported(parts: Installation) -> list[dict[str, Any]]:
    """Return the incidents of an installation as other programs read them."""
    return export_all(parts.incidents.recent(1000))


def main(directory: str, redis_url: str) -> None:
    """Print what the backtest and a catching-up installation make of the story, as JSON."""
    story = Story()
    settings = settings_of(story, Path(directory), redis_url)
    found = {
        "backtest": export_all(backtested(story, settings).incidents),
        "caught up": exported(caught_up(story, settings, end_of(story))),
    }
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
