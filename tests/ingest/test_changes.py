from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.domain.changes import Change, ChangeKind
from aiops.domain.errors import InputError
from aiops.ingest.changes import MAX_BODY_BYTES, MAX_EVENTS, change_id, meet, parse

TEN = datetime(2026, 4, 18, 10, 0, tzinfo=UTC)
DEPLOY = {
    "timestamp": "2026-04-18T10:01:00Z",
    "kind": "deploy",
    "service": "payment-service",
    "ref": "2026.04.18-3",
}


def read(*events: Any, received_at: datetime | None = None) -> tuple[Change, ...]:
    return parse(orjson.dumps(events), received_at, "prod")


def refusal(body: bytes) -> str:
    with pytest.raises(InputError) as caught:
        parse(body, None, "prod")
    return str(caught.value)


def test_every_field_finds_its_place() -> None:
    (change,) = read(
        DEPLOY
        | {
            "env": "staging",
            "region": "EU",
            "segment": "retail",
            "description": "new provider",
            "actor": "ada",
            "status": "started",
            "source": "ci",
            "attributes": {"reverts": "2026.04.18-2", "percentage": 25, "until": 1776510000},
            "whatever": {"else": ["is", "ignored"]},
        }
    )
    assert change == Change(
        id=change_id("staging", "deploy", "payment-service", "2026.04.18-3", TEN.replace(minute=1)),
        kind=ChangeKind.DEPLOY,
        service="payment-service",
        ref="2026.04.18-3",
        started_at=TEN.replace(minute=1),
        ended_at=TEN.replace(hour=11),
        env="staging",
        region="EU",
        segment="retail",
        percentage=25.0,
        reverts="2026.04.18-2",
        status="started",
        description="new provider",
        actor="ada",
        source="ci",
    )


@pytest.mark.parametrize(
    "time",
    [1776506460, 1776506460.0, "1776506460", "2026-04-18T10:01:00Z", "2026-04-18T12:01:00+02:00",
     "2026-04-18 10:01:00"],
)  # fmt: skip
def test_a_time_is_epoch_seconds_or_iso_and_without_a_zone_utc(time: object) -> None:
    assert read(DEPLOY | {"timestamp": time}) == read(DEPLOY)


def test_an_event_without_a_time_began_when_it_arrived() -> None:
    event = {key: value for key, value in DEPLOY.items() if key != "timestamp"}
    (change,) = read(event, received_at=TEN)
    assert change.started_at == TEN
    with pytest.raises(InputError, match=r"\[0\]: timestamp: found nothing, expected a time"):
        read(event)


def test_an_object_a_list_and_lines_say_the_same() -> None:
    other = DEPLOY | {"ref": "4"}
    as_list = orjson.dumps([DEPLOY, other])
    as_lines = orjson.dumps(DEPLOY) + b"\n\n" + orjson.dumps(other) + b"\n"
    assert parse(as_list, None, "prod") == parse(as_lines, None, "prod")
    assert parse(orjson.dumps(DEPLOY), None, "prod") == read(DEPLOY)


def test_the_same_event_twice_is_one_change() -> None:
    assert read(DEPLOY, DEPLOY) == read(DEPLOY)


def test_start_and_end_are_one_change_in_either_order() -> None:
    start = DEPLOY | {"status": "started", "actor": "ada"}
    end = DEPLOY | {"status": "finished", "timestamp": "2026-04-18T10:04:00Z"}
    (change,) = read(end, start)
    assert (change.started_at, change.ended_at) == (TEN.replace(minute=1), TEN.replace(minute=4))
    assert (change.status, change.actor) == ("finished", "ada")
    assert (change,) == read(start, end)
    assert change.id == read(start)[0].id


def test_an_end_that_names_its_start_has_the_id_of_the_start() -> None:
    start = DEPLOY | {"status": "started"}
    end = DEPLOY | {"status": "failed", "timestamp": "2026-04-18T10:04:00Z"}
    (change,) = read(end | {"started_at": start["timestamp"]})
    assert change.id == read(start)[0].id
    assert change.ended_at == TEN.replace(minute=4)


def test_an_end_meets_a_start_reported_before() -> None:
    known = read(DEPLOY | {"status": "started"})
    late = read(DEPLOY | {"status": "finished", "timestamp": "2026-04-18T10:04:00Z"})
    (change,) = meet(late, known)
    assert change.id == known[0].id
    assert meet(late, ()) == late


def test_the_planned_end_of_maintenance_gives_way_to_the_real_one() -> None:
    window = DEPLOY | {"kind": "maintenance", "status": "started"}
    (change,) = read(
        window | {"attributes": {"until": "2026-04-18T12:00:00Z"}},
        window | {"status": "finished", "timestamp": "2026-04-18T11:00:00Z"},
    )
    assert change.ended_at == TEN.replace(hour=11)


def test_a_sender_s_own_id_joins_reports_whatever_their_times() -> None:
    first = read(DEPLOY | {"id": "run-7"})[0]
    second = read(DEPLOY | {"id": "run-7", "timestamp": 1776506999, "status": "finished"})[0]
    assert first.id == second.id != read(DEPLOY)[0].id


