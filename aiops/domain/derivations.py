"""What to make of raw counters, histograms and gauges: the description that settings declare."""

import re
from dataclasses import dataclass
from enum import StrEnum

from aiops.domain.errors import ConfigurationError

TEMPORALITY = "__temporality__"
"""The label of a raw series that says `DELTA` of what it tells; others tell running totals."""

DELTA = "delta"

_BUCKET_LABEL = "le"


class Across(StrEnum):
    """What several series of a group become."""

    SUM = "sum"
    MEAN = "mean"
    MIN = "min"
    MAX = "max"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which raw series an operand is made of, and how they are read.

    Args:
        metric: exact name of the raw metric; of a histogram the one with `_bucket`.
        where: (label, pattern) pairs, each matched as a whole, as PromQL's `=~` does; `service`,
            `env`, `region` and `segment` are labels too, and one that is missing is empty.
        gauge: read the last value; else the per-second rate over the window.

    Raises:
        ConfigurationError: a pattern is no regular expression.
    """

    metric: str
    where: tuple[tuple[str, str], ...] = ()
    gauge: bool = False

    def __post_init__(self) -> None:
        for label, pattern in self.where:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ConfigurationError(
                    f"derived series of {self.metric!r}: where {label!r} is {pattern!r}, expected a"
                    f" regular expression ({error})"
                ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """One kind of derived series: a rate, a ratio (`per`) or a quantile (`quantile`).

    In PromQL, with r() for `rate(…[window])`, or for nothing where `gauge` is set:

        rate       sum by (BY) (r(OF))      avg, min or max where `across` says so
        ratio      sum by (BY) (r(OF)) / sum by (BY) (r(PER))
        quantile   histogram_quantile(QUANTILE, sum by (BY, le) (r(OF)))

    With `worst_of: instance` each of them is also worked out by instance, and the worst instance
    of every group becomes a series of its own beside the whole, so that no sum hides a bad one:

        max by (BY) (the same by (BY, instance))       min where falling is bad

    Args:
        name: metric name of what is derived, as in `error_ratio`.
        of: the counter, histogram or gauge; of a ratio the part.
        per: of a ratio the whole.
        quantile: of a histogram, in (0, 1].
        by: the labels that stay: `service`, `region`, `segment`, `tenant` …; env always does.
        worst_of: the label whose worst value is told beside the whole, as `instance`; "" for none.
        across: what the series of a group become; a ratio or quantile is of their sums.
        window_seconds: what rates look back on; for gauges, how old a last value may be.
        absent_is_zero: a part without any series beside a whole that has some counts as zero, as
            `(PART or 0 * WHOLE) / WHOLE` does: clients count errors from the first one on.
        service: who it is about where `by` has no `service`.
        unit: of the derived values, as in `Series`; "" where the name tells.
        title: how a person calls it; "" where the name tells.

    Raises:
        ConfigurationError: the fields contradict each other.
    """

    name: str
    of: Selection
    per: Selection | None = None
    quantile: float | None = None
    by: tuple[str, ...] = ("service",)
    worst_of: str = ""
    across: Across = Across.SUM
    window_seconds: int = 300
    absent_is_zero: bool = True
    service: str = ""
    unit: str = ""
    title: str = ""

    def __post_init__(self) -> None:
        for wrong, expected in (
            (self.quantile is not None and self.per is not None, "per or quantile, not both"),
            (
                self.quantile is not None and not 0 < self.quantile <= 1,
                "a quantile in (0, 1], as in 0.95",
            ),
            (self.quantile is not None and self.of.gauge, "a histogram of counters, no gauge"),
            (
                self.across is not Across.SUM and (self.per or self.quantile) is not None,
                "across: sum of a ratio or quantile",
            ),
            (_BUCKET_LABEL in (*self.by, self.worst_of), "by and worst_of without le"),
            (self.worst_of in self.by, "worst_of a label that is not in by"),
            ("service" not in self.by and not self.service, "service in by, or one named"),
            (self.window_seconds <= 0, "a window of at least one second"),
        ):
            if wrong:
                raise ConfigurationError(f"derived series {self.name!r}: expected {expected}")
