"""Sets the stage: a directory of its own, the receivers, the shop's metrics, and the settings."""

import secrets
import shutil
import socket
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from aiops import settings as configuration
from aiops.demo.shop import Story
from aiops.domain.errors import ConfigurationError
from aiops.receivers import pagerduty, prometheus, slack
from aiops.receivers.server import serve
from aiops.settings import Settings
from workers.clock import FastClock, FileClock, write_clock
from workers.directory_lock import DirectoryLock

RATE = 100.0
"""Product seconds per real second: an hour of the shop in 40 seconds."""

CHANNEL = "C0001"
SOURCE = "shop"

_REFUSED = ("AIOPS_DATABASE_URL", "AIOPS_HISTORY_URL", "REDIS_URL", "AIOPS_CONFIG")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Everything the demo plays on.

    Args:
        directory: holds its settings, databases, Redis, logs and records.
        environ: the environment of its processes, secrets included.
        clock_path: the file all of them read the time from.
    """

    story: Story
    directory: Path
    settings: Settings
    environ: Mapping[str, str]
    clock_path: Path
    clock: FileClock
    pagerduty: pagerduty.PagerDutyLedger
    slack: slack.SlackLedger
    signing_secret: str

    @property
    def console(self) -> str:
        """Base URL of the web server."""
        return self.settings.web.base_url


@contextmanager
def staged(story: Story, directory: Path, environ: Mapping[str, str]) -> Iterator[Stage]:
    """Set the stage and serve the receivers and the shop's metrics on loopback.

    What an earlier demo left in the directory is removed.

    Raises:
        ConfigurationError: the environment names a database or Redis: those are not for a demo.
    """
    refused = [name for name in _REFUSED if environ.get(name)]
    if refused:
        raise ConfigurationError(
            f"{refused[0]} is set: the demo keeps to a directory of its own; unset it"
        )
    _empty(directory)
    clock_path = directory / "clock"
    write_clock(clock_path, _standing(story))
    clock = FileClock(clock_path)
    routing_key, bot_token = secrets.token_hex(16), f"xoxb-{secrets.token_hex(12)}"
    signing_secret = secrets.token_hex(16)
    pages = pagerduty.PagerDutyLedger(
        routing_keys={routing_key}, clock=clock.now, path=directory / "pagerduty.jsonl"
    )
    chat = slack.SlackLedger(
        tokens={bot_token: "B0001"},
        channels={CHANNEL: "incidents"},
        clock=clock.now,
        path=directory / "slack.jsonl",
    )
    with ExitStack() as stack:
        urls = {
            "pagerduty": stack.enter_context(serve(pagerduty.create_app(pages))),
            "slack": stack.enter_context(serve(slack.create_app(chat))),
            "prometheus": stack.enter_context(serve(prometheus.create_app(_Shop(story, clock)))),
        }
        config = _write_settings(story, directory, urls)
        own = {
            **environ,
            "AIOPS_CONFIG": str(config),
            "AIOPS_DATA_DIR": str(directory / "state"),
            "AIOPS_ORIGIN": "demo",
            "AIOPS_CLOCK": str(clock_path),
            "AIOPS_PAGERDUTY_ROUTING_KEY": routing_key,
            "AIOPS_SLACK_BOT_TOKEN": bot_token,
            "AIOPS_SLACK_SIGNING_SECRET": signing_secret,
        }
        yield Stage(
            story=story,
            directory=directory,
            settings=configuration.load(config, own),
            environ=own,
            clock_path=clock_path,
            clock=clock,
            pagerduty=pages,
            slack=chat,
            signing_secret=signing_secret,
        )


def _empty(directory: Path) -> None:
    """Make the directory anew, once every child of an earlier demo has let go of it.

    Raises:
        DirectoryInUseError: such a child is still alive after several seconds.
    """
    for lock in sorted(directory.rglob("lock")):
        with DirectoryLock(lock.parent, leftover_pid_file=lock.parent / "redis.pid"):
            pass
    if directory.exists():
        shutil.rmtree(directory)
    directory.mkdir(parents=True, mode=0o700)


def _standing(story: Story) -> FastClock:
    """Return a clock that stands where the live part begins; beat may ask it for its rate."""
    return FastClock(started_at=0.0, origin=story.live_from, rate=RATE, ends_at=story.live_from)


class _Shop:
    """The story as the loopback Prometheus asks for it: nothing from the future."""

    def __init__(self, story: Story, clock: FileClock) -> None:
        self._clock = clock
        self.select = story.select

    def now(self) -> float:
        """Return the newest instant there is a sample of, in epoch seconds."""
        return self._clock.now().timestamp()


def _write_settings(story: Story, directory: Path, urls: Mapping[str, str]) -> Path:
    shop: dict[str, Any] = dict(story.config())
    kept = _further_labels(story)
    signals = [{**signal, "labels": kept[signal["name"]]} for signal in shop.pop("signals")]
    port = _free_port()
    config = {
        "mode": "in_path",
        **shop,
        "topology": "topology.yaml",
        "sources": {
            SOURCE: {
                "kind": "prometheus",
                "url": urls["prometheus"],
                "step_seconds": 60,
                "back_fill_days": 21,
                "back_fill_step_seconds": 300,
                "signals": signals,
            }
        },
        "sinks": {
            "pagerduty": {
                "kind": "pagerduty", "events_url": f"{urls['pagerduty']}/v2/enqueue",
            },
            "slack": {
                "kind": "slack", "api_url": f"{urls['slack']}/api/", "channel": CHANNEL,
            },
        },
        "life": {"mitigated_after_seconds": 180},
        "catch_up_seconds": 6 * 3600,  # also what a crash of some seconds delays is paged
        "web": {"host": "127.0.0.1", "port": port, "base_url": f"http://127.0.0.1:{port}"},
    }  # fmt: skip
    (directory / "topology.yaml").write_text(story.topology_yaml(), encoding="utf-8")
    path = directory / "aiops.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path


def _further_labels(story: Story) -> dict[str, list[str]]:
    """Return which labels beside service, env, region and segment each metric's series carry."""
    found: dict[str, set[str]] = defaultdict(set)
    for series in story.series():
        found[series.key.metric].update(name for name, _ in series.key.labels)
    return {metric: sorted(names) for metric, names in found.items()}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
