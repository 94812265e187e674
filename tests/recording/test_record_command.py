from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import yaml
from sqlalchemy import Engine

from aiops.clues.digest import digest
from aiops.demo.shop import Story
from aiops.domain.changes import Change, ChangeKind
from aiops.domain.clues import TelemetryBatch
from aiops.ingest import changes
from aiops.receivers.prometheus import create_app
from aiops.receivers.server import serve
from aiops.recording.read import read
from aiops.recording.telemetry import read_telemetry
from aiops.settings import load
from aiops.store.changes import ChangeStore
from aiops.store.clues import ClueStore
from aiops.store.engine import open_engine
from tests.builders import minute
from tests.clues.made import lines, trace
from tests.recording.conftest import settings_of
from workers.databases import migrate_all
from workers.offline.backtest import EXPORTS
from workers.offline.record import run_record

SINCE, UNTIL = "2026-04-18T09:50:00Z", "2026-04-18T10:10:00Z"


class Shop:
    """The story as a Prometheus holds it."""

    def __init__(self, story: Story) -> None:
        self.select = story.select
        self._now = story.ends_at.timestamp()

    def now(self) -> float:
        return self._now


def configure(story: Story, folder: Path, url: str) -> Path:
    """Write settings with two signals of the shop, and its topology; return the file's path."""
    settings = settings_of(story)
    wanted = ("error_ratio", "revenue_per_minute")
    signals = [
        {**one, "labels": ["operation"]}
        for one in settings["sources"]["shop"]["signals"]
        if one["name"] in wanted
    ]
    settings["sources"] = {"shop": {"url": url, "step_seconds": 60, "signals": signals}}
    settings["sinks"] = {"slack": {"kind": "slack"}}
    settings["topology"] = "shop.yaml"
    (folder / "shop.yaml").write_text(story.topology_yaml())
    path = folder / "aiops.yaml"
    path.write_text(yaml.safe_dump(settings, sort_keys=False))
    return path


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    """An environment with a database of its own and a secret."""
    own = {"AIOPS_DATA_DIR": str(tmp_path / "data"), "AIOPS_SLACK_BOT_TOKEN": "xoxb-secret"}
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    return own


HEARD = TelemetryBatch(
    heard=(("prod", minute(3)),),
    lines=(lines("card <*> declined by visa", 3),),
    traces=(trace("payment-service"),),
)


def hear(engine: Engine) -> None:
    """Store a line and a trace as the digest would."""
    clues = ClueStore(engine)
    waiting = replace(clues.waiting(1), batches=(HEARD,), versions={"prod": 0})
    clues.commit(waiting, digest(waiting.kept, waiting.batches))


def deploy() -> Change:
    return Change(
        id="ch-1",
        kind=ChangeKind.DEPLOY,
        service="payment-service",
        ref="2026.04.18-3",
        started_at=datetime(2026, 4, 18, 10, 1, tzinfo=UTC),
    )


def test_a_stretch_of_prometheus_and_the_stored_changes_become_a_recording(
    story: Story, tmp_path: Path, environ: Mapping[str, str]
) -> None:
    out = tmp_path / "out"
    with serve(create_app(Shop(story))) as url:
        config = configure(story, tmp_path, url)
        settings = load(config, environ)
        migrate_all(settings)
        engine = open_engine(settings.database_url, durable=True)
        store = ChangeStore(engine)
        store.record(deploy(), received_at=deploy().started_at + timedelta(seconds=1))
        hear(engine)
        engine.dispose()
        assert run_record(SINCE, UNTIL, out, config) == 0
    recording = read(out, changes)
    (prod,) = recording.environments
    expected = [
        one for one in story.series() if one.key.metric in ("error_ratio", "revenue_per_minute")
    ]
    assert {one.key for one in prod.shard.series} == {one.key for one in expected}
    times = prod.history.times
    assert [int(times[0]), int(times[-1])] == [
        int(datetime.fromisoformat(moment).timestamp()) for moment in (SINCE, UNTIL)
    ]
    revenue = next(one for one in expected if one.kpi)
    slot = next(n for n, one in enumerate(prod.shard.series) if one.key == revenue.key)
    wanted = story.values(times[0], times[-1], 60)[:, story.series().index(revenue)]
    np.testing.assert_allclose(prod.history.values[:, slot], wanted, rtol=1e-6)
    assert prod.shard.series[slot].kpi == "revenue per minute"
    assert [change.ref for change in recording.changes] == ["2026.04.18-3"]
    told, problems = read_telemetry(out, EXPORTS, "prod")
    assert (told.lines, told.traces, problems) == (HEARD.lines, HEARD.traces, ())
    assert recording.graph.callees("payment-service")
    written = "".join(path.read_text() for path in out.glob("*.yaml"))
    assert "secret" not in written
    assert "sinks" not in written


def test_without_a_database_metrics_are_recorded_and_that_is_said(
    story: Story,
    tmp_path: Path,
    environ: Mapping[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    with serve(create_app(Shop(story))) as url:
        config = configure(story, tmp_path, url)
        assert run_record(SINCE, UNTIL, tmp_path / "out", config) == 0
    assert "without stored changes" in capsys.readouterr().err
    assert read(tmp_path / "out", changes).environments


@pytest.mark.usefixtures("environ")
@pytest.mark.parametrize(
    ("since", "until", "told"),
    [
        ("yesterday", UNTIL, "--from and --to: 'yesterday' is no time"),
        (UNTIL, SINCE, "is not after --from"),
        (SINCE, UNTIL, "no source is configured"),
    ],
)
def test_what_cannot_be_recorded_is_one_clear_line(
    since: str, until: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "aiops.yaml"
    config.write_text("mode: observe\n")
    assert run_record(since, until, tmp_path / "out", config) == 2
    said = capsys.readouterr().err
    assert told in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_source_that_does_not_answer_is_named(
    story: Story,
    tmp_path: Path,
    environ: Mapping[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    del environ
    config = configure(story, tmp_path, "http://127.0.0.1:9")
    assert run_record(SINCE, UNTIL, tmp_path / "out", config) == 2
    assert "127.0.0.1:9" in capsys.readouterr().err
