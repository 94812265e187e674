"""Processes that share the work of one command."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from workers.offline.pool import pool_of

COMMAND = """
import os, time
from workers.offline.pool import pool_of
if __name__ == "__main__":
    with pool_of(1) as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        time.sleep(600)
"""


def _is_alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except FileNotFoundError:
        return False
    return state[0] != "Z"


def test_a_pool_ends_with_a_command_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "command.py"
    script.write_text(COMMAND, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as command:
        assert command.stdout is not None
        beside = int(command.stdout.readline())
        assert _is_alive(beside)
        command.send_signal(signal.SIGKILL)
    until = time.monotonic() + 20
    while _is_alive(beside) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _is_alive(beside)


def test_each_process_begins_with_what_it_is_given() -> None:
    with pool_of(1, os.putenv, "AIOPS_TEST_GIVEN", "yes") as pool:
        assert pool.submit(subprocess.check_output, ["printenv", "AIOPS_TEST_GIVEN"]).result()
