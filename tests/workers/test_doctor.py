"""Every fault, planted in a sound installation, is named with what to do about it."""

import os
import socket
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aiops.receivers import pagerduty, slack
from aiops.receivers.server import serve
from aiops.store.migrate import Database, check, migrate
from workers.doctor import examine
from workers.findings import Finding, Level
from workers.probes import LEAST_FREE_BYTES

ROUTING_KEY = "0123456789abcdef0123456789abcdef"
BOT_TOKEN = "xoxb-of-the-test"
NOBODY = 65534
RUNBOOK = "---\nid: RB-1\ntitle: Slow\n---\nLook.\n"


class Answers:
    """A Prometheus; what it gives can be changed.

    Args:
        series: their labels.
        rises: how much all values rise in a minute.
        ahead: how far its clock is ahead of ours.
    """

    def __init__(self) -> None:
        self.series: list[dict[str, str]] = [{"service": "checkout"}]
        self.rises = 0.0
        self.ahead = timedelta(0)

    async def __call__(self, request: Request) -> Response:
        if request.query_params["query"] == "sum(":
            error = "parse error: unclosed left parenthesis"
            return JSONResponse({"status": "error", "errorType": "bad_data", "error": error}, 400)
        if "start" in request.query_params:
            start, end, step = (
                int(request.query_params[name]) for name in ("start", "end", "step")
            )
            pairs = [
                [at, str(0.01 + self.rises * (at - start) / 60)]
                for at in range(start, end + 1, step)
            ]
            return self._success(
                "matrix", [{"metric": one, "values": pairs} for one in self.series]
            )
        if request.query_params["query"] == "time()":
            at = (now() + self.ahead).timestamp()
            return self._success("scalar", [at, str(at)])
        at = float(request.query_params["time"])
        return self._success(
            "vector", [{"metric": one, "value": [at, "0.01"]} for one in self.series]
        )

    @staticmethod
    def _success(kind: str, result: list[Any]) -> Response:
        return JSONResponse({"status": "success", "data": {"resultType": kind, "result": result}})

    def app(self) -> Starlette:
        """Return it as an application."""
        paths = ("/api/v1/query", "/api/v1/query_range")
        return Starlette(routes=[Route(path, self.__call__) for path in paths])


@dataclass
class Home:
    """A sound installation; tests break it."""

    folder: Path
    prometheus: Answers
    config: dict[str, Any]
    environ: dict[str, str]
    topology: dict[str, Any] = field(
        default_factory=lambda: {"services": {"checkout": {"owner": "web", "tier": 1}}}
    )

    @property
    def data(self) -> Path:
        return Path(self.environ["AIOPS_DATA_DIR"])

    def database(self, name: str = "aiops") -> Path:
        return self.data / f"{name}.db"

    def source(self, **changes: Any) -> None:
        self.config["sources"]["prom"].update(changes)

    def findings(self) -> list[Finding]:
        (self.folder / "aiops.yaml").write_text(yaml.safe_dump(self.config))
        topology = self.folder / "topology.yaml"
        if not topology.exists():
            topology.write_text(yaml.safe_dump(self.topology))
        return examine(self.folder / "aiops.yaml", self.environ)

    def wrong(self) -> list[str]:
        return [str(one) for one in self.findings() if one.level is not Level.OK]


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def receivers() -> Iterator[tuple[str, str, str, Answers]]:
    pages = pagerduty.PagerDutyLedger(routing_keys={ROUTING_KEY}, clock=now)
    chat = slack.SlackLedger(tokens={BOT_TOKEN: "B0001"}, channels={"C0001": "calls"}, clock=now)
    answers = Answers()
    with (
        serve(pagerduty.create_app(pages)) as page_url,
        serve(slack.create_app(chat)) as chat_url,
        serve(answers.app()) as prometheus_url,
    ):
        yield page_url, chat_url, prometheus_url, answers


