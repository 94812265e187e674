"""`aiops diagnose --alerts` as its users meet it."""

import json
from pathlib import Path

from typer.testing import CliRunner

from workers import cli


def alert(instance: str, metric: str) -> dict[str, str]:
    return {"kind": "metric", "instance": instance, "metric": metric, "direction": "up"}


def line(case_id: str, *alerts: dict[str, str], system: str = "shop") -> str:
    told = {"system": system, "case_id": case_id, "alerts": alerts, "nodes": ["cart", "web"]}
    return json.dumps(told) + "\n"


def diagnose(*words: str | Path) -> tuple[int, str, str]:
    done = CliRunner().invoke(cli.app, ["diagnose", *map(str, words)])
    return done.exit_code, done.stdout, done.stderr


def test_every_case_gets_a_ranking_below_its_files_folder_and_system(tmp_path: Path) -> None:
    folder = tmp_path / "dev"
    folder.mkdir()
    usual = alert("web", "latency_p95")
    (folder / "a.jsonl").write_text(line("1", usual, alert("cart", "memory")) + line("2", usual))
    (folder / "b.jsonl").write_text(line("1", alert("web", "cpu"), system="bank"))

    ended, said, _ = diagnose(
        "--alerts", folder / "a.jsonl", folder / "b.jsonl", "--out", tmp_path / "out"
    )

    assert ended == 0
    assert "dev/shop/1: cart, web\n  cart: metric memory up (in 1 of 2 cases)" in said
    found = sorted(tmp_path.glob("out/**/ranking.json"))
    assert [str(one.relative_to(tmp_path / "out").parent) for one in found] == [
        "dev/bank/1",
        "dev/shop/1",
        "dev/shop/2",
    ]
    ranking = json.loads(found[1].read_text())
    assert ranking["services"] == ["cart", "web"]
    assert set(ranking) == {"services", "seconds", "evidence"}


def test_what_cannot_be_used_is_named_and_the_others_are_ranked(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text("{\n" + line("1", alert("web", "cpu"), {"kind": "smoke"}))

    ended, said, complaint = diagnose("--alerts", file, "--out", tmp_path / "out", "--json")

    assert ended == 2
    assert f"{file}:1: this is no JSON" in complaint
    assert f"left out: {file}:2: alerts[1]" in complaint
    assert list(json.loads(said)) == [f"{tmp_path.name}/shop/1"]


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    ended, _, complaint = diagnose("--alerts", tmp_path / "gone.jsonl", "--out", tmp_path / "out")

    assert ended == 2
    assert "gone.jsonl cannot be read" in complaint


def test_recordings_and_alerts_are_not_mixed(tmp_path: Path) -> None:
    ended, _, complaint = diagnose(
        "--alerts", tmp_path / "a.jsonl", "--root", tmp_path, "--out", tmp_path / "out"
    )

    assert ended == 2
    assert "--alerts goes with none of" in complaint
