"""A program that is bound to who starts it ends with it, though it knows nothing of that."""

import subprocess
import sys

from tests.support.processes import eventually, is_running, needs_proc

SLEEP = (sys.executable, "-c", "import time; time.sleep(600)")
STARTER = f"""
import sys, time
from tests.support.processes import started
print(started({SLEEP!r}).pid, flush=True)
time.sleep(600)
"""


@needs_proc
def test_what_tests_have_started_does_not_outlive_a_killed_run() -> None:
    with subprocess.Popen([sys.executable, "-c", STARTER], stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        assert is_running(pid)
        starter.kill()
        starter.wait()

        assert eventually(lambda: not is_running(pid))
