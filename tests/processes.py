"""Processes that tests start: none outlives its test, or the test run, however these end.

A guardian, which is a process of its own, ends what is left when the test run is gone without a word.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Final

from teckochecker.adapters.processes import born, send

_PATIENCE: Final = 3.0  # seconds that a process has to end by itself
_OF_THIS_TEST: Final[dict[int, str]] = {}


def watch_over(pid: int, *, lasting_in: Path | None = None) -> None:
    """End this process with the test at the latest; one that lasts longer with the test run, and its folder too."""
    known_as = born(pid)
    if known_as is None:
        return  # it has ended already
    if lasting_in is None:
        _OF_THIS_TEST[pid] = known_as
    words = _guardian()
    words.write(f"{pid}\t{known_as}\t{lasting_in or ''}\n".encode())
    words.flush()


def watch_over_daemons(folder: Path) -> None:
    """The same for the daemons that have left word of themselves in this folder."""
    for file in folder.glob("teckochecker-*.pid"):
        if (word := file.read_text().strip()).isdigit():
            watch_over(int(word))


def begin_a_test() -> None:
    """What is there already belongs to more than one test, and ends with the test run."""
    _OF_THIS_TEST.clear()


def end_those_of_this_test() -> None:
    """End what the test has left behind."""
    left = dict(_OF_THIS_TEST)
    _OF_THIS_TEST.clear()
    for pid, known_as in left.items():
        if send(pid, known_as, signal.SIGKILL):
            with contextlib.suppress(ChildProcessError):  # a daemon's, or somebody waits for it already
                os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


@functools.cache
def _guardian() -> IO[bytes]:
    """Where the guardian of this test run is told of processes. The end of it is the end of the run."""
    guardian = subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, start_new_session=True, cwd=os.path.dirname(__file__)
    )
    assert guardian.stdin is not None
    atexit.register(guardian.wait)
    atexit.register(guardian.stdin.close)
    return guardian.stdin


def _guard(run: int) -> None:
    """Listen until the run is gone, also when somebody else has kept its end of the line; then end what is left."""
    words = b""
    while os.getppid() == run:
        if not select.select([0], [], [], 0.5)[0]:
            continue
        part = os.read(0, 65536)
        if not part:
            break
        words += part
    told = [line.split("\t") for line in words.decode().splitlines()]
    _end({int(pid): known_as for pid, known_as, _ in told})
    for folder in filter(None, (folder for _, _, folder in told)):
        shutil.rmtree(folder, ignore_errors=True)


def _end(known: Mapping[int, str]) -> None:
    for how in (signal.SIGTERM, signal.SIGKILL):
        for pid, known_as in known.items():
            send(pid, known_as, how)
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until and any(born(pid) == known_as for pid, known_as in known.items()):
            time.sleep(0.05)


if __name__ == "__main__":
    _guard(os.getppid())
