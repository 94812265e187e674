"""AIOPS_REQUIRE_ALL=1, which the continuous integration sets, lets no test be skipped."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"

SKIPPED_MODULE = """
import pytest

pytest.importorskip("no_such_module")
"""

SKIPPED_TESTS = """
import pytest


def test_needs_a_program(require_program):
    require_program("no-such-program")


@pytest.mark.skip(reason="not today")
def test_is_marked():
    pass


@pytest.mark.xfail(reason="a known limit", strict=True)
def test_is_expected_to_fail():
    assert False


def test_passes(require_program):
    assert require_program("sh").is_absolute()
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    shutil.copy(CONFTEST, tmp_path)
    (tmp_path / "test_module.py").write_text(SKIPPED_MODULE)
    (tmp_path / "test_tests.py").write_text(SKIPPED_TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


def outcome(suite: Path, **environment: str) -> str:
    """The last line pytest says, without the time it took."""
    options = ("-q", "--continue-on-collection-errors", "-p", "no:cacheprovider")
    shown = subprocess.run(
        [sys.executable, "-m", "pytest", *options, suite],
        cwd=suite,
        env={"PATH": os.environ.get("PATH", os.defpath), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return shown.stdout.splitlines()[-1].partition(" in ")[0]


def test_a_missing_program_is_a_skip_for_those_who_try_the_product(suite: Path) -> None:
    assert outcome(suite) == "1 passed, 3 skipped, 1 xfailed"


def test_every_skip_is_a_failure_for_the_continuous_integration(suite: Path) -> None:
    expected = "1 failed, 1 passed, 1 xfailed, 2 errors"
    assert outcome(suite, AIOPS_REQUIRE_ALL="1") == expected
