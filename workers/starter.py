"""The first files of an installation: written once, never over what somebody has."""

from datetime import UTC, datetime
from pathlib import Path

from aiops.domain.errors import InputError
from aiops.settings.template import files


def write_starter(directory: Path, *, overwrite: bool) -> list[Path]:
    """Write aiops.yaml, topology.yaml and a first runbook; return what was written.

    Raises:
        InputError: one of them is there already, and nothing was written; or there is no writing.
    """
    texts = files(datetime.now(tz=UTC).date())
    paths = {directory / name: text for name, text in texts.items()}
    there = [path for path in paths if path.exists()]
    if there and not overwrite:
        raise InputError(f"{there[0]} is there already; remove it, or say --force to replace it")
    for path, text in paths.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise InputError(f"{path} cannot be written ({error.strerror})") from error
    return list(paths)
