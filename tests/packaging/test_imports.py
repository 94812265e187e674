"""The import contracts hold, and a planted violation of each is found."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")
SHELL = {
    "aiops.web",
    "aiops.receivers",
    "aiops.ingest",
    "aiops.notify",
    "aiops.act",
    "aiops.store",
    "aiops.drawing",
    "aiops.recording",
    "aiops.telemetry",
    "aiops.settings",
}
"""What may do I/O; everything else inside aiops is the core."""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The packages and the contracts, in a folder where violations can be planted."""
    for package in ("aiops", "topology", "workers"):
        ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT_IMPORTS, "--no-cache", "--no-logo"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def plant(file: Path, line: str) -> None:
    file.parent.mkdir(exist_ok=True)
    text = file.read_text() if file.exists() else '"""A new module."""\n'
    file.write_text(f"{text}\n{line}\n")


def test_the_contracts_hold() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("file", "line", "broken"),
    [
        ("aiops/domain/planted.py", "import httpx", "The core does no I/O"),
        ("aiops/domain/planted.py", "from os import environ", "The core does no I/O"),
        ("aiops/pipeline.py", "import logging", "The core does no I/O"),
        ("topology/planted.py", "import numpy", "The topology knows networkx"),
        ("topology/planted.py", "import aiops.ports", "One arrow"),
        ("aiops/ports.py", "import workers.app", "One arrow"),
        ("aiops/ports.py", "import celery", "Only workers knows Celery"),
        ("aiops/domain/planted.py", "import aiops.pipeline", "Inside aiops"),
        ("aiops/receivers/planted.py", "import celery", "Only workers knows Celery"),
        ("aiops/misc/__init__.py", "", "Inside aiops"),
    ],
)
def test_a_planted_violation_is_found(copy: Path, file: str, line: str, broken: str) -> None:
    plant(copy / file, line)
    result = lint_imports(copy)
    assert result.returncode == 1, result.stdout + result.stderr
    assert re.search(rf"^{broken}.* BROKEN$", result.stdout, re.MULTILINE), result.stdout


def test_every_part_of_the_core_is_under_the_contract_against_io() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (pure,) = (c for c in contracts["contracts"] if c["name"] == "The core does no I/O")
    parts = {
        f"aiops.{path.stem}"
        for path in (ROOT / "aiops").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert parts - SHELL - {"aiops.__init__"} | {"topology"} == set(pure["source_modules"])
