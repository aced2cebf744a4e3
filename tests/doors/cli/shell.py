"""The real program in a folder of its own: as a process, on a terminal, or in this process for speed."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from tests.processes import watch_over, watch_over_daemons

PROGRAM = (sys.executable, "-m", "teckochecker")
TARGET = (
    *("--openai-secret", "openai-prod"),
    *("--keboola-secret", "keboola-prod"),
    *("--keboola-stack", "https://connection.eu-central-1.keboola.com"),
    *("--component-id", "kds-team.app-custom-python"),
    *("--config-id", "123456"),
    "--no-check",
)


@frozen
class Done:
    """What a finished process left."""

    code: int
    out: str
    err: str = ""

    @property
    def body(self) -> Any:
        """Its output as JSON."""
        return json.loads(self.out)


@frozen
class Shell:
    """A folder to call the program in."""

    folder: Path

    def run(self, *argv: str, stdin: str = "", **environment: str) -> Done:
        """The program as a process whose output is a pipe."""
        done = subprocess.run(
            [*PROGRAM, *argv],
            cwd=self.folder,
            env=clean(environment),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
        )
        if "--daemon" in argv:
            watch_over_daemons(self.folder)
        return Done(done.returncode, done.stdout, done.stderr)

    def start(self, *argv: str, **environment: str) -> subprocess.Popen[str]:
        """The program as a process that goes on."""
        process = subprocess.Popen(
            [*PROGRAM, *argv],
            cwd=self.folder,
            env=clean(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        watch_over(process.pid)
        return process

    def on_terminal(self, *argv: str, answers: Sequence[tuple[str, str]] = (), **environment: str) -> Done:
        """The program on a terminal; each answer is typed once its prompt has come."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [*PROGRAM, *argv],
            cwd=self.folder,
            env=clean({"TERM": "xterm-256color", "COLUMNS": "100", **environment}),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # so that Ctrl-C interrupts
        )
        os.close(theirs)
        watch_over(process.pid)
        try:
            seen = _talk(ours, list(answers))
            return Done(process.wait(timeout=30), seen)
        finally:
            process.kill()
            process.wait()
            os.close(ours)


def clean(extra: dict[str, str]) -> dict[str, str]:
    """An environment without settings of whoever runs the tests."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    # the tests are the local operator, also where they run in a container
    return {**kept, "LANG": "C.UTF-8", "TZ": "UTC", "API_IN_CONTAINER": "no", **extra}


def _talk(terminal: int, answers: list[tuple[str, str]]) -> str:
    seen, read_up_to, until = "", 0, time.monotonic() + 60
    while time.monotonic() < until:
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            part = os.read(terminal, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        seen += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", part.decode(errors="replace"))
        if answers and answers[0][0] in seen[read_up_to:]:
            read_up_to = len(seen)
            os.write(terminal, answers.pop(0)[1].encode())
    return seen
