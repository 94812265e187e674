"""Whether money moves, in words and pictures: what the first screen answers. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from aiops.domain.figures import format_value
from aiops.domain.series import Family
from aiops.domain.time import clock_time
from aiops.impact.flow import Flow, FlowState
from aiops.web.charts import Chart, chart

_MOST_PLACES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFlow:
    """A KPI as the first screen shows it.

    Args:
        title: its name, and its journey's where there is one.
        figure: its value over the last minutes, as people write it; empty where there is none.
        words: how it stands, in a sentence.
        is_bad: whether people should look at it.
        chart: its last hours, None where nothing was read.
    """

    title: str
    figure: str
    words: str
    is_bad: bool
    chart: Chart | None


def shown(flow: Flow) -> ShownFlow:
    """Return a KPI as the first screen shows it; what nobody read is not made up."""
    title = f"{flow.journey}: {flow.kpi}" if flow.journey else flow.kpi
    return ShownFlow(
        title=title,
        figure=_value(flow.now, flow.unit) if flow.now == flow.now else "",
        words=_words(flow),
        is_bad=flow.hurts or flow.state is FlowState.SILENT,
        chart=chart(flow.times, flow.observed, flow.expected),
    )


def answer(flows: Sequence[Flow]) -> str:
    """Return the answer to "can we see money moving through the system?", in a sentence."""
    money = [one for one in flows if one.is_money]
    if not money:
        counted = "" if not flows else "; what is counted stands below"
        return f"Nobody can see money move: no KPI in money is declared{counted}."
    for state, words in (
        (FlowState.STOPPED, "Money is not moving"),
        (FlowState.SILENT, "Nobody can say whether money moves"),
        (FlowState.BELOW, "Money is moving, less than usual"),
    ):
        found = [one for one in money if one.state is state]
        if found:
            return f"{words}: {_listed(found)}."
    if any(one.hurts for one in money):
        return f"Money is moving, not as usual: {_listed([one for one in money if one.hurts])}."
    if all(one.state is FlowState.YOUNG for one in money):
        return "Money is moving; it is too young to say what is usual."
    return "Money is moving as usual."


def _listed(flows: Sequence[Flow]) -> str:
    return "; ".join(f"{one.kpi} {_standing(one)}" for one in flows)


def _words(flow: Flow) -> str:
    told = [_standing(flow)]
    if flow.usual == flow.usual:
        told.append(f"{_value(flow.usual, flow.unit)} expected")
    if flow.is_mean:
        told.append("mean of its cohorts, which do not add up")
    if flow.silent and flow.state is not FlowState.SILENT:
        count = "1 cohort does" if flow.silent == 1 else f"{flow.silent} cohorts do"
        told.append(f"{count} not report any more")
    return ", ".join(told)


def _standing(flow: Flow) -> str:
    """Return how a KPI stands, as in "24% below the usual (EU 38% below)"."""
    match flow.state:
        case FlowState.SILENT:
            return _silence(flow.read_until)
        case FlowState.BELOW | FlowState.ABOVE:
            words = f"{_percent(flow.relative)} {flow.state.value}"
        case _:
            words = flow.state.value
    places = ", ".join(
        f"{one.region} {_percent(one.relative)} {'below' if one.relative < 0 else 'above'}"
        for one in flow.places[:_MOST_PLACES]
    )
    return f"{words} ({places})" if places else words


def _silence(read_until: datetime | None) -> str:
    since = f" since {clock_time(read_until)}" if read_until else ""
    return f"not reported{since}"


def _percent(relative: float) -> str:
    size = 100 * abs(relative)
    return f"{size:.0f}%" if size >= 1 else f"{size:.1f}%"


def _value(value: float, unit: str) -> str:
    return format_value(value, unit, Family.KPI)
