import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from aiops.domain.errors import InputError
from workers.offline.backtest import find_recordings, play, run_backtests, write

CALM = "timestamp,service,metric,value\n60,shop,error_ratio,1\n120,shop,error_ratio,1\n"


@pytest.fixture(scope="module")
def result(bad_hour: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the backtest of the bad hour wrote."""
    folder = tmp_path_factory.mktemp("result")
    assert run_backtests([bad_hour], folder, as_json=False) == 0
    return folder


def incidents_in(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = orjson.loads((folder / "incidents.json").read_bytes())
    return found


def calm_recording(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "metrics.csv").write_text(CALM)
    return folder


def test_the_bad_hour_is_one_page_that_names_the_deploy(result: Path) -> None:
    (incident,) = incidents_in(result)
    assert incident["decision"] == "page"
    assert incident["started_at"] == "2026-04-18T10:03:00+00:00"
    assert incident["regions"] == ["EU"]
    cause = incident["causes"][0]
    assert (cause["service"], cause["change"]["ref"]) == ("payment-service", "2026.04.18-3")
    assert incident["impact"][0]["unit"].startswith("EUR")


def test_the_page_shows_narrative_timeline_and_picture_without_a_script(result: Path) -> None:
    page = (result / "index.html").read_text()
    (incident,) = incidents_in(result)
    assert incident["title"] in page
    assert "<svg" in page
    assert "Timeline" in page
    assert "<script" not in page
    assert "http-equiv" not in page


def test_each_thing_that_is_reached_is_told_since_when_how_bad_and_as_a_bar(result: Path) -> None:
    (incident,) = incidents_in(result)
    reached = {(one["kind"], one["name"]): one for one in incident["reach"]}
    region, sick = reached["region", "EU"], reached["sick", "payment-service"]

    assert region["since"] == "2026-04-18T10:03:00+00:00"
    assert "error rate" in region["how_bad"]
    assert sick["symptom_id"]
    assert ("reached", "edge-gateway") in reached or ("sick", "edge-gateway") in reached
    page = (result / "index.html").read_text()
    assert region["how_bad"] in page
    assert page.count('<svg class="span"') == len(incident["reach"])


def test_a_second_run_writes_the_same_bytes_whatever_the_hash_seed(
    bad_hour: Path, result: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "workers", "backtest", str(bad_hour), "--out", str(tmp_path)]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": "7"}, timeout=120)
    for name in ("incidents.json", "index.html"):
        assert (tmp_path / name).read_bytes() == (result / name).read_bytes()


def test_a_shuffled_metrics_file_gives_the_same_incidents(
    bad_hour: Path, result: Path, tmp_path: Path
) -> None:
    folder = tmp_path / bad_hour.name
    shutil.copytree(bad_hour, folder)
    shutil.copytree(bad_hour.parent / "_shared", tmp_path / "_shared")
    header, *lines = (folder / "metrics.csv").read_text().splitlines(keepends=True)
    random.Random(4).shuffle(lines)  # noqa: S311 - an order, no secret
    (folder / "metrics.csv").write_text("".join([header, *lines]))
    written = write(play(folder, lambda _: None), tmp_path / "out")
    assert written.read_bytes() == (result / "incidents.json").read_bytes()


def test_every_text_of_a_recording_is_escaped(bad_hour: Path, tmp_path: Path) -> None:
    folder = tmp_path / "<b>hour"
    shutil.copytree(bad_hour, folder)
    shutil.copytree(bad_hour.parent / "_shared", tmp_path / "_shared")
    for path in (folder / "aiops.yaml", folder / "events.jsonl"):
        path.write_text(path.read_text().replace("2026.04.18-3", "<script>alert(1)</script>"))
    write(play(folder, lambda _: None), tmp_path / "out")
    page = (tmp_path / "out" / "index.html").read_text()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page
    assert "<b>hour" not in page


def test_several_recordings_get_a_folder_each_and_a_wrong_one_stops_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calm_recording(tmp_path / "all" / "x" / "one")
    calm_recording(tmp_path / "all" / "y" / "one")
    (calm_recording(tmp_path / "all" / "wrong") / "metrics.csv").write_text("a,b\n1,2\n")
    out = tmp_path / "out"
    assert run_backtests([tmp_path / "all"], out, as_json=False) == 2
    assert incidents_in(out / "x" / "one") == incidents_in(out / "y" / "one") == []
    said = capsys.readouterr()
    assert said.out.count("incidents: 0 (pages: 0, tickets: 0, only recorded: 0)") == 2
    assert said.err.count("\n") == 1
    assert "no column timestamp, service, metric, value" in said.err


def test_json_is_the_incidents_of_one_recording_or_of_several_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = (calm_recording(tmp_path / "all" / name) for name in ("one", "two"))
    run_backtests([one], tmp_path / "out", as_json=True)
    assert orjson.loads(capsys.readouterr().out) == []
    run_backtests([one, two], tmp_path / "out", as_json=True)
    assert orjson.loads(capsys.readouterr().out) == {"one": [], "two": []}


def test_what_is_left_out_is_said_and_the_rest_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = calm_recording(tmp_path / "one")
    (folder / "events.jsonl").write_text("no json\n")
    assert run_backtests([folder], tmp_path / "out", as_json=False) == 0
    assert "left out" in capsys.readouterr().err
    assert "events.jsonl:1: found no JSON" in (tmp_path / "out" / "index.html").read_text()


def test_an_output_that_cannot_be_written_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = calm_recording(tmp_path / "one")
    assert run_backtests([folder], folder / "metrics.csv", as_json=False) == 2
    assert capsys.readouterr().err.startswith("aiops: ")


def test_numbers_of_incidents_go_on_in_the_next_environment(bad_hour: Path, tmp_path: Path) -> None:
    shutil.copytree(bad_hour.parent / "_shared", tmp_path / "_shared")
    folder = tmp_path / "two"
    shutil.copytree(bad_hour, folder)
    for path in (folder / "metrics.csv", tmp_path / "_shared" / "metrics.parquet"):
        _double(path)
    incidents = play(folder, lambda _: None).incidents
    assert sorted((one.id, one.env) for one in incidents) == [
        ("INC-1001", "prod"),
        ("INC-1002", "stage"),
    ]


def _double(path: Path) -> None:
    """Give every series a twin in another environment."""
    import pyarrow as pa
    import pyarrow.csv as pa_csv
    import pyarrow.parquet as pa_parquet

    is_csv = path.suffix == ".csv"
    table = pa_csv.read_csv(path) if is_csv else pa_parquet.read_table(path)
    place = table.column_names.index("env")
    column = pa.array(["stage"] * len(table)).cast(table.schema.field("env").type)
    both = pa.concat_tables([table, table.set_column(place, "env", column)])
    if is_csv:
        pa_csv.write_csv(both, path)
    else:
        pa_parquet.write_table(both, path)


def test_where_no_recording_is_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no recording and holds none"):
        find_recordings([tmp_path])
    assert run_backtests([tmp_path / "nowhere"], tmp_path / "out", as_json=False) == 2
