import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from aiops.correlate.alert_cases import Alert, AlertKind
from aiops.domain.errors import InputError
from aiops.recording.alert_cases import read_alert_cases

GOOD: dict[str, Any] = {
    "system": "shop",
    "case_id": 7,
    "alerts": [
        {"kind": "metric", "instance": "cart-0", "metric": "cpu", "direction": "up"},
        {"kind": "log", "instance": "cart-0", "template": "12"},
        {
            "kind": "trace",
            "caller": "web-0",
            "instance": "cart-0",
            "operation": "/cart",
            "signal": "500",
        },
    ],
    "nodes": ["cart-0", "web-0"],
    "edges_as_shipped": [["web-0", "web-0"]],
    "call_edges": [["web-0", "cart-0"]],
    "truth": {"root_cause_instance": "cart-0"},
}


def written(folder: Path, *lines: object, name: str = "cases.jsonl") -> Path:
    file = folder / name
    text = "\n".join(one if isinstance(one, str) else json.dumps(one) for one in lines)
    file.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return file


@pytest.mark.parametrize("name", ["cases.jsonl", "cases.jsonl.gz"])
def test_a_line_is_a_case(tmp_path: Path, name: str) -> None:
    (read,), problems = read_alert_cases(written(tmp_path, GOOD, name=name))

    assert (read.system, read.case_id, read.problems, problems) == ("shop", "7", (), [])
    assert read.case.instances == {"cart-0", "web-0"}
    assert read.case.calls == {("web-0", "cart-0")}
    assert read.case.alerts == {
        Alert(kind=AlertKind.METRIC, instance="cart-0", what="cpu", way="up"),
        Alert(kind=AlertKind.LOG, instance="cart-0", what="12"),
        Alert(kind=AlertKind.TRACE, instance="cart-0", what="/cart", way="500", caller="web-0"),
    }


def test_the_truth_is_not_read(tmp_path: Path) -> None:
    other = GOOD | {"truth": {"root_cause_instance": "web-0"}}

    one, two = (read_alert_cases(written(tmp_path, line))[0][0] for line in (GOOD, other))

    assert one == two


def test_without_call_edges_the_shipped_ones_count(tmp_path: Path) -> None:
    ((read,), _) = read_alert_cases(written(tmp_path, GOOD | {"call_edges": []}))

    assert read.case.calls == {("web-0", "web-0")}


def test_an_odd_alert_or_edge_is_named_and_the_rest_counts(tmp_path: Path) -> None:
    alerts = [*GOOD["alerts"], {"kind": "smoke"}, {"kind": "log", "instance": 3}, "x", {}]
    edges = [["web-0"], ["web-0", ""], *GOOD["call_edges"]]

    ((read,), _) = read_alert_cases(
        written(tmp_path, GOOD | {"alerts": alerts, "call_edges": edges})
    )

    assert len(read.case.alerts) == 3
    assert read.case.calls == {("web-0", "cart-0")}
    assert [one.partition("jsonl:1: ")[2].partition(":")[0] for one in read.problems] == [
        "alerts[3]",
        "alerts[4]",
        "alerts[5]",
        "alerts[6]",
        "call_edges[0]",
        "call_edges[1]",
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "this is no JSON"),
        ("[]", "expected an object"),
        (GOOD | {"case_id": "../up"}, "cannot name a folder"),
        (GOOD | {"system": ""}, "cannot name a folder"),
    ],
)
def test_a_line_that_is_no_case_is_named_and_the_others_are_read(
    tmp_path: Path, line: object, words: str
) -> None:
    cases, (problem,) = read_alert_cases(written(tmp_path, line, "", GOOD))

    assert len(cases) == 1
    assert "cases.jsonl:1: " in problem
    assert words in problem


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "torn.gz").write_bytes(gzip.compress(b"{}")[:-4])
    for name in ("gone.jsonl", "torn.gz"):
        with pytest.raises(InputError, match="cannot be read"):
            read_alert_cases(tmp_path / name)
