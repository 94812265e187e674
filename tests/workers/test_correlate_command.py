"""`aiops correlate`: recorded symptoms in, the problem of each out."""

from pathlib import Path

import orjson
import pytest

from tests.builders import TEN
from workers.offline.correlate import run_correlate

START = int(TEN.timestamp())


def event(service: str, *, at: int = 0, metric: str = "error_ratio") -> dict[str, object]:
    return {"ts": START + at, "service": service, "metric": metric, "score": 20.0, "label": 0}


def write(path: Path, *events: object, edges: object = (("shop", "db"),)) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(orjson.dumps({"events": events, "edges": edges}))
    return path


def groups(path: Path) -> list[int]:
    found: list[int] = orjson.loads(path.read_bytes())["groups"]
    return found


def correlated(path: Path, out: Path) -> int:
    return run_correlate(path, out, as_json=False)


def test_each_event_gets_the_number_of_its_problem_in_the_files_order(tmp_path: Path) -> None:
    file = write(
        tmp_path / "one.json",
        event("shop", at=8000),
        event("shop"),
        event("db"),
        event("db"),
        event("shop", at=8000),
    )
    assert correlated(file, tmp_path / "out") == 0
    assert groups(tmp_path / "out" / "one.json") == [1, 0, 0, 0, 1]


def test_a_file_without_events_has_no_groups(tmp_path: Path) -> None:
    assert correlated(write(tmp_path / "none.json"), tmp_path / "out") == 0
    assert groups(tmp_path / "out" / "none.json") == []


def test_a_wrong_file_is_one_line_and_the_others_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "in"
    write(folder / "a.json", event("shop"), {"service": "db"})
    write(folder / "b.json", event("shop"))
    (folder / "c.json").write_text("no JSON")
    assert correlated(folder, tmp_path / "out") == 2
    assert [one.name for one in (tmp_path / "out").iterdir()] == ["b.json"]
    first, second = capsys.readouterr().err.splitlines()
    assert (
        first == f"aiops: {folder}/a.json: events[1]: ts, metric, score missing; expected a value"
    )
    assert second.startswith(f"aiops: {folder}/c.json:1: this is no JSON")


def test_a_broken_edge_is_named_and_the_rest_is_grouped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(
        tmp_path / "one.json", event("shop"), event("db"), edges=[["shop"], ["shop", "db"]]
    )
    assert correlated(file, tmp_path / "out") == 2
    assert groups(tmp_path / "out" / "one.json") == [0, 0]
    assert "edges[0]: callee missing" in capsys.readouterr().err


def test_what_is_odd_but_usable_is_a_note(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "one.json", event("shop"), edges=[["db", "db"], ["shop", "db"]])
    assert correlated(file, tmp_path / "out") == 0
    assert capsys.readouterr().err.startswith(f"aiops: note: {file}: service 'db' calls itself")


def test_the_summary_is_json_on_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path / "one.json", event("shop"), event("db"))
    assert run_correlate(file, tmp_path / "out", as_json=True) == 0
    summary = orjson.loads(capsys.readouterr().out)
    assert {**summary, "seconds": 0} == {
        "files": 1,
        "failed": 0,
        "problems": 0,
        "events": 2,
        "groups": 1,
        "seconds": 0,
    }


@pytest.mark.parametrize("out", [".", "elsewhere"])
def test_no_result_overwrites_an_input(
    out: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "one.json", event("shop"))
    before = file.read_bytes()
    code = correlated(tmp_path, tmp_path / out)
    assert (code == 2) == (out == ".")
    assert file.read_bytes() == before


def test_a_path_that_is_not_there_and_an_empty_folder_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert correlated(tmp_path / "gone", tmp_path / "out") == 2
    (tmp_path / "empty").mkdir()
    assert correlated(tmp_path / "empty", tmp_path / "out") == 2
    first, second = capsys.readouterr().err.splitlines()
    assert "gone is not there; expected" in first
    assert "empty holds no JSON file; expected" in second
