"""What a process imports stays in its memory for as long as it runs."""

import subprocess
import sys

import pytest

FIT = ("sklearn", "statsmodels", "scipy", "pandas", "pyarrow")
WEB = ("fastapi", "uvicorn", "jinja2", "slack_sdk")
DATA = ("numpy", "sqlalchemy", "sqlmodel", "networkx", "httpx")


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("workers.commands.beat", (*FIT, *WEB, *DATA)),
        ("workers.commands.processes", (*FIT, *WEB, "networkx", "alembic")),
        ("aiops.pipeline", (*FIT, *WEB, "sqlalchemy")),
        ("workers.console", (*FIT, "networkx", "alembic", "celery.beat")),
    ],
)
def test_a_process_imports_nothing_that_is_the_work_of_another(
    module: str, unwanted: tuple[str, ...]
) -> None:
    look = f"import sys, {module}; print(sorted(set({unwanted!r}) & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
