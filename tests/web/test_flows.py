"""What the first screen answers, and how it draws it."""

from dataclasses import replace

import numpy as np
import pytest

from aiops.impact.flow import Flow, FlowState, Place
from aiops.web.charts import HEIGHT, WIDTH, chart
from aiops.web.flows import answer, shown
from tests.builders import minute
from tests.web.conftest import Site

NAN = float("nan")
TIMES = np.array([int(minute(at).timestamp()) for at in range(60)])
LEVEL = np.full(60, 100.0)


def flow(**changes: object) -> Flow:
    base = Flow(
        kpi="revenue per minute",
        journey="checkout",
        unit="EUR",
        state=FlowState.AS_USUAL,
        hurts=False,
        now=9120,
        usual=9200,
        relative=-0.0087,
        read_until=minute(59),
        places=(),
        silent=0,
        is_mean=False,
        times=TIMES,
        observed=LEVEL,
        expected=LEVEL,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


BELOW = flow(
    state=FlowState.BELOW, hurts=True, relative=-0.17, places=(Place(region="EU", relative=-0.25),)
)
SILENT = flow(state=FlowState.SILENT, now=NAN, usual=NAN, relative=NAN)
YOUNG = flow(state=FlowState.YOUNG, usual=NAN, relative=NAN)
ORDERS = flow(kpi="orders per minute", unit="1/min")


@pytest.mark.parametrize(
    ("flows", "words"),
    [
        ([flow(), ORDERS], "Money is moving as usual."),
        (
            [BELOW],
            "Money is moving, less than usual: revenue per minute 17% below the usual"
            " (EU 25% below).",
        ),
        (
            [flow(state=FlowState.STOPPED, hurts=True)],
            "Money is not moving: revenue per minute not moving.",
        ),
        (
            [SILENT],
            "Nobody can say whether money moves: revenue per minute not reported since 10:59 UTC.",
        ),
        ([YOUNG], "Money is moving; it is too young to say what is usual."),
        ([replace(BELOW, unit="1/min"), flow()], "Money is moving as usual."),
        (
            [ORDERS],
            "Nobody can see money move: no KPI in money is declared; what is counted stands below.",
        ),
        ([], "Nobody can see money move: no KPI in money is declared."),
        (
            [flow(kpi="refunds", state=FlowState.ABOVE, hurts=True, relative=0.4)],
            "Money is moving, not as usual: refunds 40% above the usual.",
        ),
    ],
)
def test_whether_money_moves_is_answered_in_a_sentence(flows: list[Flow], words: str) -> None:
    assert answer(flows) == words


def test_the_worst_answer_is_given_where_kpis_differ() -> None:
    stopped = flow(kpi="sales", state=FlowState.STOPPED, hurts=True)
    assert answer([BELOW, SILENT, stopped]).startswith("Money is not moving: sales")


def test_a_kpi_is_told_with_what_was_expected() -> None:
    told = shown(flow())
    assert (told.title, told.figure) == ("checkout: revenue per minute", "EUR 9,120")
    assert (told.words, told.is_bad) == ("as usual, EUR 9,200 expected", False)
    assert shown(BELOW).words == "17% below the usual (EU 25% below), EUR 9,200 expected"
    assert shown(flow(silent=2)).words.endswith("2 cohorts do not report any more")
    assert shown(flow(is_mean=True)).words.endswith("mean of its cohorts, which do not add up")


def test_what_nobody_knows_is_not_made_up() -> None:
    assert shown(SILENT).figure == ""
    assert shown(SILENT).words == "not reported since 10:59 UTC"
    assert shown(SILENT).is_bad
    assert shown(YOUNG).words == "too young to say what is usual"
    empty = np.zeros(0)
    nothing = flow(times=TIMES[:0], observed=empty, expected=empty)
    assert shown(nothing).chart is None
    assert shown(flow(observed=np.full(60, NAN))).chart is None


def points(line: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (point.split(",") for point in line.split())]


def test_a_picture_begins_at_zero_and_stays_inside() -> None:
    observed = LEVEL.copy()
    observed[-5:] = 0
    drawn = chart(TIMES, observed, 1.2 * LEVEL)
    assert drawn is not None
    (line,) = (points(one) for one in drawn.observed)
    assert line[0][0] == 0
    assert line[0][1] == pytest.approx(HEIGHT * (1 - 0.95 / 1.2), abs=0.1)
    assert line[-1] == (WIDTH, HEIGHT)
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in line)
    assert drawn.highest == pytest.approx(120)
    assert (drawn.since, drawn.until) == (minute(0), minute(59))


def test_a_gap_parts_the_line_and_a_lone_reading_is_still_seen() -> None:
    observed = LEVEL.copy()
    observed[20:30] = NAN
    observed[31:40] = NAN
    drawn = chart(TIMES, observed, np.full(60, NAN))
    assert drawn is not None
    lines = [points(one) for one in drawn.observed]
    assert [len(one) for one in lines] == [20, 2, 20]
    assert drawn.expected == ()


def test_many_ticks_are_drawn_as_few_points() -> None:
    times = np.arange(0, 3600 * 6, 10)
    drawn = chart(times, np.sin(times) + 2, np.full(len(times), 2.0))
    assert drawn is not None
    assert all(len(points(one)) <= 160 for one in (*drawn.observed, *drawn.expected))


def test_nothing_but_zero_lies_at_the_bottom() -> None:
    drawn = chart(TIMES, 0 * LEVEL, 0 * LEVEL)
    assert drawn is not None
    assert {y for line in drawn.observed for _, y in points(line)} == {HEIGHT}


def test_the_first_screen_answers_before_anything_else(site: Site) -> None:
    told = site.open(flows=lambda: (BELOW, SILENT, YOUNG)).get("/incidents").text
    first, _, rest = told.partition('aria-label="Now"')
    assert "Nobody can say whether money moves" in first
    assert "17% below the usual (EU 25% below), EUR 9,200 expected" in first
    assert "no reading" in first
    assert first.count("<svg") == 3
    assert "open incident" in rest
    assert "Money" not in site.open().get("/incidents").text  # where no KPI is declared
