"""No process that a test has started outlives it, however the test or the whole run ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from teckochecker.adapters.processes import born
from tests.architecture.source import PROJECT
from tests.doors.cli.daemons import until
from tests.processes import end_those_of_this_test, watch_over

SLEEPING = [sys.executable, "-c", "import time; time.sleep(300)"]
RUN = """
import subprocess, sys, time
from tests.processes import watch_over
deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(300)"
process = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE, start_new_session=True)
process.stdout.readline()
watch_over(process.pid)
print(process.pid, flush=True)
time.sleep(300)
"""


def test_what_a_test_has_left_is_ended_with_it() -> None:
    left, ended = subprocess.Popen(SLEEPING), subprocess.Popen([sys.executable, "-c", ""])
    for process in (left, ended):
        watch_over(process.pid)
    assert ended.wait(10) == 0
    end_those_of_this_test()
    assert left.wait(10) == -signal.SIGKILL


def test_what_a_killed_run_has_left_is_ended_though_it_will_not_hear() -> None:
    run = subprocess.Popen([sys.executable, "-c", RUN], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    watch_over(run.pid)
    assert run.stdout is not None
    left = int(run.stdout.readline())
    known_as = born(left)
    assert known_as
    os.kill(run.pid, signal.SIGKILL)
    run.wait(10)
    run.stdout.close()
    until(lambda: born(left) != known_as)
