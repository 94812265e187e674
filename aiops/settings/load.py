"""Find, read and check `aiops.yaml` and the environment, and give out one frozen value."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from aiops.domain.errors import ConfigurationError
from aiops.settings.assemble import assemble
from aiops.settings.checks import Facts, check
from aiops.settings.document import Document, read
from aiops.settings.explain import explain, find_credentials
from aiops.settings.problems import Problem, refuse
from aiops.settings.schema import SettingsFile
from aiops.settings.surroundings import Surroundings
from aiops.settings.values import Settings

DEFAULT_NAME = "aiops.yaml"


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Return the settings of this process.

    Args:
        path: the settings file; None: `AIOPS_CONFIG`, else ./aiops.yaml where there is one, else
            defaults.
        environ: the environment, as in `os.environ`.

    Raises:
        ConfigurationError: something is wrong; names every wrong setting at once, each with its
            line, its path, what was found, what was expected and what to do.
    """
    surroundings = Surroundings(environ)
    found = _find(path, surroundings)
    document, problems = read(_text(found), found.name if found else DEFAULT_NAME)
    file, broken = _parse(document, problems)
    settings = assemble(file, found, surroundings)
    facts = Facts(
        file=file,
        folder=found.parent if found else Path.cwd(),
        has_web_token=settings.web.token is not None,
    )
    problems += check(facts, document, broken)
    problems += surroundings.problems
    if problems:
        raise refuse(problems)
    return settings


def _find(path: Path | None, surroundings: Surroundings) -> Path | None:
    named = path.absolute() if path else surroundings.path("AIOPS_CONFIG")
    if named is not None:
        return named
    default = Path(DEFAULT_NAME).absolute()
    return default if default.is_file() else None


def _text(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"there is no file {path}; expected the settings (`aiops init` writes them)"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{path} cannot be read ({error}); expected a UTF-8 file that this user may read"
        ) from error


def _parse(document: Document, problems: list[Problem]) -> tuple[SettingsFile, set[str]]:
    """Return what could be read of the file, and the top-level keys that could not."""
    problems += find_credentials(document)
    values = document.values
    try:
        return SettingsFile.model_validate(values), set()
    except ValidationError as error:
        problems += explain(error, document)
        broken = {str(detail["loc"][0]) for detail in error.errors() if detail["loc"]}
    rest = {key: value for key, value in values.items() if key not in broken}
    return SettingsFile.model_validate(rest), broken
