"""The Dockerfile: built from the lock, run without root."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
INSTRUCTIONS = [
    tuple(line.split(maxsplit=1))
    for line in TEXT.splitlines()
    if line.strip() and not line.startswith("#")
]


def last(instruction: str) -> str:
    """The argument of the last instruction of that name: the one that counts."""
    return [argument for name, argument in INSTRUCTIONS if name == instruction][-1]


def test_every_installation_is_locked() -> None:
    installs = re.findall(r"pip install ([^&\n]*)", TEXT)
    assert len(installs) == 3
    for options in installs:
        assert options.startswith(("--require-hashes --requirement ", "--no-deps /dist/")), options


def test_every_stage_runs_the_python_the_lock_was_made_for() -> None:
    stages = [argument for name, argument in INSTRUCTIONS if name == "FROM"]
    assert len(stages) == 2
    assert all(stage.startswith("python:3.11-slim") for stage in stages)


def test_it_does_not_run_as_root_and_starts_the_product() -> None:
    assert last("USER") == "aiops"
    assert last("ENTRYPOINT") == '["aiops"]'
    assert "HEALTHCHECK" in TEXT
    order = [name for name, _argument in INSTRUCTIONS]
    assert order.index("USER") > len(order) - 1 - order[::-1].index("RUN")


def test_what_it_copies_exists_and_is_let_through() -> None:
    allowed = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    copied = {
        source
        for name, argument in INSTRUCTIONS
        if name == "COPY" and not argument.startswith("--from")
        for source in argument.split()[:-1]
    }
    assert copied == allowed
    assert all((ROOT / source).exists() for source in copied)


def test_no_source_of_packages_is_named() -> None:
    assert not re.search(r"--(extra-)?index-url|--find-links|--trusted-host", TEXT)
