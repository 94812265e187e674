"""Which series a policy's patterns mark, and how much their bars move."""

from dataclasses import replace

import numpy as np
import pytest

from aiops.detect.importance import factors_of
from aiops.domain.policies import DetectPolicy
from aiops.domain.series import Series
from tests.detect.made import series_of

ONE = series_of("error_ratio", "checkout")
RECORDED = series_of("job:rate5m", "checkout")


def is_marked(series: Series, *patterns: str) -> bool:
    return bool(factors_of([series], DetectPolicy(noisy=patterns))[0] == np.float32(1.5))


@pytest.mark.parametrize(
    "pattern",
    ["error_ratio", "error_*", "checkout:error_ratio", "checkout:*", "check*:error_rati[o]"],
)
def test_a_pattern_is_a_metric_or_service_and_metric(pattern: str) -> None:
    assert is_marked(ONE, pattern)
    assert is_marked(ONE, "other", pattern, "search:*")


@pytest.mark.parametrize(
    "pattern", ["error", "Error_Ratio", "checkout", "search:error_ratio", "error_ratio*:*", ""]
)
def test_any_other_marks_nothing(pattern: str) -> None:
    assert not is_marked(ONE, pattern)


def test_a_customer_segment_can_be_marked_alone() -> None:
    gold = replace(ONE, key=replace(ONE.key, segment="gold"))

    assert is_marked(gold, "checkout:*{*segment=gold*}")
    assert is_marked(gold, "*:error_ratio{*segment=gold*}")
    assert is_marked(gold, gold.key.fingerprint)
    assert not is_marked(ONE, "*{*segment=gold*}", gold.key.fingerprint)


def test_a_metric_with_a_colon_is_named_with_its_service() -> None:
    assert is_marked(RECORDED, "checkout:job:rate5m")
    assert not is_marked(RECORDED, "job:rate5m")


def test_what_is_both_is_important() -> None:
    policy = DetectPolicy(important=("checkout:*",), noisy=("error_ratio",))
    assert factors_of([ONE, series_of("errors", "search")], policy).tolist() == [
        np.float32(0.7),
        1.0,
    ]


def test_no_patterns_mark_nothing() -> None:
    assert factors_of([ONE], DetectPolicy()).tolist() == [1.0]
