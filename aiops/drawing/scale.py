"""How the values of a series are written along an axis: by what factor, and in which unit. Pure."""

from dataclasses import dataclass

from aiops.domain.families import PERCENT_UNITS, RATIO_UNITS, TIME_UNITS
from aiops.domain.series import Family

_SHARES = frozenset({Family.ERRORS, Family.AVAILABILITY, Family.SATURATION, Family.KPI})
_BYTES = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


@dataclass(frozen=True, slots=True)
class Scale:
    """What values are multiplied with to be drawn, and the unit they are in then; "" for none."""

    factor: float
    unit: str


def scale_of(unit: str, family: Family, highest: float) -> Scale:
    """Return the scale on which the values of a series are easy to read.

    Args:
        unit: of the series.
        family: what it speaks of; a ratio of errors is read in per cent.
        highest: the largest value that is drawn, not negative.

    Examples:
        >>> scale_of("1", Family.ERRORS, 0.07), scale_of("s", Family.LATENCY, 0.8)
        (Scale(factor=100.0, unit='%'), Scale(factor=1000.0, unit='ms'))
        >>> scale_of("By", Family.OTHER, 2.5e9), scale_of("EUR/min", Family.KPI, 5000)
        (Scale(factor=1e-09, unit='GB'), Scale(factor=1.0, unit='EUR/min'))
    """
    if unit in PERCENT_UNITS:
        return Scale(1.0, "%")
    if unit in RATIO_UNITS and family in _SHARES and highest <= 1.5:
        return Scale(100.0, "%")
    if unit in TIME_UNITS:
        return _time(TIME_UNITS[unit], highest)
    if unit == "By":
        size, name = next((one for one in _BYTES if highest >= one[0]), (1.0, "bytes"))
        return Scale(1 / size, name)
    return Scale(1.0, "" if unit in RATIO_UNITS or unit.startswith("{") else unit)


def _time(seconds: float, highest: float) -> Scale:
    if highest * seconds >= 120:
        return Scale(seconds / 60, "min")
    if highest * seconds >= 1:
        return Scale(seconds, "s")
    return Scale(1e3 * seconds, "ms")
