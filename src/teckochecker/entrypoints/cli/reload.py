"""teckochecker start --reload: a child that serves, started anew whenever the program or `.env` changes."""

from __future__ import annotations

import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import Final

import teckochecker
from teckochecker.entrypoints.cli.answer import Answer
from teckochecker.entrypoints.cli.place import dotenv

_EVERY: Final = 0.3  # seconds between two looks at the files
_CHILD: Final = (sys.executable, "-c", f"from {__name__} import supervised; supervised()", "start")


def reloading(*options: str) -> Answer:
    """Keep a service with these options running, until it is told to stop. Only the child watches jobs.

    A child that fails waits for a change; one that was stopped in good order ends this too.
    """
    stopped = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    code = 0
    while not stopped.is_set():
        seen = _stamps()
        # in a session of its own, so that Ctrl-C reaches it through us alone, and once
        child = subprocess.Popen([*_CHILD, *options], stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603
        while child.poll() is None and _stamps() == seen and not stopped.wait(_EVERY):
            pass
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
        code = child.wait()
        if code == 0 and _stamps() == seen:
            break
        while code and _stamps() == seen and not stopped.wait(_EVERY):
            pass
    return Answer({"message": "Stopped", "success": True}, None, code)


def supervised() -> None:
    """Be the child: the program, for as long as whoever started it lives."""
    Thread(target=_stop_when_alone, daemon=True).start()
    runpy.run_module("teckochecker", run_name="__main__")


def _stop_when_alone() -> None:
    os.read(0, 1)  # nothing is ever written to it, so it ends with its writer, however that ends
    os.kill(os.getpid(), signal.SIGTERM)


def _stamps() -> Mapping[Path, int]:
    """When each file was last changed."""
    stamps: dict[Path, int] = {}
    for path in (dotenv(), *Path(teckochecker.__file__).parent.rglob("*.*")):
        if "__pycache__" not in path.parts:
            with suppress(FileNotFoundError):  # editors take a file away for a moment
                stamps[path] = path.stat().st_mtime_ns
    return stamps
