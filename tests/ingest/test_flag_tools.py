"""What Flagsmith and Unleash say of flags, beyond what all tools promise."""

from datetime import UTC, datetime
from typing import Any

import pytest

from aiops.domain.changes import ChangeKind
from aiops.domain.errors import InputError
from aiops.domain.words import Passed
from aiops.ingest import flagsmith, unleash
from tests.contracts.test_change_reports import NOW
from tests.ingest.test_change_tools import body

NEW, OLD = "data__new_state", "data__previous_state"


def feature(**changed: Any) -> Any:
    return flagsmith.parse(body("flagsmith", "updated", **changed), {}, NOW)


def flag(event: str = "enabled", **changed: Any) -> Any:
    return unleash.parse(body("unleash", event, **changed), {}, NOW)


def test_a_feature_says_what_was_done_to_it_where_and_by_whom() -> None:
    (one,) = feature()
    assert (one.kind, one.ref, one.status, one.env) == (
        ChangeKind.FLAG,
        "new-search-ranking",
        "on",
        "Production",
    )
    assert one.started_at == datetime(2026, 4, 18, 10, 0, 0, 595298, tzinfo=UTC)
    assert (one.actor, one.description) == ("ann@example.com", "by-sales → by-margin")
    assert one.facts == {"project": ("Shop",), "flag": ("new-search-ranking",)}


@pytest.mark.parametrize(
    ("was", "now", "status"), [(False, True, "on"), (True, False, "off"), (True, True, "")]
)
def test_a_feature_says_whether_it_was_turned(was: bool, now: bool, status: str) -> None:
    (one,) = feature(**{f"{OLD}__enabled": was, f"{NEW}__enabled": now})
    assert one.status == status


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (None, 7, "nothing → 7"),
        ("same", "same", ""),
        ("a", "x" * 5000, "its value changed"),
        ("a", "b\nc", "its value changed"),
    ],
)
def test_only_short_values_are_shown(old: object, new: object, said: str) -> None:
    changed = {f"{OLD}__feature_state_value": old, f"{NEW}__feature_state_value": new}
    assert feature(**changed)[0].description == said


def test_a_new_feature_counts_where_it_is_on_and_one_that_goes_where_it_was() -> None:
    assert feature(data__previous_state=None)[0].status == "on"
    changed: dict[str, Any] = {"data__previous_state": None, f"{NEW}__enabled": False}
    assert isinstance(feature(**changed), Passed)
    gone: dict[str, Any] = {"event_type": "FLAG_DELETED", "data__new_state": None}
    assert isinstance(feature(**gone), Passed)
    (one,) = feature(**{**gone, f"{OLD}__enabled": True})
    assert (one.status, one.description) == ("off", "")


def test_an_override_for_one_identity_is_none_and_one_for_a_segment_is() -> None:
    assert isinstance(feature(**{f"{NEW}__identity_identifier": "user-7"}), Passed)
    assert isinstance(feature(**{f"{NEW}__identity": 7}), Passed)
    segment = {"segment": {"id": 3, "name": "beta"}, "priority": 1}
    (one,) = feature(**{f"{NEW}__feature_segment": segment})
    assert one.description == "by-sales → by-margin, for segment beta"
    assert one.key != feature()[0].key


def test_a_feature_s_environment_may_be_a_number_and_its_time_may_be_missing() -> None:
    changed: dict[str, Any] = {f"{NEW}__environment": 23, f"{NEW}__feature__project": 12}
    (one,) = feature(**changed, data__timestamp="")
    assert (one.env, one.facts["project"], one.started_at) == ("23", ("12",), NOW)


def test_the_audit_log_is_passed_over() -> None:
    assert isinstance(feature(event_type="AUDIT_LOG_CREATED"), Passed)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"event_type": ""}, "event_type: found nothing"),
        ({"data": []}, "data: found a list"),
        ({"data": {}}, r"data\.previous_state\.feature\.name: found nothing"),
        ({f"{NEW}__enabled": "yes"}, r"data\.new_state\.enabled: found 'yes'"),
        ({f"{NEW}__feature": 1}, r"data\.new_state\.feature: found '1'"),
        ({"data__timestamp": "soon"}, r"data\.timestamp: found 'soon'"),
    ],
)
def test_what_is_wrong_of_a_feature_is_named_with_its_place(
    changed: dict[str, Any], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        feature(**changed)


@pytest.mark.parametrize(
    ("event", "status"),
    [
        ("feature-environment-enabled", "on"),
        ("feature-environment-disabled", "off"),
        ("feature-archived", "off"),
        ("feature-environment-variants-updated", ""),
    ],
)
def test_a_flag_says_how_it_was_turned(event: str, status: str) -> None:
    (one,) = flag(type=event)
    assert (one.kind, one.ref, one.status) == (ChangeKind.FLAG, "new-search-ranking", status)
    assert one.started_at == datetime(2026, 4, 18, 10, 0, 0, 521000, tzinfo=UTC)
    assert one.facts == {
        "project": ("shop",),
        "flag": ("new-search-ranking",),
        "tag": ("search", "simple:search", "checkout", "team:checkout"),
    }


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "feature-strategy-update: flexibleRollout 10% → flexibleRollout 50%"),
        ({"preData": None}, "feature-strategy-update: flexibleRollout 50%"),
        ({"data": None, "preData": None}, "feature-strategy-update"),
        ({"preData": None, "data": {"name": "default"}}, "feature-strategy-update: default"),
    ],
)
def test_a_strategy_says_how_many_it_reaches(changed: dict[str, Any], said: str) -> None:
    (one,) = flag("strategy", **changed)
    assert (one.description, one.status) == (said, "")


@pytest.mark.parametrize("event", ["feature-created", "feature-tagged", "change-request-applied"])
def test_what_is_done_to_a_flag_outside_of_environments_is_passed_over(event: str) -> None:
    assert isinstance(flag(type=event), Passed)


def test_each_event_is_a_change_of_its_own() -> None:
    assert flag()[0].key != flag(id=843)[0].key
    assert flag()[0].key == flag(createdAt=None)[0].key
    assert flag(tags=None)[0].facts["tag"] == ()


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"type": None}, "type: found nothing.*leave the body template empty"),
        ({"id": None}, "id: found nothing"),
        ({"featureName": ""}, "featureName: found nothing"),
        ({"tags": {}}, "tags: found no list"),
        ({"tags": [1]}, r"tags\[0\]: found no object"),
        ({"createdAt": "soon"}, "createdAt: found 'soon'"),
    ],
)
def test_what_is_wrong_of_an_event_is_named_with_its_place(
    changed: dict[str, Any], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        flag(**changed)
