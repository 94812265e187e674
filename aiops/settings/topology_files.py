"""Topology files: one, or a folder of them that are read as one topology."""

from pathlib import Path
from typing import Final

from aiops.domain.errors import ConfigurationError

ENDINGS: Final = (".yaml", ".yml", ".json", ".jsonl")


def topology_texts(path: Path) -> tuple[tuple[str, str], ...]:
    """Return the text and name of a file, or of each topology file below a folder, by name.

    Raises:
        ConfigurationError: one cannot be read, or the folder holds none; names it.
    """
    if not path.is_dir():
        return (_read(path),)
    found = sorted(file for file in path.rglob("*") if file.suffix.lower() in ENDINGS)
    if not found:
        raise ConfigurationError(
            f"topology: {path} holds no topology file; expected one that ends in "
            f"{', '.join(ENDINGS)}"
        )
    return tuple(_read(file) for file in found)


def _read(file: Path) -> tuple[str, str]:
    try:
        return file.read_text(encoding="utf-8"), str(file)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"topology: {file} cannot be read ({error}); "
            "expected a UTF-8 file as `aiops init` writes one"
        ) from error
