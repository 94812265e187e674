from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import orjson
import pytest

from aiops.domain.changes import ChangeKind
from aiops.domain.errors import ConfigurationError, InputError
from aiops.domain.policies import Mode
from aiops.domain.series import Direction, Family
from aiops.ingest import changes
from aiops.recording.read import read
from aiops.recording.values import Recording

TWO = "timestamp,service,metric,value\n60,shop,error_ratio,1\n120,shop,error_ratio,2\n"

ReadCsv = Callable[[str], Recording]
WriteCsv = Callable[[str], Path]


def test_metrics_alone_are_a_recording_that_may_page(read_csv: ReadCsv) -> None:
    recording = read_csv(TWO)
    (prod,) = recording.environments
    assert prod.shard.step_seconds == 60
    assert prod.shard.series[0].family is Family.ERRORS
    assert prod.history.values.tolist() == [[1.0], [2.0]]
    assert prod.baseline is None
    assert recording.changes == ()
    paging = recording.knowledge().policies.paging
    assert paging.mode is Mode.IN_PATH
    assert "prod" in paging.paging_environments


def test_environments_are_kept_apart_and_an_undeclared_one_does_not_page(
    read_csv: ReadCsv,
) -> None:
    recording = read_csv(
        "timestamp,service,metric,value,env\n60,a,m,1,dev\n60,a,m,2,prod\n120,b,m,3,dev\n"
    )
    assert {one.shard.env: len(one.shard.series) for one in recording.environments} == {
        "dev": 2,
        "prod": 1,
    }
    assert recording.knowledge().policies.paging.paging_environments == {"prod"}


def test_a_row_without_environment_pages_even_where_its_name_is_another(
    write_csv: WriteCsv,
) -> None:
    folder = write_csv(TWO)
    (folder / "aiops.yaml").write_text("default_env: live\nenvironments: {live: {pages: false}}\n")
    paging = read(folder, changes).knowledge().policies.paging
    assert "live" in paging.paging_environments


def test_a_metric_in_a_currency_is_money_per_minute(read_csv: ReadCsv) -> None:
    recording = read_csv("timestamp,service,metric,value,unit\n60,shop,amount,5,EUR\n")
    (series,) = recording.environments[0].shard.series
    assert (series.family, series.bad_direction) == (Family.KPI, Direction.DOWN)
    assert series.kpi == "amount per minute"
    (kpi,) = recording.knowledge().kpis
    assert (kpi.name, kpi.unit, kpi.service) == ("amount per minute", "EUR", "shop")


def test_money_of_two_services_is_two_kpis(read_csv: ReadCsv) -> None:
    text = "timestamp,service,metric,value,unit\n60,a,revenue,5,EUR\n60,b,revenue,6,EUR\n"
    names = [kpi.name for kpi in read_csv(text).kpis]
    assert names == ["revenue per minute (a)", "revenue per minute (b)"]


def test_settings_declare_kpis_families_and_default_owner(write_csv: WriteCsv) -> None:
    folder = write_csv(
        "timestamp,service,metric,value\n60,shop,signups,1\n60,shop,weight,1\n60,shop,depth_kpi,1\n"
    )
    (folder / "aiops.yaml").write_text(
        "kpis: [{name: signups per minute, metric: signups, unit: 1/min}]\n"
        "services: {shop: {kind: edge, owner: growth}}\n"
        "sources:\n"
        "  any:\n"
        "    url: http://127.0.0.1:9090\n"
        "    signals:\n"
        "      - {name: weight, query: weight, family: latency, unit: s, title: slowness}\n"
        "      - {name: depth_kpi, query: q, kpi: signups per minute, bad_direction: up}\n"
    )
    recording = read(folder, changes)
    by_metric = {one.key.metric: one for one in recording.environments[0].shard.series}
    assert by_metric["signups"].kpi == "signups per minute"
    assert by_metric["signups"].family is Family.KPI
    weight = by_metric["weight"]
    assert (weight.family, weight.bad_direction) == (Family.LATENCY, Direction.UP)
    assert (weight.unit, weight.title) == ("s", "slowness")
    assert by_metric["depth_kpi"].bad_direction is Direction.UP
    assert recording.graph.service("shop").owner == "growth"


def test_wrong_settings_are_named_with_their_path(write_csv: WriteCsv) -> None:
    folder = write_csv(TWO)
    (folder / "aiops.yaml").write_text("jurneys: []\n")
    with pytest.raises(ConfigurationError, match=r"aiops\.yaml:1: jurneys"):
        read(folder, changes)


