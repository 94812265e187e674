"""Rules that bring the labels of every source into one form."""

import re

from hypothesis import given
from hypothesis import strategies as st

from aiops.domain.labels import Extract, LabelRule, normalized, rules_for

POD = Extract(label="pod", pattern=re.compile(r"^(?P<service>.+)-[0-9a-f]{8,10}-[0-9a-z]{5}$"))
NAMES = st.sampled_from(["app", "service", "env", "pod", "ip"])
LABELS = st.dictionaries(NAMES, st.text(max_size=5), max_size=5)


def test_a_label_gets_the_name_it_has_here() -> None:
    found = normalized({"app": "shop"}, [LabelRule(name="n", rename={"app": "service"})])
    assert found.labels == {"service": "shop"}
    assert found.steps == ("n: app is service = 'shop'",)


def test_a_label_that_has_the_right_name_already_wins() -> None:
    rule = LabelRule(name="n", rename={"app": "service"})
    assert normalized({"app": "a", "service": "b"}, [rule]).labels == {"service": "b"}


def test_values_are_called_as_here_by_name_or_pattern() -> None:
    rule = LabelRule(name="n", values={"env": {"production": "prod", "stag*": "staging"}})
    assert normalized({"env": "production"}, [rule]).labels == {"env": "prod"}
    assert normalized({"env": "stag-2"}, [rule]).labels == {"env": "staging"}
    assert normalized({"env": "test"}, [rule]).labels == {"env": "test"}
    assert normalized({"env": "production"}, [rule]).steps == ("n: env = 'prod' from 'production'",)


def test_what_is_part_of_another_label_is_read_out_of_it() -> None:
    rule = LabelRule(name="n", extract=POD)
    found = normalized({"pod": "payment-service-6c8d5f7b9d-x2x9z"}, [rule])
    assert found.labels["service"] == "payment-service"
    assert found.steps == ("n: service = 'payment-service' out of pod",)
    assert "service" not in normalized({"pod": "postgres-0"}, [rule]).labels
    known = normalized({"pod": "a-6c8d5f7b9d-x2x9z", "service": "b"}, [rule])
    assert known.labels["service"] == "b"


def test_what_nobody_needs_is_dropped() -> None:
    rule = LabelRule(name="n", drop=("pod*", "ip"))
    found = normalized({"pod": "a", "pod_uid": "b", "ip": "c", "env": "prod"}, [rule])
    assert found.labels == {"env": "prod"}
    assert "n: ip is dropped" in found.steps


def test_what_is_no_matter_is_ignored_and_nothing_after_it_is_done() -> None:
    ignore = LabelRule(name="n0", where={"env": "sandbox-*"}, ignore=True)
    after = LabelRule(name="n1", drop=("env",))
    found = normalized({"env": "sandbox-7"}, [ignore, after])
    assert found.is_ignored
    assert found.steps == ("n0: ignored",)
    assert normalized({"env": "prod"}, [ignore, after]).labels == {}


def test_rules_follow_each_other() -> None:
    rules = [
        LabelRule(name="n0", rename={"stage": "env"}),
        LabelRule(name="n1", values={"env": {"live": "prod"}}),
    ]
    assert normalized({"stage": "live"}, rules).labels == {"env": "prod"}


def test_a_rule_may_be_about_some_sources_only() -> None:
    every, one = LabelRule(name="n0"), LabelRule(name="n1", sources=("am",))
    assert rules_for([every, one], "am") == (every, one)
    assert rules_for([every, one], "prom") == (every,)


@given(LABELS)
def test_without_a_rule_that_holds_labels_stay_as_they_are(labels: dict[str, str]) -> None:
    rule = LabelRule(name="n", where={"nobody": "?*"}, drop=("*",))
    assert normalized(labels, [rule]).labels == labels


@given(LABELS)
def test_doing_it_again_changes_nothing(labels: dict[str, str]) -> None:
    rules = [
        LabelRule(name="n0", rename={"app": "service"}),
        LabelRule(name="n1", extract=POD),
        LabelRule(name="n2", drop=("ip",)),
    ]
    once = normalized(labels, rules).labels
    assert normalized(once, rules).labels == once
