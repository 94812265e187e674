"""Values as a person would write them."""

from aiops.domain.families import PERCENT_UNITS, RATIO_UNITS, TIME_UNITS, is_currency
from aiops.domain.series import Family


def format_value(value: float, unit: str, family: Family) -> str:
    """Return a value as a person would write it.

    Examples:
        >>> format_value(0.072, "1", Family.ERRORS), format_value(1.42, "s", Family.LATENCY)
        ('7.2%', '1.4 s')
        >>> format_value(0.31, "s", Family.LATENCY), format_value(5120.4, "EUR", Family.KPI)
        ('310 ms', 'EUR 5,120')
    """
    if value != value:  # noqa: PLR0124  # only NaN differs from itself
        return "no value"
    if is_currency(unit):
        return f"{unit[:3]} {_number(value, money=True)}"
    if unit in PERCENT_UNITS or _is_share(value, unit, family):
        return _percent(value if unit in PERCENT_UNITS else 100 * value)
    if unit in TIME_UNITS:
        return _duration(value * TIME_UNITS[unit])
    return _bytes(value) if unit == "By" else _number(value) + _rate_suffix(unit)


def format_share(share: float) -> str:
    """Return a share in per cent with as many digits as tell it apart from all.

    Examples:
        >>> format_share(0.971), format_share(0.9996), format_share(0.999), format_share(1.0)
        ('97.1%', '99.96%', '99.9%', '100%')
        >>> format_share(0.0004)
        '0.04%'
    """
    digits = 1 if 0.01 <= share <= 0.99 else 2
    return f"{100 * share:.{digits}f}".rstrip("0").rstrip(".") + "%"


def _is_share(value: float, unit: str, family: Family) -> bool:
    shared = (Family.ERRORS, Family.AVAILABILITY, Family.SATURATION, Family.KPI)
    if family not in shared or abs(value) > 1.5:
        return False
    return unit in RATIO_UNITS


def _percent(value: float) -> str:
    near_whole = 99 < abs(value) < 100
    digits = 1 if abs(value) >= 0.1 and not near_whole else 2
    return f"{value:.{digits}f}".rstrip("0").rstrip(".") + "%" if value else "0%"


def _duration(seconds: float) -> str:
    size = abs(seconds)
    if size >= 120:
        return f"{seconds / 60:.3g} min"
    if size >= 1:
        return f"{seconds:.1f} s" if size < 10 else f"{seconds:.0f} s"
    if size >= 1e-3 or seconds == 0:
        return f"{seconds * 1e3:.2g} ms" if size < 1e-2 else f"{seconds * 1e3:.0f} ms"
    return f"{seconds * 1e6:.0f} µs"


def _bytes(value: float) -> str:
    for size, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if abs(value) >= size:
            return f"{value / size:.1f} {name}"
    return f"{value:.0f} B"


def _rate_suffix(unit: str) -> str:
    match unit.lower():
        case "1/s" | "/s" | "rps" | "qps" | "tps":
            return "/s"
        case "1/min" | "/min" | "rpm":
            return "/min"
        case "" | "1":
            return ""
        case _ if unit.startswith("{"):
            return ""
        case _:
            return f" {unit}"


def _number(value: float, *, money: bool = False) -> str:
    size = abs(value)
    if size >= 100 or (size >= 10 and money) or (value == int(value) and size >= 1):
        return f"{value:,.0f}"
    if money:
        return f"{value:,.2f}"
    return f"{value:.3g}"
