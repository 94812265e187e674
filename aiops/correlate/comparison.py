"""What the diagnosis of a recorded case looks at: every series before and since the trouble."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aiops.domain.series import SeriesKey

Values = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

MOST_SAMPLES = 4_000
"""Samples of a series that are looked at; of more, evenly chosen ones tell the same."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """The samples of a case, in normal time and since somebody noticed.

    Args:
        keys: the series, sorted by what they are.
        units: their units, empty where nobody says.
        series: which of them each sample belongs to, ascending, shape (samples,).
        times: epoch seconds, ascending within a series, shape (samples,).
        values: finite, shape (samples,).
        abnormal: whether each sample is of the time of the trouble, shape (samples,).
        since: when that time begins, epoch seconds.
        step_seconds: distance between two samples of a series.
        alert: service and metric of what was alerting; the metric may be empty. None: unknown.
    """

    keys: tuple[SeriesKey, ...]
    units: tuple[str, ...]
    series: npt.NDArray[np.int32]
    times: npt.NDArray[np.int64]
    values: Values
    abnormal: Flags
    since: int
    step_seconds: int
    alert: tuple[str, str] | None = None

    def padded(self, wanted: Flags) -> tuple[Values, Values]:
        """Return the times and values of some samples, a row per series, NaN where it has fewer."""
        series = self.series[wanted]
        counts = np.bincount(series, minlength=len(self.keys))
        starts = np.cumsum(counts) - counts
        every = np.maximum(-(-counts // MOST_SAMPLES), 1)
        ranks = np.arange(len(series)) - starts[series]
        kept = ranks % every[series] == 0
        rows, places = series[kept], ranks[kept] // every[series[kept]]
        times = np.full((len(self.keys), int(places.max(initial=0)) + 1), np.nan)
        values = times.copy()
        times[rows, places] = self.times[wanted][kept]
        values[rows, places] = self.values[wanted][kept]
        return times, values
