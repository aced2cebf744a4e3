from __future__ import annotations

import os
import signal
import subprocess
import sys

from teckochecker.adapters.processes import born, is_gone, is_here, send
from tests.processes import watch_over


def a_process() -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    watch_over(process.pid)
    return process


def test_a_process_is_known_by_more_than_its_pid() -> None:
    first, second = a_process(), a_process()
    try:
        assert born(first.pid) == born(first.pid)
        assert born(os.getpid()) not in (None, born(first.pid))
    finally:
        for process in (first, second):
            process.kill()
            process.wait()
    assert born(first.pid) is None


def test_a_process_that_ended_but_was_not_waited_for_is_none() -> None:
    process = a_process()
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert born(process.pid) is None
    process.wait()


def test_a_signal_reaches_the_process_that_is_meant_and_no_other() -> None:
    process = a_process()
    known = born(process.pid)
    assert known
    assert not send(process.pid, f"{known}0", signal.SIGTERM)
    assert process.poll() is None
    assert send(process.pid, known, signal.SIGTERM)
    assert process.wait(10) == -signal.SIGTERM
    assert not send(process.pid, known, signal.SIGTERM)


def test_a_process_is_gone_for_certain_only_where_its_pid_means_something() -> None:
    process = a_process()
    known = born(process.pid)
    assert known
    assert is_here(known)
    assert not is_gone(process.pid, known)
    process.kill()
    process.wait()
    assert is_gone(process.pid, known)
    for elsewhere in (f"another{known}", None):
        assert not is_here(elsewhere)
        assert not is_gone(process.pid, elsewhere)
