"""The sections of sources that give rows, and of their signals."""

from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from aiops.domain.money import is_currency
from aiops.settings.document import Loc
from aiops.settings.problems import shown
from aiops.settings.row_sources import (
    ROW_KINDS,
    CsvSettings,
    RowSignalSettings,
    RowSourceSettings,
    SqlSettings,
)
from aiops.settings.source_schema import SignalSection, SourceSection
from aiops.settings.surroundings import Surroundings

_KEYS: Final = MappingProxyType(
    {
        "csv": ("time", "time_zone", "delimiter", "decimal"),
        "sql": ("time", "time_zone", "timeout_seconds", "max_rows"),
    }
)
"""Keys that go into the settings of a kind as they are."""

_OF_ROWS: Final = ("value", "aggregate", "minor_units", "currency")
"""Keys of signals that are made of rows."""

_NEEDED: Final = MappingProxyType(
    {
        "csv": ("path", "expected a file, a folder of them, or a pattern, as exports/*.csv"),
        "sql": (
            "url_env",
            "expected the name of the variable with the database's address, as AIOPS_SHOP_DB_URL",
        ),
    }
)
"""What a kind cannot do without."""


def row_source(
    section: SourceSection, folder: Path, surroundings: Surroundings, common: dict[str, Any]
) -> RowSourceSettings:
    """Return a source that gives rows.

    Args:
        section: what is written of it.
        folder: its files lie in or below it.
        surroundings: the environment.
        common: what every source that is asked has.
    """
    told = {key: one for key in _KEYS[section.kind] if (one := getattr(section, key)) is not None}
    signals = tuple(_signal(one) for one in section.signals)
    if section.kind == "csv":
        path = folder / (section.path or "")
        return CsvSettings(**(common | told | {"path": path, "signals": signals}))
    url_env = section.url_env or ""
    url = surroundings.secret(url_env) if url_env else None
    return SqlSettings(**(common | told | {"url": url, "url_env": url_env, "signals": signals}))


def check_rows(name: str, one: SourceSection) -> Iterator[tuple[Loc, str, str]]:
    """Yield what is missing of a source that gives rows, and what no other has a use for."""
    if one.kind in _NEEDED and getattr(one, _NEEDED[one.kind][0]) is None:
        key, expected = _NEEDED[one.kind]
        yield ("sources", name, key), f"found nothing, {expected}", ""
    for index, signal in enumerate(one.signals):
        loc = ("sources", name, "signals", index)
        useless = () if one.kind in ROW_KINDS else _OF_ROWS
        for key in (*useless, "query") if one.kind == "csv" else useless:
            if key in signal.model_fields_set:
                message = f"is of no use to a signal of a source of kind {one.kind}"
                yield (*loc, key), message, "take it out"
        is_money = signal.minor_units or signal.currency is not None
        if is_money and not is_currency((signal.unit or "").partition("/")[0]):
            message = f"found {shown(signal.unit)}, expected a currency of ISO 4217, as EUR"
            yield (*loc, "unit"), message, "amounts in minor units, or of a currency, need one"


def _signal(signal: SignalSection) -> RowSignalSettings:
    return RowSignalSettings(
        name=signal.name,
        query=signal.query or "",
        family=signal.family,
        unit=signal.unit,
        title=signal.title,
        bad_direction=signal.bad_direction,
        kpi=signal.kpi,
        labels=tuple(dict.fromkeys(signal.labels)),
        service=signal.service,
        value=signal.value or "value",
        aggregate=signal.aggregate,
        minor_units=signal.minor_units,
        currency=signal.currency or "",
    )
