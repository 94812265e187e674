"""Who announces planned work: what `aiops.yaml` says of each."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiops.settings.senders import SenderSettings

MAINTENANCE: Final = "maintenance"
"""The kind of these sources, and the name of their ingester."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceSourceSettings(SenderSettings):
    """A source of planned work: it sends windows, or a file of them is watched.

    Args:
        path: the file that is watched; it says all there is. None: the source sends.
    """

    kind: str = MAINTENANCE
    path: Path | None = None
