"""What a declared SLO must not contradict, and how its budget is counted where it does not say."""

from collections.abc import Iterator

from aiops.domain.slos import Budgeting, Sli
from aiops.settings.document import Loc
from aiops.settings.problems import shown
from aiops.settings.schema import SettingsFile, SloSection

_Fault = tuple[str, str, str]
"""Key, message, hint."""


def budgeting_of(section: SloSection) -> Budgeting:
    """Return what its budget is counted in: as declared, else requests where they are known."""
    if section.budgeting is not None:
        return section.budgeting
    return Budgeting.TIMESLICES if _is_threshold(section) else Budgeting.OCCURRENCES


def check(file: SettingsFile) -> Iterator[tuple[Loc, str, str]]:
    """Yield every contradiction in a declared SLO: place, message, hint."""
    for index, journey in enumerate(file.journeys):
        seen: dict[tuple[str, str, str], int] = {}
        for place, section in enumerate(journey.slos):
            loc = ("journeys", index, "slos", place)
            own = (section.sli.value, section.service or "", section.operation)
            if own in seen:
                message = f"found a second {section.sli.value} of the same, after slos[{seen[own]}]"
                hint = "take one out, or give it a `service:` of its own"
                yield (*loc, "sli"), f"{message}; expected one", hint
            seen.setdefault(own, place)
            for find in (_events, _latency, _slices, _place):
                for key, message, hint in find(section):
                    yield (*loc, key), message, hint


def _events(section: SloSection) -> Iterator[_Fault]:
    """Yield what is wrong with the metrics that count its events."""
    counts = [name for name in ("good", "bad") if getattr(section, name)]
    if len(counts) == 2:
        yield (
            "bad",
            "found `good` and `bad`, expected one of them",
            "`total` minus one is the other",
        )
    if counts and section.total is None:
        yield "total", "found nothing, expected the metric that counts all requests", "add it"
    if counts and section.errors is not None:
        yield "errors", f"found a share of failures beside `{counts[0]}`, expected one of them", ""
    if section.sli is Sli.LATENCY and section.errors is not None:
        yield "errors", "found failures, expected none in a latency", "write `sli: availability`"


def _latency(section: SloSection) -> Iterator[_Fault]:
    if section.sli is Sli.AVAILABILITY:
        for name in ("latency", "threshold_seconds"):
            if getattr(section, name) is not None:
                message = f"found {shown(getattr(section, name))}, expected none in an availability"
                yield name, message, "write `sli: latency`"
    elif section.threshold_seconds is None and not (section.good or section.bad):
        yield (
            "threshold_seconds",
            "found nothing, expected the seconds a request may take",
            "add it, or `good:` and `total:`, which count the requests in time and all",
        )


def _slices(section: SloSection) -> Iterator[_Fault]:
    if section.budgeting is Budgeting.OCCURRENCES and _is_threshold(section):
        yield (
            "budgeting",
            "found 'occurrences', expected timeslices: one latency tells of no single request",
            "take it out, or count requests by `good:` and `total:`",
        )
    if section.slice_objective is not None and (
        budgeting_of(section) is Budgeting.OCCURRENCES or _is_threshold(section)
    ):
        message = f"found {section.slice_objective:g}, which nothing reads here"
        yield "slice_objective", f"{message}; expected none", "write `budgeting: timeslices`"


def _place(section: SloSection) -> Iterator[_Fault]:
    if section.operation and section.service is None:
        message = f"found the operation {shown(section.operation)} of no service"
        yield "operation", f"{message}, expected `service:` beside it", ""


def _is_threshold(section: SloSection) -> bool:
    return section.sli is Sli.LATENCY and not (section.good or section.bad)
