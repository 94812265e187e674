"""`aiops diagnose`: a recorded case in, a ranking of its services out."""

from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from typer.testing import CliRunner

from workers.cli import app
from workers.offline.diagnose import run_diagnose

START = 1_700_000_000
TICKS = 240
NOTICED = START + 60 * 200


def write_case(
    folder: Path, sick: str = "db", *, phase: bool = True, case: dict[str, Any] | None = None
) -> Path:
    """Write a case of two services, one of which is slow for the last forty minutes."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(1)
    lines = ["timestamp,service,metric,value" + (",phase" if phase else "")]
    for service in ("db", "shop"):
        for tick in range(TICKS):
            at = START + 60 * tick
            value = rng.normal(0.2, 0.01) + (1.0 if service == sick and at >= NOTICED else 0.0)
            said = ",abnormal" if at >= NOTICED else ",normal"
            lines.append(f"{at},{service},latency_p95,{value}" + (said if phase else ""))
    (folder / "metrics.csv").write_text("\n".join(lines) + "\n")
    (folder / "topology.json").write_text('{"nodes": ["shop", "db"], "edges": [["shop", "db"]]}')
    if case is not None:
        (folder / "case.json").write_bytes(orjson.dumps(case))
    return folder


def diagnosed(root: Path, out: Path, late_seconds: int | None = None) -> int:
    return run_diagnose([], root, out, late_seconds=late_seconds)


def ranking_in(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads((folder / "ranking.json").read_bytes())
    return found


def test_the_service_that_left_its_normal_level_comes_first(tmp_path: Path) -> None:
    write_case(tmp_path / "in" / "case")
    assert diagnosed(tmp_path / "in", tmp_path / "out") == 0
    ranking = ranking_in(tmp_path / "out" / "case")
    assert ranking["services"] == ["db", "shop"]
    assert ranking["metrics"][0] == ["db", "latency_p95"]
    assert ranking["seconds"] >= 0
    assert "db" in ranking["evidence"][0]


def test_cases_are_found_at_any_depth_and_shared_files_are_none(tmp_path: Path) -> None:
    write_case(tmp_path / "in" / "dev" / "system" / "one")
    write_case(tmp_path / "in" / "two", sick="shop")
    write_case(tmp_path / "in" / "_shared")
    assert diagnosed(tmp_path / "in", tmp_path / "out") == 0
    written = sorted(tmp_path.glob("out/**/ranking.json"))
    assert [file.parent.relative_to(tmp_path / "out").as_posix() for file in written] == [
        "dev/system/one",
        "two",
    ]
    assert ranking_in(tmp_path / "out" / "two")["services"][0] == "shop"


def test_nothing_is_written_into_the_recording(tmp_path: Path) -> None:
    folder = write_case(tmp_path / "in" / "case")
    before = sorted(folder.iterdir())
    diagnosed(tmp_path / "in", tmp_path / "out")
    assert sorted(folder.iterdir()) == before
    assert run_diagnose([folder], None, tmp_path / "in") == 2


def test_without_a_phase_the_trouble_begins_when_it_was_noticed(tmp_path: Path) -> None:
    write_case(tmp_path / "in" / "case", phase=False, case={"detected_at": NOTICED})
    assert diagnosed(tmp_path / "in", tmp_path / "out") == 0
    assert ranking_in(tmp_path / "out" / "case")["services"][0] == "db"


def test_noticed_late_what_lay_before_counts_as_normal_whatever_the_phase(tmp_path: Path) -> None:
    """All of the trouble lies before the moved moment, so nothing is left of it."""
    write_case(tmp_path / "in" / "case", case={"detected_at": NOTICED})
    assert diagnosed(tmp_path / "in", tmp_path / "out", late_seconds=600) == 0
    assert diagnosed(tmp_path / "in", tmp_path / "out", late_seconds=60 * 60) == 2


def test_the_command_may_say_when_it_was_noticed_whatever_the_files_say(tmp_path: Path) -> None:
    folder, out = tmp_path / "in" / "one", tmp_path / "out"
    write_case(folder, phase=False)
    told = [str(folder), "--out", str(out)]
    silent = CliRunner().invoke(app, ["diagnose", *told])
    assert silent.exit_code == 2
    assert "or --at TIME" in silent.output
    found = CliRunner().invoke(app, ["diagnose", *told, "--at", str(NOTICED)])
    assert found.exit_code == 0, found.output
    assert ranking_in(out / "one")["services"][0] == "db"
    wrong = CliRunner().invoke(app, ["diagnose", *told, "--at", "yesterday"])
    assert wrong.exit_code == 2
    assert "yesterday" in wrong.output


def test_a_case_whose_normal_time_lies_elsewhere_uses_it(tmp_path: Path) -> None:
    calm = write_case(tmp_path / "in" / "_shared", sick="nobody", phase=False)
    folder = write_case(
        tmp_path / "in" / "case",
        phase=False,
        case={"detected_at": START, "baseline": "_shared/metrics.csv"},
    )
    assert calm.is_dir()
    assert folder.is_dir()
    assert diagnosed(tmp_path / "in", tmp_path / "out") == 0


def test_a_bad_case_is_named_in_a_line_and_the_others_are_ranked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_case(tmp_path / "in" / "good")
    write_case(tmp_path / "in" / "nameless", phase=False)
    (write_case(tmp_path / "in" / "torn") / "metrics.csv").write_text("timestamp,value\n1,2\n")
    assert diagnosed(tmp_path / "in", tmp_path / "out") == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert "nothing says when the trouble was noticed" in said[0]
    assert "no column service, metric" in said[1]
    assert ranking_in(tmp_path / "out" / "good")["services"][0] == "db"


def test_a_word_in_phase_that_nobody_knows_is_named_with_its_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_case(tmp_path / "in" / "case")
    text = (folder / "metrics.csv").read_text().replace(",normal", ",quiet", 1)
    (folder / "metrics.csv").write_text(text)
    assert diagnosed(tmp_path / "in", tmp_path / "out") == 2
    assert "metrics.csv:2: phase: 'quiet'" in capsys.readouterr().err


def test_the_command_prints_rankings_as_json_and_demands_something_to_do(tmp_path: Path) -> None:
    folder = write_case(tmp_path / "in" / "case")
    out = ["--out", str(tmp_path / "out")]
    found = CliRunner().invoke(app, ["diagnose", str(folder), *out, "--json"])
    assert found.exit_code == 0
    assert orjson.loads(found.stdout)["case"]["services"] == ["db", "shop"]
    assert CliRunner().invoke(app, ["diagnose", *out]).exit_code == 2


@pytest.mark.parametrize("alert", ["shop", {"metric": "latency"}, {"service": 3}])
def test_an_alert_that_names_no_service_is_wrong(
    tmp_path: Path, alert: object, capsys: pytest.CaptureFixture[str]
) -> None:
    write_case(tmp_path / "in" / "case", case={"alert": alert})
    assert diagnosed(tmp_path / "in", tmp_path / "out") == 2
    assert "expected an object with service and metric" in capsys.readouterr().err
