"""The wheel as it ships, with the sources out of reach."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("aiops", "topology", "workers", "runbooks")

IMPORT_ALL = """
import importlib, pkgutil, sys
for name in ("aiops", "topology", "workers", "runbooks"):
    package = importlib.import_module(name)
    print(package.__file__)
    for found in pkgutil.walk_packages(package.__path__, name + "."):
        if not found.name.endswith((".__main__", ".env")):  # alembic's env.py runs inside it only
            importlib.import_module(found.name)
"""

LIST_RUNBOOKS = """
from importlib.resources import files
print(*sorted(entry.name for entry in files("runbooks").iterdir() if entry.name.endswith(".md")))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel; dependencies come from ours, our sources do not."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    subprocess.run(
        [
            Path(sys.executable).with_name("uv"),
            *("pip", "install", "--quiet", "--offline", "--no-deps"),
            *("--python", folder / "bin" / "python", wheel),
        ],
        check=True,
        env={"PATH": os.defpath, "HOME": str(folder)},
    )
    (site,) = folder.glob("lib/python*/site-packages")
    # A folder named by a .pth file is searched, but the .pth files inside it are not followed: so
    # the line that makes our own environment find the sources has no effect here.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


def run(folder: Path, *argv: str | Path) -> str:
    """Run a program of the environment where nothing but the environment can be found."""
    result = subprocess.run(
        [folder / "bin" / argv[0], *argv[1:]],
        cwd=folder,
        env={"PATH": os.defpath, "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_the_wheel_holds_the_four_packages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names}
    (information,) = (top for top in tops if top.endswith(".dist-info"))
    assert tops == {*PACKAGES, information}
    assert f"{information}/licenses/LICENSE" in names
    parts = {part for name in names for part in Path(name).parts}
    assert not [part for part in parts if part in {"tests", "__pycache__"} or "test_" in part]


def test_the_wheel_holds_every_tracked_file_of_the_packages(wheel: Path) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", *PACKAGES], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    existing = {name for name in tracked if (ROOT / name).exists()}
    assert existing <= names  # empty, and so true, outside a checkout


def test_every_module_of_the_wheel_can_be_imported(installed: Path) -> None:
    places = run(installed, "python", "-W", "error", "-c", IMPORT_ALL).splitlines()
    assert len(places) == len(PACKAGES)
    assert all(Path(place).is_relative_to(installed) for place in places)


def test_the_runbooks_are_found_inside_the_wheel(installed: Path) -> None:
    expected = sorted(path.name for path in (ROOT / "runbooks").glob("*.md"))
    assert run(installed, "python", "-c", LIST_RUNBOOKS).split() == expected


def test_the_command_of_the_wheel_runs(installed: Path) -> None:
    assert "demo" in run(installed, "aiops", "--help")
