"""Who sends us event logs of cases: what `aiops.yaml` says of each."""

from dataclasses import dataclass
from typing import Final

from aiops.settings.senders import SenderSettings

CASE_EVENTS: Final = "case_events"
"""The kind of these sources, and the name of their ingester."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSourceSettings(SenderSettings):
    """A source of case events; its name is the log's.

    Args:
        time_zone: of local times, which are refused without one.
        delimiter: of CSV: what stands between two columns.
        decimal: what stands before the decimals of an amount: `.` or `,`.
    """

    kind: str = CASE_EVENTS
    time_zone: str | None = None
    delimiter: str = ","
    decimal: str = "."
