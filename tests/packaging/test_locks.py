"""The lock files name exact versions with hashes, and no address to fetch them from."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-build.lock")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}$")


def entries(lock: str) -> list[str]:
    """Each requirement with its options, as one line."""
    text = (ROOT / lock).read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip()]


def pinned(lock: str) -> dict[str, set[str]]:
    """The versions a lock names for each package; several when markers part them."""
    versions: dict[str, set[str]] = {}
    for entry in entries(lock):
        requirement = Requirement(entry.split(" --hash", 1)[0])
        versions.setdefault(canonicalize_name(requirement.name), set()).add(
            str(requirement.specifier)
        )
    return versions


def declared() -> dict[str, list[str]]:
    """What pyproject.toml asks for, by lock."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    tools = [entry for entry in groups["dev"] if isinstance(entry, str)]
    run_time = project["project"]["dependencies"]
    return {
        "requirements.lock": run_time,
        "requirements-dev.lock": run_time + tools + groups["build"],
        "requirements-build.lock": groups["build"],
    }


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_pinned_with_hashes(lock: str) -> None:
    assert entries(lock)
    for entry in entries(lock):
        requirement, *hashes = entry.split(" --hash=")
        specifiers = list(Requirement(requirement).specifier)
        assert [specifier.operator for specifier in specifiers] == ["=="], entry
        assert hashes, entry
        assert all(HASH.match(f"--hash={value.strip()}") for value in hashes), entry


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_satisfies_what_the_project_declares(lock: str) -> None:
    versions = pinned(lock)
    for text in declared()[lock]:
        requirement = Requirement(text)
        found = versions.get(canonicalize_name(requirement.name), set())
        assert found, f"{text} is not in {lock}: run `make lock`"
        for version in found:
            assert requirement.specifier.contains(version.removeprefix("==")), (text, version)


def test_the_locks_agree_with_each_other() -> None:
    tools = pinned("requirements-dev.lock")
    for lock in ("requirements.lock", "requirements-build.lock"):
        for name, versions in pinned(lock).items():
            assert tools[name] == versions, name


def test_the_makefile_installs_the_uv_that_the_lock_keeps() -> None:
    (pin,) = re.findall(r"^UV_PIN := uv(==\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert pinned("requirements-dev.lock")["uv"] == {pin}


def test_what_is_installed_is_what_the_lock_names() -> None:
    shown = subprocess.run(
        [Path(sys.executable).with_name("uv"), "pip", "freeze", "--python", sys.executable],
        capture_output=True,
        text=True,
        check=True,
    )
    installed = dict(line.split("==") for line in shown.stdout.splitlines() if "==" in line)
    versions = pinned("requirements-dev.lock")
    seeds = {"pip", "setuptools", "wheel"}  # what a new virtual environment brings along
    for name, version in installed.items():
        assert name in seeds or f"=={version}" in versions[canonicalize_name(name)], name
