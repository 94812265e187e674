"""What the diagnosis of a recorded case looks at: every series before and since the trouble."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aiops.domain.series import SeriesKey

Values = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


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
        places = np.arange(len(series)) - starts[series]
        times = np.full((len(self.keys), max(int(counts.max(initial=0)), 1)), np.nan)
        values = times.copy()
        times[series, places] = self.times[wanted]
        values[series, places] = self.values[wanted]
        return times, values
