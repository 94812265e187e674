"""A symptom as a picture: what it marks, how it is scaled, and that drawing it needs nobody."""

import re
import socket
import struct
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from aiops.domain.series import Family
from aiops.drawing.scale import Scale, scale_of
from aiops.drawing.symptom import Picture, change_mark, marks_of, png, span_of, svg
from tests import builders
from tests.builders import minute

SYMPTOM = builders.story()[0]
TITLED = {"title": "INC-2048: error rate", "subtitle": ("0.3% → 7.2%",)}


def picture(values: Any = None, **changes: Any) -> Picture:
    times = np.arange(int(minute(-20).timestamp()), int(minute(10).timestamp()), 60)
    if values is None:
        values = np.where(times < minute(3).timestamp(), 0.003, 0.072)
    base = Picture(symptom=SYMPTOM, times=times, values=values, marks=marks_of(SYMPTOM))
    return replace(base, **changes)


def words_of(drawn: str | None) -> list[str]:
    assert drawn is not None
    return re.findall(r"<t(?:ext|span)[^>]*>([^<]+)</t", drawn)


def test_a_picture_in_a_page_holds_no_script_and_no_text_of_the_data() -> None:
    hostile = replace(SYMPTOM.series.key, service="<script>alert(1)</script>", metric="evil")
    symptom = replace(SYMPTOM, series=replace(SYMPTOM.series, key=hostile))
    drawn = svg(picture(symptom=symptom))
    assert drawn is not None
    assert "<script" not in drawn
    assert "alert" not in drawn
    assert "evil" not in drawn
    assert drawn == svg(picture(symptom=symptom)), "the same picture is the same text"


def test_hostile_words_in_a_title_stay_words() -> None:
    drawn = svg(picture(title="<script>alert(1)</script>"))
    assert drawn is not None
    assert "<script" not in drawn


def test_it_marks_when_it_began_and_the_change_before_it() -> None:
    marks = (change_mark(minute(1), "deploy"), *marks_of(SYMPTOM))
    words = words_of(svg(picture(marks=marks, **TITLED)))
    assert {"deploy 10:01", "began 10:03"} <= set(words)


def test_it_marks_when_it_ended() -> None:
    ended = replace(SYMPTOM, ended_at=minute(8))
    assert "ended 10:08" in words_of(svg(picture(marks=marks_of(ended), **TITLED)))


def test_a_mark_outside_of_its_time_is_left_out() -> None:
    marks = (change_mark(minute(-200), "deploy"),)
    assert not [one for one in words_of(svg(picture(marks=marks, **TITLED))) if "deploy" in one]


def test_its_time_is_utc_with_the_clock_of_the_series_below() -> None:
    berlin = replace(SYMPTOM, series=replace(SYMPTOM.series, zone="Europe/Berlin"))
    words = words_of(svg(picture(symptom=berlin, **TITLED)))
    assert "UTC, below it Europe/Berlin" in words
    assert "10:00" in " ".join(words)
    assert "12:00" in " ".join(words)


def test_a_share_is_drawn_in_per_cent() -> None:
    words = words_of(svg(picture(**TITLED)))
    assert {"%", "0", "8"} <= set(words)


@pytest.mark.parametrize(
    ("unit", "family", "highest", "scale"),
    [
        ("%", Family.SATURATION, 91.0, Scale(1.0, "%")),
        ("1", Family.TRAFFIC, 0.4, Scale(1.0, "")),
        ("1", Family.ERRORS, 40.0, Scale(1.0, "")),
        ("ms", Family.LATENCY, 2500.0, Scale(1e-3, "s")),
        ("s", Family.LATENCY, 600.0, Scale(1 / 60, "min")),
        ("By", Family.OTHER, 12.0, Scale(1.0, "bytes")),
        ("{request}", Family.TRAFFIC, 12.0, Scale(1.0, "")),
        ("1/s", Family.TRAFFIC, 12.0, Scale(1.0, "1/s")),
    ],
)
def test_every_unit_has_a_scale_that_reads_well(
    unit: str, family: Family, highest: float, scale: Scale
) -> None:
    assert scale_of(unit, family, highest) == scale


def test_a_drop_is_seen_and_not_flattened_by_zero() -> None:
    times = picture().times
    values = np.where(times < minute(3).timestamp(), 5120.0, 4900.0)
    steady = replace(SYMPTOM, low=5000.0, high=5200.0, expected=5100.0)
    assert "0" not in words_of(svg(picture(values, symptom=steady, **TITLED)))


@pytest.mark.parametrize(("low", "high"), [(-1e9, 1e9), (np.nan, 0.005), (-np.inf, np.inf)])
def test_a_band_far_wider_than_the_values_does_not_hide_them(low: float, high: float) -> None:
    words = words_of(svg(picture(symptom=replace(SYMPTOM, low=low, high=high), **TITLED)))
    assert {"0", "2", "4", "6"} <= set(words)


def test_a_spike_is_not_thinned_away() -> None:
    times = np.arange(0, 86_400 * 3, 60)
    values = np.full(len(times), 0.003)
    values[2000] = 0.072
    assert "6" in words_of(svg(picture(values, times=times, marks=(), **TITLED)))


@pytest.mark.parametrize("values", [np.full(30, np.nan), np.array([])])
def test_where_nothing_was_measured_there_is_no_picture(values: Any) -> None:
    drawn = picture(values, times=picture().times[: len(values)])
    assert svg(drawn) is None
    assert png(drawn) is None


def test_it_spans_the_time_from_well_before_the_onset() -> None:
    since, until = span_of(SYMPTOM, 60)
    assert SYMPTOM.onset - since >= timedelta(minutes=20)
    assert until > SYMPTOM.last_seen


def test_a_png_is_one_of_a_chats_size_and_needs_no_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("drawing asked for the network")

    monkeypatch.setattr(socket, "socket", refuse)
    drawn = png(picture(**TITLED))
    assert drawn is not None
    assert drawn.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", drawn[16:24])
    assert (1300 < width < 1500, 600 < height < 900) == (True, True)
    assert len(drawn) < 1_000_000
