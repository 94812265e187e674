"""Files of recorded symptoms: what is read of them, and how what is wrong is named."""

from typing import Any

import orjson
import pytest

from aiops.domain.errors import InputError
from aiops.domain.series import Family
from aiops.recording.symptoms import RecordedSymptoms, read_symptoms

EVENT = {"ts": 1776506580, "service": "checkout", "metric": "error_ratio", "score": 23.5}


def read(*events: object, edges: object = (("gateway", "checkout"),)) -> RecordedSymptoms:
    return read_symptoms(orjson.dumps({"events": events, "edges": edges}), "it.json")


def refused(text: bytes) -> str:
    with pytest.raises(InputError) as caught:
        read_symptoms(text, "it.json")
    return str(caught.value)


def test_an_event_is_a_symptom_of_its_service_with_its_score_as_strength() -> None:
    (found,) = read(EVENT).symptoms
    assert (found.service, found.family, found.strength) == ("checkout", Family.ERRORS, 23.5)
    assert found.onset.isoformat() == "2026-04-18T10:03:00+00:00"


def test_a_label_of_the_truth_is_not_read() -> None:
    assert read(EVENT) == read({**EVENT, "label": 7})


def test_symptoms_keep_the_order_of_the_file() -> None:
    later = {**EVENT, "ts": EVENT["ts"] + 60}  # type: ignore[operator]
    found = read(later, EVENT, later).symptoms
    assert found[0].onset > found[1].onset
    assert found[0].id == found[2].id


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b"", "it.json:1: this is no JSON"),
        (b'{"events": [,]}', "it.json:1: this is no JSON"),
        (b'{"events":\n[\n,]}', "it.json:3: this is no JSON"),
        (b"[]", "it.json: events: there is no such list"),
        (b'{"events": {}}', "it.json: events: there is no such list"),
    ],
)
def test_what_is_no_such_file_is_named_with_what_was_expected(text: bytes, place: str) -> None:
    message = refused(text)
    assert message.startswith(place)
    assert "expected" in message


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"ts": "soon"}, "events[1].ts: 'soon' is no time"),
        ({"ts": None}, "events[1].ts: None is no time"),
        ({"ts": 1776506580000}, "events[1].ts: 1776506580000 lies outside 1970 to 2100"),
        ({"service": 3}, "events[1].service: 3 is no name"),
        ({"metric": ""}, "events[1].metric: '' is no name"),
        ({"score": "high"}, "events[1].score: 'high' is no finite number"),
        ({"score": True}, "events[1].score: True is no finite number"),
    ],
)
def test_a_wrong_event_is_named_with_its_place(change: dict[str, Any], place: str) -> None:
    message = refused(orjson.dumps({"events": [EVENT, {**EVENT, **change}], "edges": []}))
    assert message.startswith(f"it.json: {place}")
    assert "expected" in message


def test_missing_keys_of_an_event_are_named_together() -> None:
    message = refused(b'{"events": [{"service": "shop", "score": 3}], "edges": []}')
    assert message == "it.json: events[0]: ts, metric missing; expected a value"


def test_an_edge_with_a_missing_end_is_left_out_and_the_others_are_used() -> None:
    found = read(EVENT, edges=[["gateway"], ["gateway", None], ["gateway", "checkout"]])
    assert found.graph.callees("gateway") == ("checkout",)
    first, second = found.problems
    assert "it.json: edges[0]: callee missing" in first
    assert "it.json: edges[1]: callee missing" in second


def test_a_file_without_edges_is_a_problem_and_is_used_all_the_same() -> None:
    found = read_symptoms(orjson.dumps({"events": [EVENT]}), "it.json")
    assert "it.json: edges: there is no such key" in found.problems[0]
    assert len(found.symptoms) == 1


@pytest.mark.parametrize(
    ("edges", "said"),
    [
        ([], "the topology is empty"),
        ([["checkout", "checkout"], ["a", "checkout"]], "service 'checkout' calls itself"),
        ([["checkout", "a"], ["a", "checkout"]], "call each other in a circle"),
        ([["a", "b"]], "services with events but without edges: checkout"),
    ],
)
def test_what_is_odd_about_a_topology_is_remarked(edges: list[list[str]], said: str) -> None:
    found = read(EVENT, edges=edges)
    assert not found.problems
    assert said in " ".join(found.remarks)
    assert all(one.startswith("it.json: ") for one in found.remarks)
