"""What of an incident is drawn, and in which words."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from aiops.drawing.incident import picture_of, subject_of, words_of
from aiops.drawing.symptom import svg
from tests import builders
from tests.notify.stories import incident

TOLD = builders.story()[0]
TIMES = np.arange(0, 600, 60)


def drawn(**changes: Any) -> tuple[str, tuple[str, ...], list[str]]:
    picture = picture_of(incident(**changes), TOLD, TIMES, np.ones(len(TIMES)))
    return picture.title, picture.subtitle, [mark.words for mark in picture.marks]


def test_it_says_what_it_shows_and_marks_the_change_that_is_blamed() -> None:
    assert drawn() == (
        "INC-2048: Error rate on /checkout in EU",
        (
            "0.3% → 7.2%, expected 0.2% to 0.4% (green)",
            "deploy 2026.04.18-3 to payment-service at 10:01 UTC",
        ),
        ["deploy 10:01", "began 10:03"],
    )


def test_without_a_cause_nothing_is_blamed() -> None:
    _, subtitle, marks = drawn(causes=())
    assert len(subtitle) == 1
    assert marks == ["began 10:03"]


def test_the_same_series_and_change_are_the_same_subject() -> None:
    first = subject_of(incident(), TOLD)
    assert subject_of(incident(revision=7), replace(TOLD, strength=99.0)) == first
    assert subject_of(incident(causes=()), TOLD) != first
    assert subject_of(incident(), builders.story()[1]) != first


def test_its_words_stand_for_the_picture_where_nobody_can_see_it() -> None:
    assert words_of(TOLD) == (
        "Error rate on /checkout in EU: 0.3% → 7.2%, expected 0.2% to 0.4%, since 10:03 UTC"
    )


@pytest.mark.parametrize("low", [-0.009, -1.0])
def test_what_cannot_be_negative_is_not_expected_below_zero(low: float) -> None:
    told = replace(TOLD, low=low, high=0.015)
    assert "expected up to 1.5%" in words_of(told)
    values = np.array([0.003] * 9 + [0.07])
    page = svg(picture_of(incident(), told, TIMES, values))
    assert page is not None
    assert "\N{MINUS SIGN}" not in page


def test_what_is_expected_below_zero_says_so() -> None:
    told = replace(TOLD, low=-3.0, high=-1.0, expected=-2.0, before=-2.0, observed=-9.0)
    assert "expected -" in words_of(told)


def test_where_nothing_was_expected_nothing_is_said_of_it() -> None:
    assert "expected" not in words_of(replace(TOLD, low=float("nan")))


def test_a_long_or_broken_line_is_cut_to_the_width_of_the_picture() -> None:
    key = replace(TOLD.series.key, labels=(("operation", "/x\n" * 200),))
    told = replace(TOLD, series=replace(TOLD.series, key=key))
    picture = picture_of(incident(), told, TIMES, np.ones(len(TIMES)))
    assert len(picture.title) <= 100
    assert "\n" not in picture.title
