"""What is looked for in an event log is found, and nothing where nothing is."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from aiops.domain.cases import CaseEvent
from aiops.process.quality import Check, Quality, quality_of
from tests.builders import minute

SOUND = [
    CaseEvent(
        log="orders",
        case_id=str(case),
        name=name,
        at=minute(case * 37 + step) + timedelta(seconds=7),
        actor="clerk",
    )
    for case in range(40)
    for step, name in enumerate(("ordered", "packed", "shipped"))
]


def quality(events: Sequence[CaseEvent], **refused: int) -> Quality:
    cases: dict[str, list[tuple[int, CaseEvent]]] = defaultdict(list)
    for number, event in enumerate(events):
        cases[event.case_id].append((number, event))
    for case in cases.values():
        case.sort(key=lambda one: (one[1].at, one[0]))
    return quality_of(cases.values(), refused, minute(60 * 24 * 365))


def found(events: Sequence[CaseEvent], **refused: int) -> dict[Check, int]:
    return {one.check: one.count for one in quality(events, **refused).findings if one.count}


def test_a_sound_log_has_no_findings() -> None:
    good = quality(SOUND)
    assert (good.events, good.cases, good.first) == (120, 40, SOUND[0].at)
    assert found(SOUND) == {}


def test_an_empty_log_is_empty() -> None:
    empty = quality([])
    assert (empty.events, empty.cases, empty.first, empty.last) == (0, 0, None, None)
    assert all(one.share == 0 for one in empty.findings)


def test_rows_that_were_refused_count_by_their_column() -> None:
    assert found(SOUND, case_id=3, timestamp=2, amount=1) == {
        Check.MISSING_CASE_ID: 3,
        Check.UNREADABLE: 3,
    }


FIRST = SOUND[0]


@pytest.mark.parametrize(
    ("more", "check", "count"),
    [
        (replace(FIRST, actor="bob"), Check.NOT_UNIQUE, 1),
        (replace(FIRST, at=minute(60 * 24 * 365) + timedelta(seconds=1)), Check.FUTURE, 1),
        (replace(FIRST, name="paid"), Check.OUT_OF_ORDER, 2),
        (replace(SOUND[-1], name="paid", actor=" Unknown "), Check.UNKNOWN_ACTOR, 1),
        (replace(FIRST, case_id="alone"), Check.SINGLE_EVENT, 1),
    ],
)
def test_what_is_wrong_is_counted_with_an_example(
    more: CaseEvent, check: Check, count: int
) -> None:
    assert found([*SOUND, more]).get(check) == count
    (finding,) = [one for one in quality([*SOUND, more]).findings if one.check is check]
    assert finding.example


@pytest.mark.parametrize(
    ("grain", "size"),
    [("minute", 60), ("hour", 3600), ("day", 86_400)],
)
def test_times_that_know_no_better_are_coarse(grain: str, size: int) -> None:
    start = minute(0).replace(hour=0)
    events = [
        replace(one, at=start + timedelta(seconds=size * number))
        for number, one in enumerate(SOUND)
    ]
    (finding,) = [one for one in quality(events).findings if one.check is Check.COARSE]
    assert (finding.count, finding.example) == (120, f"they are of the full {grain}")


def test_a_pause_far_longer_than_any_is_a_gap_and_nights_are_none() -> None:
    days = [
        replace(SOUND[0], case_id=f"{day}-{hour}", at=minute(60 * (24 * day + hour)))
        for day in range(60)
        for hour in range(8)
    ]
    assert Check.GAP not in found(days)
    later = [replace(one, at=one.at + timedelta(days=70)) for one in days]
    assert found([*days, *later])[Check.GAP] == 1
