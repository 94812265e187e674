"""Empty SQLite databases with all tables: migrated once in a test process, then copied."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from aiops.store.migrate import Database, migrate


def make_databases(directory: Path) -> dict[Database, str]:
    """Put both databases into a directory and return their addresses."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    for which in Database:
        shutil.copyfile(_migrated() / f"{which}.db", directory / f"{which}.db")
    return {which: f"sqlite:///{directory}/{which}.db" for which in Database}


@cache
def _migrated() -> Path:
    directory = Path(tempfile.mkdtemp(prefix="aiops-migrated-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    for which in Database:
        migrate(f"sqlite:///{directory}/{which}.db", which)
    return directory