def test_switching_a_flag_off_is_a_change_of_its_own() -> None:
    flag = {"kind": "flag", "service": "shop", "ref": "new-cart"}
    on, off = read(
        flag | {"timestamp": 0, "status": "on"}, flag | {"timestamp": 600, "status": "off"}
    )
    assert on.id != off.id
    assert (on.ended_at, off.ended_at) == (None, None)


def test_two_deploys_of_one_ref_stay_two() -> None:
    assert len(read(DEPLOY, DEPLOY | {"timestamp": "2026-04-18T18:01:00Z"})) == 2


@pytest.mark.parametrize(
    ("attributes", "reverts"),
    [({}, None), ({"rollback": False}, None), ({"rollback": True}, ""), ({"reverts": "3"}, "3")],
)
def test_a_rollback_is_marked(attributes: dict[str, object], reverts: str | None) -> None:
    (change,) = read(DEPLOY | {"attributes": attributes})
    assert change.reverts == reverts
    assert change.is_rollback is (reverts is not None)


def test_old_and_new_describe_a_change_nobody_described() -> None:
    (change,) = read(DEPLOY | {"kind": "scaling", "attributes": {"old": 3, "new": 5}})
    assert change.description == "3 → 5"


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"kind": "deplyo"}, "kind: found 'deplyo', expected one of deploy, flag, config"),
        ({"kind": "deplyo"}, "did you mean 'deploy'?"),
        ({"kind": None}, "kind: found nothing, expected one of"),
        ({"kind": ["deploy"]}, "kind: found a list, expected a text"),
        ({"service": "", "ref": " "}, "service: found neither it nor `ref`"),
        ({"service": {}}, "service: found an object, expected a text"),
        ({"ref": "a\x00b"}, "without control characters"),
        ({"ref": "x" * 5000}, "at most 4,000 characters"),
        ({"status": "done"}, "status: found 'done', expected one of on, off, started"),
        ({"timestamp": "yesterday"}, "timestamp: found 'yesterday', expected a time, as 2026"),
        ({"timestamp": True}, "timestamp: found 'True', expected a time"),
        ({"timestamp": 1776506460000}, "(not milliseconds)"),
        ({"timestamp": "2500-01-01"}, "from 1970 to 2200"),
        ({"timestamp": 1e300}, "expected a time"),
        ({"ended_at": 0}, "expected a time after the start"),
        ({"attributes": []}, "attributes: found a list, expected an object"),
        ({"attributes": {"percentage": 120}}, "attributes.percentage: found '120', expected a num"),
        ({"attributes": {"percentage": True}}, "attributes.percentage: found 'True'"),
        ({"attributes": {"rollback": "yes"}}, "attributes.rollback: found 'yes', expected true or"),
    ],
)
def test_a_wrong_field_is_named_with_what_was_expected(
    event: dict[str, Any], expected: str
) -> None:
    assert expected in refusal(orjson.dumps(DEPLOY | event))


def test_every_wrong_event_is_named_at_once_and_none_is_taken() -> None:
    message = refusal(orjson.dumps([DEPLOY, {"kind": "x"}, 5]))
    assert "[1]: kind: found 'x'" in message
    assert "[2]: found no object" in message
    assert "[0]" not in message
    assert "… and 40 more" in refusal(orjson.dumps([5] * 50))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "found no JSON"),
        (b"deploy", "expected an object or a list"),
        (b"{}\n{", "line 2: found no JSON"),
        (b'{"kind": "deploy", "ref": "x", "timestamp": 0}\n{"kind": 3}', "line 2: kind: found '3'"),
        (b"[" * 5000, "found no JSON"),
        (b" " * (MAX_BODY_BYTES + 1), "expected at most 8,388,608"),
        (b"[" + b"0," * MAX_EVENTS + b"0]", "found 20,001 events"),
        (b"0\n" * (MAX_EVENTS + 1), "found 20,001 lines"),
    ],
)
def test_a_body_that_is_no_event_is_refused(body: bytes, expected: str) -> None:
    assert expected in refusal(body)


_names = st.sampled_from(
    ["timestamp", "started_at", "ended_at", "kind", "service", "ref", "status", "attributes"]
)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False)
    | st.text(max_size=6) | st.sampled_from(["deploy", "flag", "started", "finished"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=6),
    max_leaves=15,
)  # fmt: skip


@given(st.binary(max_size=60) | _json.map(orjson.dumps), st.sampled_from([None, TEN]))
def test_any_bytes_are_changes_or_refused(body: bytes, received_at: datetime | None) -> None:
    try:
        changes = parse(body, received_at, "prod")
    except InputError as error:
        assert str(error)  # noqa: PT017 - either outcome is fine
    else:
        assert all(change.started_at.tzinfo is UTC for change in changes)


_events = st.lists(
    st.fixed_dictionaries(
        {
            "timestamp": st.integers(0, 50),
            "kind": st.sampled_from(["deploy", "flag", "maintenance"]),
            "ref": st.sampled_from(["a", "b"]),
            "status": st.sampled_from(["", "started", "finished", "on", "off"]),
        }
    ),
    max_size=8,
)


@given(_events, st.randoms(use_true_random=False))
def test_the_order_of_events_changes_nothing(events: list[Any], random: Any) -> None:
    mixed = list(events)
    random.shuffle(mixed)
    assert {one.id for one in read(*mixed)} == {one.id for one in read(*events)}
    assert len({one.id for one in read(*events)}) == len(read(*events))