@pytest.fixture
def home(receivers: tuple[str, str, str, Answers]) -> Iterator[Home]:
    pages, chat, prometheus, answers = receivers
    answers.__init__()  # type: ignore[misc]  # as new for every test
    # Not below pytest's directory: a test becomes another user, who must get there.
    with tempfile.TemporaryDirectory(prefix="aiops-doctor-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "runbooks").mkdir()
        (folder / "runbooks" / "RB-1.md").write_text(RUNBOOK)
        one = Home(
            folder,
            answers,
            config={
                "mode": "in_path",
                "topology": "topology.yaml",
                "runbooks": "runbooks",
                "environments": {"prod": {"pages": True}},
                "journeys": [{"name": "buying", "entry": "checkout", "owner": "web"}],
                "sources": {
                    "prom": {
                        "kind": "prometheus",
                        "url": prometheus,
                        "signals": [{"name": "error_ratio", "query": "e"}],
                    }
                },
                "sinks": {
                    "pagerduty": {"kind": "pagerduty", "events_url": f"{pages}/v2/enqueue"},
                    "slack": {"kind": "slack", "api_url": f"{chat}/api/", "channel": "C0001"},
                },
                "web": {"port": free_port(), "base_url": "https://aiops.example.com"},
            },
            environ={
                "AIOPS_DATA_DIR": str(folder / "data"),
                "AIOPS_PAGERDUTY_ROUTING_KEY": ROUTING_KEY,
                "AIOPS_SLACK_BOT_TOKEN": BOT_TOKEN,
                "AIOPS_SLACK_SIGNING_SECRET": "signed",
                "AIOPS_PAGERDUTY_WEBHOOK_SECRET": "told",
            },
        )
        one.data.mkdir()
        one.data.chmod(0o755)
        migrate(f"sqlite:///{one.database()}", Database.AIOPS)
        migrate(f"sqlite:///{one.database('history')}", Database.HISTORY)
        yield one


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def as_nobody() -> Iterator[None]:
    """Give up root's right to write everything; for others nothing changes."""
    mine = os.geteuid()
    if mine == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if mine == 0:
            os.seteuid(mine)


def test_a_sound_installation_has_nothing_in_the_way(home: Home) -> None:
    assert home.wrong() == []
    assert {one.what for one in home.findings()} == {
        "configuration",
        "heartbeat",
        "topology",
        "runbooks",
        "data directory",
        "web",
        "broker",
        "database aiops",
        "database history",
        "source prom",
        "sink pagerduty",
        "sink slack",
    }


def broker_down(home: Home) -> None:
    home.environ["REDIS_URL"] = "redis://127.0.0.1:1/0"


def database_behind(home: Home) -> None:
    with closing(sqlite3.connect(home.database())) as connection:
        connection.execute("DELETE FROM alembic_version_aiops")
        connection.commit()


def sink_that_takes_nothing(home: Home) -> None:
    with closing(sqlite3.connect(home.database())) as connection:
        row = ("live", "pagerduty", "2026-04-18 10:00:00", 7, "2026-04-18 10:00:00")
        connection.execute(
            "INSERT INTO sinks (origin, name, due_at, failures, closed_until) VALUES (?,?,?,?,?)",
            row,
        )
        connection.commit()


def database_ahead(home: Home) -> None:
    with closing(sqlite3.connect(home.database())) as connection:
        connection.execute("UPDATE alembic_version_aiops SET version_num = 'next'")
        connection.commit()


def database_missing(home: Home) -> None:
    home.environ["AIOPS_DATABASE_URL"] = f"sqlite:///{home.folder}/elsewhere/aiops.db"
    home.environ["REDIS_URL"] = "redis://127.0.0.1:1/0"


def database_damaged(home: Home) -> None:
    home.database("history").write_bytes(b"no database at all" * 100)


def postgres_down(home: Home) -> None:
    home.environ["AIOPS_DATABASE_URL"] = "postgresql://aiops@127.0.0.1:1/aiops"


def directory_impossible(home: Home) -> None:
    (home.folder / "file").write_text("")
    home.environ["AIOPS_DATA_DIR"] = str(home.folder / "file" / "data")


def source_down(home: Home) -> None:
    home.source(url="http://127.0.0.1:1")


def source_elsewhere(home: Home) -> None:
    home.source(url=f"{home.config['sources']['prom']['url']}/prometheus")


def source_empty(home: Home) -> None:
    home.prometheus.series = []


def source_refuses(home: Home) -> None:
    home.source(signals=[{"name": "error_ratio", "query": "sum("}])


def series_without_owner(home: Home) -> None:
    home.prometheus.series = [{"service": "checkout"}, {"pod": "a"}]


def series_of_an_unknown_service(home: Home) -> None:
    home.prometheus.series = [{"service": "chekout"}]


def series_of_an_unknown_environment(home: Home) -> None:
    home.prometheus.series = [{"service": "checkout", "env": "prd"}]


def no_source(home: Home) -> None:
    del home.config["sources"]


def sink_down(home: Home) -> None:
    home.config["sinks"]["pagerduty"]["events_url"] = "http://127.0.0.1:1/v2/enqueue"


def notes_unreachable(home: Home) -> None:
    home.environ["AIOPS_PAGERDUTY_WRITE_TOKEN"] = "writes"
    home.config["sinks"]["pagerduty"] |= {
        "rest_url": "http://127.0.0.1:1",
        "write_as": "aiops@shop.example",
    }


def slack_token_wrong(home: Home) -> None:
    home.environ["AIOPS_SLACK_BOT_TOKEN"] = "xoxb-another"


def slack_is_none(home: Home) -> None:
    home.config["sinks"]["slack"]["api_url"] = home.config["sources"]["prom"]["url"]


def secret_missing(home: Home) -> None:
    del home.environ["AIOPS_PAGERDUTY_ROUTING_KEY"]


def journey_of_an_unknown_service(home: Home) -> None:
    home.config["journeys"][0]["entry"] = "chekout"


def default_env_unknown(home: Home) -> None:
    home.config["default_env"] = "live"


def topology_mistyped(home: Home) -> None:
    (home.folder / "topology.yaml").write_text(
        "services:\n  checkout:\n    owner: web\n    kind: databse\n"
    )


def topology_no_yaml(home: Home) -> None:
    (home.folder / "topology.yaml").write_text("services: [\n")


def runbook_broken(home: Home) -> None:
    (home.folder / "runbooks" / "RB-2.md").write_text("---\nid: RB-2\n---\n")


def runbook_twice(home: Home) -> None:
    (home.folder / "runbooks" / "RB-2.md").write_text(RUNBOOK)


def runbook_unreadable(home: Home) -> None:
    (home.folder / "runbooks" / "RB-3.md").write_bytes(b"\xff\xfe")


def settings_wrong(home: Home) -> None:
    home.config["modus"] = "observe"
    home.config["settle_seconds"] = "soon"


FAULTS: list[tuple[Callable[[Home], None], Level, str, list[str]]] = [
    (broker_down, Level.FAULT, "broker", ["does not answer", "start it, or correct REDIS_URL"]),
    (database_behind, Level.FAULT, "database aiops", ["behind", "run `aiops migrate`"]),
    (database_ahead, Level.FAULT, "database aiops", ["ahead", "install that one"]),
    (database_missing, Level.FAULT, "database aiops", ["no such database", "`aiops migrate`"]),
    (database_damaged, Level.FAULT, "database history", ["damaged", "restore a backup"]),
    (postgres_down, Level.FAULT, "database aiops", ["does not answer", "is it running?"]),
    (directory_impossible, Level.FAULT, "data directory", ["AIOPS_DATA_DIR"]),
    (source_down, Level.FAULT, "source prom", ["no answer", "is it running", "sources.prom.url"]),
    (source_elsewhere, Level.FAULT, "source prom", ["404", "`sources.prom.url` ends before"]),
    (source_empty, Level.FAULT, "source prom", ["no signal has a value", "`signals:`"]),
    (source_refuses, Level.FAULT, "source prom", ["parse error", "correct the query"]),
    (series_without_owner, Level.WARNING, "source prom", ["{pod='a'}", "sum by (service)"]),
    (series_of_an_unknown_service, Level.WARNING, "source prom", ["chekout", "topology.yaml"]),
    (series_of_an_unknown_environment, Level.WARNING, "source prom", ["'prd'", "environments:"]),
    (no_source, Level.FAULT, "sources", ["nothing will be watched", "declare `sources:`"]),
    (sink_down, Level.FAULT, "sink pagerduty", ["gave no answer", "check `sinks.pagerduty`"]),
    (sink_that_takes_nothing, Level.FAULT, "sink pagerduty", ["7 times", "`aiops deliveries"]),
    (
        notes_unreachable,
        Level.FAULT,
        "notes of pagerduty",
        ["AIOPS_PAGERDUTY_WRITE_TOKEN", "no connection"],
    ),
    (slack_token_wrong, Level.FAULT, "sink slack", ["invalid_auth", "AIOPS_SLACK_BOT_TOKEN"]),
    (slack_is_none, Level.FAULT, "sink slack", ["does not speak as Slack", "`api_url`"]),
    (secret_missing, Level.FAULT, "configuration", ["AIOPS_PAGERDUTY_ROUTING_KEY in the env"]),
    (journey_of_an_unknown_service, Level.WARNING, "configuration", ["did you mean 'checkout'?"]),
    (default_env_unknown, Level.WARNING, "configuration", ["default_env 'live'", "known: prod"]),
    (topology_mistyped, Level.FAULT, "topology", ["topology.yaml:4:", "databse"]),
    (topology_no_yaml, Level.FAULT, "topology", ["topology.yaml:"]),
    (runbook_broken, Level.FAULT, "runbooks", ["RB-2.md", "title"]),
    (runbook_twice, Level.FAULT, "runbooks", ["2 runbooks are called RB-1", "its own `id`"]),
    (runbook_unreadable, Level.FAULT, "runbooks", ["RB-3.md", "expected UTF-8"]),
    (settings_wrong, Level.FAULT, "configuration", ["settle_seconds", "a whole number"]),
]


@pytest.mark.parametrize(
    ("plant", "level", "what", "words"), FAULTS, ids=[plant.__name__ for plant, *_ in FAULTS]
)
def test_a_fault_is_named_with_what_to_do(
    home: Home, plant: Callable[[Home], None], level: Level, what: str, words: list[str]
) -> None:
    plant(home)
    found = [one.text for one in home.findings() if (one.what, one.level) == (what, level)]
    assert any(all(word in text for word in words) for text in found), found


def test_every_wrong_setting_is_told_at_once(home: Home) -> None:
    settings_wrong(home)
    told = "\n".join(home.wrong())
    assert "modus" in told
    assert "settle_seconds" in told


def test_a_broken_topology_hides_no_broken_runbook(home: Home) -> None:
    topology_no_yaml(home)
    runbook_broken(home)
    assert {one.what for one in home.findings() if one.is_fault} == {"topology", "runbooks"}


def test_a_refused_query_is_shown_beside_those_that_work(home: Home) -> None:
    home.source(signals=[{"name": "good", "query": "e"}, {"name": "bad", "query": "sum("}])
    warned, fine = (one for one in home.findings() if one.what == "source prom")
    assert (warned.level, fine.level) == (Level.WARNING, Level.OK)
    assert "signal 'bad'" in warned.text
    assert "parse error" in warned.text
    assert "1 series with values" in fine.text


def test_a_database_that_can_only_be_read_is_a_fault(home: Home) -> None:
    home.findings()
    home.database().chmod(0o444)
    with as_nobody():
        told = [one.text for one in examine_quietly(home) if one.what == "database aiops"]
    assert told == [
        f"{home.database()} cannot be written (Permission denied); check its owner, mode and mount"
    ]


def examine_quietly(home: Home) -> list[Finding]:
    """Examine what was written before, without writing."""
    return examine(home.folder / "aiops.yaml", home.environ)


def test_a_directory_that_can_only_be_read_is_a_fault(home: Home) -> None:
    home.findings()
    home.data.chmod(0o555)
    with as_nobody():
        (told,) = [one for one in examine_quietly(home) if one.what == "data directory"]
    home.data.chmod(0o755)
    assert told.is_fault
    assert "cannot be written (Permission denied)" in told.text


def test_databases_that_are_not_there_yet_are_no_fault_where_up_makes_them(home: Home) -> None:
    home.environ["AIOPS_DATA_DIR"] = str(home.folder / "new")
    assert home.wrong() == []
    assert not (home.folder / "new").exists()


def test_a_postgresql_that_is_up_to_date_is_fine(home: Home, postgres_url: str) -> None:
    for which in Database:
        migrate(postgres_url, which)
        assert check(postgres_url, which)
    home.environ["AIOPS_DATABASE_URL"] = postgres_url
    assert home.wrong() == []


def test_a_broker_that_answers_is_named_with_its_version(home: Home, redis_url: str) -> None:
    home.environ["REDIS_URL"] = redis_url
    (told,) = [one.text for one in home.findings() if one.what == "broker"]
    assert told.startswith("Redis ")
    assert told.endswith(" answers")


def test_a_taken_port_is_a_fault(home: Home) -> None:
    with socket.create_server(("127.0.0.1", home.config["web"]["port"])):
        (told,) = home.wrong()
    assert "Address already in use" in told
    assert "choose another `web.port`" in told


def test_a_running_installation_is_told_and_its_port_is_its_own(home: Home) -> None:
    from workers.directory_lock import DirectoryLock

    with (
        DirectoryLock(home.data),
        socket.create_server(("127.0.0.1", home.config["web"]["port"])),
    ):
        assert home.wrong() == []
        told = [one.text for one in home.findings() if one.what == "data directory"]
    assert told == [f"{home.data} is in use: process {os.getpid()} runs aiops"]


def test_values_that_do_not_reach_back_a_day_are_told(home: Home) -> None:
    class Fresh(Answers):
        async def __call__(self, request: Request) -> Response:
            if float(request.query_params.get("time", "inf")) < now().timestamp() - 3600:
                self.series = []
            return await super().__call__(request)

    with serve(Fresh().app()) as url:
        home.source(url=url)
        (told,) = home.wrong()
    assert "no series has a value a day ago" in told


def test_a_source_whose_clock_is_wrong_is_told(home: Home) -> None:
    home.prometheus.ahead = timedelta(minutes=-61)
    (told,) = home.wrong()
    assert "source prom" in told
    assert "its clock is 1 h behind ours: set both by NTP" in told


def test_a_counter_that_is_queried_as_it_is_is_recognised_by_its_values(home: Home) -> None:
    counting = Answers()
    counting.rises = 12.0
    with serve(counting.app()) as url:
        home.source(url=url)
        (told,) = home.wrong()
    assert "these only rise, as counters do" in told
    assert "checkout:" in told


def test_no_settings_at_all_are_told_with_how_to_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (told,) = examine(None, {})
    assert told.is_fault
    assert "aiops init" in told.text


def test_nothing_is_left_behind(home: Home) -> None:
    home.findings()
    before = sorted(path.name for path in home.folder.rglob("*"))
    home.findings()
    assert sorted(path.name for path in home.folder.rglob("*")) == before


def test_the_room_it_asks_for_is_small() -> None:
    assert LEAST_FREE_BYTES <= 2**30
