"""The command line as its users meet it: help, examples, errors in one line, fast to import."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from aiops.domain.errors import ConfigurationError
from aiops.ingest.registry import INGESTERS
from aiops.notify.registry import NOTIFIERS
from workers import cli
from workers.directory_lock import DirectoryLock

ROOT = typer.main.get_command(cli.app)
SOURCE = """
sources:
  prom:
    kind: prometheus
    url: http://127.0.0.1:1
    signals: [{name: up, query: up}]
"""
HEAVY = (
    *("numpy", "sklearn", "statsmodels", "scipy"),
    *("fastapi", "vl_convert", "sqlalchemy", "celery"),
)


def paths(command: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield every command by the words that call it, the groups too."""
    yield path
    if isinstance(command, TyperGroup):
        for name, one in command.commands.items():
            yield from paths(one, (*path, name))


COMMANDS = sorted(paths(ROOT))


def aiops(
    *words: str, folder: Path | None = None, **environ: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "workers", *words],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "COLUMNS": "100", **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """Return what a command said that could not do its work: without a traceback, exit code 1."""
    assert done.returncode == 1, done
    assert "Traceback" not in done.stderr + done.stdout
    assert done.stderr.startswith("aiops: ")
    return done.stderr


def help_of(path: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        cli.app([*path, "--help"])
    assert ended.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("path", COMMANDS, ids=[" ".join(path) or "aiops" for path in COMMANDS])
def test_every_command_has_help_with_an_example(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    text = " ".join(help_of(path, capsys).split())
    assert " ".join(("Example: aiops", *path)) in text


@pytest.mark.parametrize("group", [(), ("bench",), ("help",)])
def test_a_list_of_commands_says_each_in_full(
    group: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert "..." not in help_of(group, capsys).partition("Commands:")[2]


def test_asking_for_help_imports_nothing_heavy() -> None:
    program = (
        "import sys; from workers.cli import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        f"print('loaded:', sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "loaded: []"


def test_the_version_is_the_distributions() -> None:
    from importlib.metadata import version

    done = aiops("--version")
    assert (done.returncode, done.stdout) == (0, f"aiops {version(cli.DISTRIBUTION)}\n")


def test_a_known_error_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise ConfigurationError("mode: found 'loud', expected observe")

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert capsys.readouterr().err == "aiops: mode: found 'loud', expected observe\n"


def test_an_error_nobody_expected_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(ZeroDivisionError):
        cli.main()


@pytest.mark.parametrize(("what", "names"), [("source", INGESTERS), ("sink", NOTIFIERS)])
def test_every_plug_in_is_listed_and_has_a_page(
    capsys: pytest.CaptureFixture[str], what: str, names: Mapping[str, str]
) -> None:
    cli.app(["help", what], standalone_mode=False)
    listed = capsys.readouterr().out
    for name in names:
        assert re.search(rf"^{name} +\w", listed, re.MULTILINE)
        cli.app(["help", what, name], standalone_mode=False)
        assert capsys.readouterr().out.startswith(f"# {what.capitalize()}: ")


@pytest.mark.parametrize(("what", "there"), [("source", "prometheus, csv"), ("sink", "slack")])
def test_a_plug_in_nobody_knows_is_answered_with_those_there_are(what: str, there: str) -> None:
    said = refused(aiops("help", what, "graphite"))
    assert "'graphite'" in said
    assert there in said


def test_init_writes_once_and_says_what_is_next(tmp_path: Path) -> None:
    first = aiops("init", "shop", folder=tmp_path)
    assert first.returncode == 0
    assert "wrote shop/aiops.yaml\n" in first.stdout
    assert "aiops doctor" in first.stdout
    assert "--force" in refused(aiops("init", "shop", folder=tmp_path))
    assert aiops("init", "shop", "--force", folder=tmp_path).returncode == 0


def test_doctor_speaks_json_and_by_its_exit_code(tmp_path: Path) -> None:
    import json

    aiops("init", folder=tmp_path)
    config = tmp_path / "aiops.yaml"
    config.write_text(config.read_text().replace("127.0.0.1:9090", "127.0.0.1:1"))
    for_people, for_programs = (
        aiops("doctor", *more, folder=tmp_path) for more in ((), ["--json"])
    )
    assert (for_people.returncode, for_programs.returncode) == (1, 1)
    findings = json.loads(for_programs.stdout)
    assert {one["level"] for one in findings} == {"ok", "warning", "fault"}
    assert [set(one) for one in findings] == [{"what", "level", "text"}] * len(findings)
    assert for_people.stdout.splitlines()[-1].startswith("1 fault, ")


def test_up_without_settings_says_how_to_begin(tmp_path: Path) -> None:
    assert "aiops init" in refused(aiops("up", folder=tmp_path))
    said = refused(aiops("up", "--config", "nope.yaml", folder=tmp_path))
    assert f"there is no file {tmp_path}/nope.yaml" in said


def test_up_names_every_wrong_setting(tmp_path: Path) -> None:
    (tmp_path / "aiops.yaml").write_text("modus: observe\nsettle_seconds: soon\n" + SOURCE)
    said = refused(aiops("up", folder=tmp_path))
    assert "aiops.yaml:1" in said
    assert "modus" in said
    assert "settle_seconds" in said


def test_up_refuses_to_watch_nothing(tmp_path: Path) -> None:
    (tmp_path / "aiops.yaml").write_text("mode: observe\n")
    assert "declare `sources:`" in refused(aiops("up", folder=tmp_path))


def test_up_refuses_to_page_without_a_key(tmp_path: Path) -> None:
    (tmp_path / "aiops.yaml").write_text(SOURCE + "mode: in_path\nsinks: {pd: {kind: pagerduty}}\n")
    assert "AIOPS_PAGERDUTY_ROUTING_KEY" in refused(aiops("up", folder=tmp_path))


def test_up_says_that_its_port_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        (tmp_path / "aiops.yaml").write_text(SOURCE + f"web: {{port: {port}}}\n")
        said = refused(aiops("up", folder=tmp_path))
    assert f"127.0.0.1:{port}" in said
    assert "`web.port`" in said


def test_up_says_who_uses_its_directory(tmp_path: Path) -> None:
    (tmp_path / "aiops.yaml").write_text(SOURCE)
    with DirectoryLock(tmp_path / ".aiops"):
        said = refused(aiops("up", folder=tmp_path))
    assert f"in use by process {os.getpid()}" in said


def test_up_says_that_it_cannot_write_its_directory(tmp_path: Path) -> None:
    (tmp_path / "aiops.yaml").write_text(SOURCE)
    said = refused(aiops("up", folder=tmp_path, AIOPS_DATA_DIR=str(tmp_path / "aiops.yaml" / "d")))
    assert "cannot be written (Not a directory)" in said


@pytest.mark.parametrize(
    ("away", "advice"),
    [
        ({"REDIS_URL": "redis://127.0.0.1:1/0"}, "correct REDIS_URL"),
        ({"AIOPS_DATABASE_URL": "postgresql://aiops@127.0.0.1:1/aiops"}, "is it running?"),
    ],
)
def test_up_waits_for_a_server_that_is_away_and_says_so(
    away: dict[str, str], advice: str, tmp_path: Path
) -> None:
    (tmp_path / "aiops.yaml").write_text(SOURCE + "web: {port: 0}\n")
    with started_up(tmp_path, **away) as process:
        assert advice in read_until(process, "trying again")
        process.send_signal(signal.SIGINT)
        assert "stopped" in read_until(process, "stopped")
        assert process.wait(timeout=20) == 0


def test_up_goes_on_without_its_source_says_so_and_ends_cleanly(tmp_path: Path) -> None:
    (tmp_path / "aiops.yaml").write_text(SOURCE + "web: {port: 0}\n")
    with started_up(tmp_path) as process:
        said = read_until(process, "watching")
        assert "mode      observe: incidents are found and shown, nobody is paged" in said
        assert "http://127.0.0.1:1 gave no answer" in said
        assert "no history for now" in said
        assert "prom is in trouble" in read_until(process, "is in trouble")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0
    assert running_in(tmp_path) == []


@contextmanager
def started_up(folder: Path, **environ: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "workers", "up"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "AIOPS_DATA_DIR": str(folder / "data"), **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        too_long = threading.Timer(90, process.kill)
        too_long.start()
        try:
            yield process
        finally:
            too_long.cancel()
            process.kill()  # without effect on one that has ended


def read_until(process: subprocess.Popen[str], word: str) -> str:
    """Return what a process says up to the line with a word in it."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if word in line:
            return said
    pytest.fail(f"it ended before it said {word!r}: {said}")


def running_in(folder: Path) -> list[str]:
    """Return the processes that were started for an installation in a folder."""
    mark = f"AIOPS_DATA_DIR={folder / 'data'}".encode()
    return [one.parent.name for one in Path("/proc").glob("[0-9]*/environ") if mark in content(one)]


def content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:  # it ended meanwhile, or is another user's
        return b""


def test_a_process_of_its_own_says_that_redis_is_not_named(tmp_path: Path) -> None:
    for words in (("worker", "fast"), ("beat",)):
        assert "set REDIS_URL" in refused(aiops(*words, folder=tmp_path))
