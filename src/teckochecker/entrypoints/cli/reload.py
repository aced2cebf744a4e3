"""teckochecker start --reload: a child that serves, started anew whenever the program or `.env` changes."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Final

import teckochecker
from teckochecker.entrypoints.cli.answer import Answer
from teckochecker.entrypoints.cli.place import dotenv

_EVERY: Final = 0.3  # seconds between two looks at the files


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
        child = subprocess.Popen([sys.executable, "-m", "teckochecker", "start", *options], start_new_session=True)  # noqa: S603
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


def _stamps() -> Mapping[Path, int]:
    """When each file was last changed."""
    stamps: dict[Path, int] = {}
    for path in (dotenv(), *Path(teckochecker.__file__).parent.rglob("*.*")):
        if "__pycache__" not in path.parts:
            with suppress(FileNotFoundError):  # editors take a file away for a moment
                stamps[path] = path.stat().st_mtime_ns
    return stamps
