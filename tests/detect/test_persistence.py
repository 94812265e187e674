from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from aiops.detect.episodes import Track, new_track
from aiops.detect.persistence import advance, persistence_of
from aiops.detect.protocol import Verdict
from aiops.detect.transitions import Transitions
from aiops.domain.policies import DetectPolicy

RULE = persistence_of(DetectPolicy(), 60)


def verdict_of(distance: float | None) -> Verdict:
    """One subject, `distance` from what is expected; None where nothing was measured."""
    far = np.array([distance or 0.0], dtype=np.float32)
    no = np.zeros(1, dtype=np.bool_)
    return Verdict(
        measured=np.array([distance is not None]),
        outside=far >= 5,
        certain=far >= 12,
        back=far < 3,
        strength=far,
        direction=np.ones(1, dtype=np.int8),
        observed=far,
        expected=np.zeros(1, dtype=np.float32),
        low=-5 * np.ones(1, dtype=np.float32),
        high=5 * np.ones(1, dtype=np.float32),
        since=np.zeros(1, dtype=np.int64),
        young=no,
    )


def play(distances: list[float | None], *, settles: bool = True) -> tuple[Track, list[str]]:
    track, told = new_track(1), []
    for number, distance in enumerate(distances, start=1):
        verdict = replace(verdict_of(distance), settles=settles)
        track, moves = advance(track, verdict, 60 * number, RULE)
        told.append("".join(say(moves)))
    return track, told


def say(moves: Transitions) -> list[str]:
    names = ("opened", "reopened", "strengthened", "ended", "released")
    return [name for name in names if len(getattr(moves, name))]


def test_two_of_three_ticks_open_with_the_first_of_them_as_onset() -> None:
    track, told = play([0, 6, 0, 7])

    assert told == ["", "", "", "opened"]
    assert track.episode(0)["onset"] == 120
    assert track.episode(0)["peak"] == 7


def test_two_of_four_ticks_do_not() -> None:
    assert play([6, 0, 0, 6, 0, 0, 6])[1] == [""] * 7


def test_one_certain_tick_opens() -> None:
    assert play([0, 20])[1] == ["", "opened"]


def test_a_peak_from_before_the_run_is_forgotten() -> None:
    track, _ = play([11, 0, 0, 0, 6, 6])

    assert track.episode(0)["peak"] == 6


def test_it_ends_after_five_ticks_inside_and_not_in_between() -> None:
    _, told = play([6, 6, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0])

    assert told[:-1] == ["", "opened", *[""] * 9]
    assert told[-1] == "ended"


def test_a_return_within_the_flap_window_is_the_same_one() -> None:
    calm: list[float | None] = [0] * 10
    track, told = play([6, 6, *calm, 6, 6])

    assert told[-1] == "reopened"
    assert track.episode(0)["onset"] == 60


def test_a_return_after_it_is_another_one() -> None:
    calm: list[float | None] = [0] * 30
    track, told = play([6, 6, *calm, 6, 6])

    assert told[-1] == "opened"
    assert track.episode(0)["onset"] == 60 * 33


def near(distance: float | None) -> Verdict:
    """As a detector says it that knows how far what is almost back still is: here never quite."""
    verdict = verdict_of(distance)
    remains = np.where(verdict.strength < 5, np.float32(2), np.float32(np.inf))
    return replace(verdict, back=np.zeros(1, dtype=np.bool_), remains=remains)


def test_what_stays_almost_back_is_over_when_its_return_would_be_new() -> None:
    track, at = new_track(1), 0
    for distance in [8.0, 8.0, *[2.0] * 30]:
        at += 60
        track, moves = advance(track, near(distance), at, RULE)
        if "ended" in say(moves):
            break

    assert at == 120 + RULE.flap_seconds + 60
    assert track.episode(0)["ended"] == 180  # when it was first inside, not when that was clear


def test_what_is_outside_now_and_then_is_not_over() -> None:
    track = new_track(1)
    told = []
    for number, distance in enumerate([8.0, 8.0, *[2.0, 2.0, 2.0, 6.0] * 10], start=1):
        track, moves = advance(track, near(distance), 60 * number, RULE)
        told += say(moves)

    assert told == ["opened"]


def test_missing_ticks_neither_open_nor_end() -> None:
    _, told = play([6, None, None, None, 6, *[0] * 4, *[None] * 50])

    assert [one for one in told if one] == ["opened"]


def test_it_strengthens_by_half_at_most_every_few_ticks() -> None:
    _, told = play([6, 6, 9.5, 9.5, 9.5, 30, 60, 60])

    assert told == ["", "opened", "", "", "strengthened", "", "", "strengthened"]


def test_a_day_outside_is_the_new_normal() -> None:
    told = play([6] * 1450)[1]

    assert play([6] * 1441)[0].episode(0)["settled"] == 6
    assert {at: one for at, one in enumerate(told) if one} == {
        1: "opened",
        1440: "released",
        1442: "opened",
    }


def test_what_never_settles_stays_open() -> None:
    _, told = play([6] * 1450, settles=False)

    assert [one for one in told if one] == ["opened"]


@given(st.lists(st.one_of(st.none(), st.floats(0, 30)), max_size=120))
def test_whatever_happens_openings_and_ends_take_turns(distances: list[float | None]) -> None:
    _, told = play(distances)

    turns = [one for one in "".join(told).replace("strengthened", "").split("ed") if one]
    kinds = ["open" if one in ("open", "reopen") else "end" for one in turns]
    assert kinds == [("open", "end")[number % 2] for number in range(len(kinds))]
