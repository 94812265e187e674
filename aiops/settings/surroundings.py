"""Environment variables -> values; secrets also from the files that `<NAME>_FILE` names."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from aiops.settings.problems import Problem, shown

_PLACE = "environment"
_MAX_SECRET_BYTES = 64 * 1024
_PRINTABLE = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Reads environment variables and notes what is wrong with them; empty counts as unset."""

    environ: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)

    def text(self, name: str) -> str | None:
        """Return a variable, None where it is unset or empty."""
        return self.environ.get(name, "").strip() or None

    def choice(self, name: str, allowed: Collection[str], default: str) -> str:
        """Return a variable that has one of a few values."""
        value = self.text(name)
        if value is None or value in allowed:
            return value or default
        self.report(name, f"found {shown(value)}, expected one of {', '.join(allowed)}")
        return default

    def path(self, name: str) -> Path | None:
        """Return a variable that names a file or directory, as an absolute path."""
        value = self.text(name)
        return Path(value).expanduser().absolute() if value else None

    def url(self, name: str, schemes: Collection[str]) -> str | None:
        """Return an address of a known kind, from `name` or the file `<name>_FILE` names."""
        value = self._text_or_file(name)
        if value is None:
            return None
        if value.partition(":")[0].partition("+")[0] in schemes and ":/" in value:
            return value
        expected = " or ".join(f"{scheme}://" for scheme in schemes)
        self.report(name, f"found another address, expected one that begins with {expected}")
        return None

    def secret(self, name: str) -> SecretStr | None:
        """Return a secret, from `name` or the file `<name>_FILE` names."""
        value = self._text_or_file(name)
        if value is None:
            return None
        if not _PRINTABLE.fullmatch(value):
            self.report(name, "found spaces or unprintable characters, expected one plain word")
            return None
        return SecretStr(value)

    def secrets(self, name: str) -> tuple[SecretStr, ...]:
        """Return the secrets of a variable or its file that holds several, separated by commas."""
        found = self.secret(name)
        parts = found.get_secret_value().split(",") if found else []
        return tuple(SecretStr(one) for one in parts if one)

    def report(self, name: str, message: str, hint: str = "") -> None:
        """Note what is wrong with a variable."""
        self.problems.append(Problem(place=_PLACE, path=name, message=message, hint=hint))

    def _text_or_file(self, name: str) -> str | None:
        value, file = self.text(name), self.path(f"{name}_FILE")
        if value and file:
            self.report(name, f"found it twice, expected {name} or {name}_FILE", "unset one")
        return value or (self._content(f"{name}_FILE", file) if file else None)

    def _content(self, name: str, file: Path) -> str | None:
        try:
            with file.open("rb") as stream:
                text = stream.read(_MAX_SECRET_BYTES).decode().strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
            self.report(name, f"{file} cannot be read ({reason}), expected a file with the secret")
            return None
        if not text:
            self.report(name, f"{file} is empty, expected a file with the secret")
        return text or None
