"""What a worker does between its start and its first task."""

import subprocess
import sys

LOOK = """
import gc
from celery.signals import worker_before_create_process
from workers.commands.processes import collect_from_the_fork_on

collect_from_the_fork_on()
print(gc.isenabled())
worker_before_create_process.send(sender=None)
print(gc.isenabled(), gc.get_freeze_count() > 1000)
"""


def test_garbage_is_collected_from_the_fork_on_and_what_was_there_before_is_left_alone() -> None:
    found = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True)

    assert found.stdout.split() == ["False", "True", "True"]