def test_the_environment_of_the_process_changes_nothing(
    write_csv: WriteCsv, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_csv(TWO)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("AIOPS_CONFIG", "/nowhere/aiops.yaml")
    assert read(folder, changes).settings.config_path is None


def test_topology_in_json_or_yaml_gives_callers_and_callees(write_csv: WriteCsv) -> None:
    folder = write_csv(TWO)
    (folder / "topology.json").write_text('{"nodes": ["shop", "db"], "edges": [["shop", "db"]]}')
    assert read(folder, changes).graph.callees("shop") == ("db",)


def test_topology_that_cannot_be_read_at_all_is_refused(write_csv: WriteCsv) -> None:
    folder = write_csv(TWO)
    (folder / "topology.yaml").write_text("services: [")
    with pytest.raises(InputError, match=r"topology\.yaml"):
        read(folder, changes)


def test_a_part_of_the_topology_that_is_wrong_is_told_and_left_out(write_csv: WriteCsv) -> None:
    folder = write_csv(TWO)
    (folder / "topology.json").write_text('{"nodes": ["shop"], "edges": [["shop", "db"], ["x"]]}')
    recording = read(folder, changes)
    assert recording.graph.callees("shop") == ("db",)
    assert any("topology.json:1" in problem for problem in recording.problems)


def test_events_are_changes_and_what_is_none_is_named_or_passed_over(write_csv: WriteCsv) -> None:
    folder = write_csv(TWO)
    lines = (
        '{"timestamp": 60, "kind": "deploy", "service": "shop", "ref": "v2", "status": "started"}',
        '{"timestamp": 90, "kind": "deploy", "service": "shop", "ref": "v2", "status": "finished"}',
        "",
        '{"timestamp": 60, "kind": "alert", "service": "shop", "ref": "TooSlow"}',
        "no json",
        '{"timestamp": 60, "kind": "deploi", "service": "shop", "ref": "v2"}',
    )
    (folder / "events.jsonl").write_text("\n".join(lines))
    recording = read(folder, changes)
    (deploy,) = recording.changes
    assert deploy.kind is ChangeKind.DEPLOY
    assert deploy.started_at == datetime(1970, 1, 1, 0, 1, tzinfo=UTC)
    assert deploy.ended_at == datetime(1970, 1, 1, 0, 1, 30, tzinfo=UTC)
    assert [problem.partition("events.jsonl")[2][:3] for problem in recording.problems] == [
        ":5:",
        ":6:",
    ]


def test_an_event_without_environment_belongs_to_the_only_one_there_is(
    write_csv: WriteCsv,
) -> None:
    folder = write_csv("timestamp,service,metric,value,env\n60,shop,m,1,live\n")
    (folder / "events.jsonl").write_text(
        '{"timestamp": 60, "kind": "deploy", "service": "shop", "ref": "v2"}'
    )
    recording = read(folder, changes)
    assert [change.env for change in recording.changes] == ["live"]
    assert len(recording.replay(recording.environments[0]).changes) == 1


def test_the_baseline_is_found_above_and_put_into_the_slots_of_the_case(tmp_path: Path) -> None:
    folder = tmp_path / "system" / "case"
    folder.mkdir(parents=True)
    (tmp_path / "normal.csv").write_text(
        "timestamp,service,metric,value\n9000060,b,m,1\n9000060,gone,m,9\n9000120,b,m,2\n"
    )
    (folder / "metrics.csv").write_text("timestamp,service,metric,value\n60,a,m,5\n120,b,m,6\n")
    case = {"detected_at": 60, "step_s": 60, "baseline": "normal.csv"}
    (folder / "case.json").write_bytes(orjson.dumps(case))
    recording = read(folder, changes)
    baseline = recording.environments[0].baseline
    assert baseline is not None
    np.testing.assert_array_equal(baseline.values, [[np.nan, 1], [np.nan, 2]])
    assert baseline.times[-1] < recording.environments[0].history.times[0]
    assert recording.case.detected_at == datetime(1970, 1, 1, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ("[]", "expected a JSON object"),
        ("{", "expected a JSON object"),
        ('{"step_s": 0}', "step_s: found 0, expected seconds, 1 or more"),
        ('{"step_s": "60"}', "step_s: found '60'"),
        ('{"detected_at": "soon"}', "detected_at: 'soon' is no time"),
        ('{"baseline": 7}', "baseline: found 7"),
        ('{"baseline": "nowhere.parquet"}', "baseline: there is no nowhere.parquet in"),
    ],
)
def test_a_wrong_case_is_named(case: str, told: str, write_csv: WriteCsv) -> None:
    folder = write_csv(TWO)
    (folder / "case.json").write_text(case)
    with pytest.raises(InputError, match=r"case\.json") as error:
        read(folder, changes)
    assert told in str(error.value)


def test_a_folder_without_metrics_or_with_both_forms_is_refused(
    write_csv: WriteCsv, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="there is no folder"):
        read(tmp_path / "nowhere", changes)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="is no recording; expected metrics"):
        read(tmp_path / "empty", changes)
    (write_csv(TWO) / "metrics.parquet").write_text("")
    with pytest.raises(InputError, match="has both"):
        read(tmp_path, changes)
