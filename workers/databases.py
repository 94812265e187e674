"""The databases of an installation: created and upgraded in one place."""

from aiops.settings import Settings
from aiops.store.migrate import Database, migrate


def migrate_all(settings: Settings) -> None:
    """Bring both databases to this release's tables; safe from any number of processes."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    migrate(settings.database_url, Database.AIOPS)
    migrate(settings.history_url, Database.HISTORY)
