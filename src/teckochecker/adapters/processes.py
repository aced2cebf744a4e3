"""Processes of this machine: which of those that have had a pid it is now, and a signal for the right one alone."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Final

_PS: Final = "ps"
_NO_COLON: Final = str.maketrans(":", "=")


def born(pid: int) -> str | None:
    """What tells the process of this pid from all that had it before or will have it; None: there is none, or it is
    not to be known.

    Before the colon stands the machine, from its start to its end, or the container: what counts pids.
    """
    machine = _machine()
    if machine is None:
        return _told_by_ps(pid)
    try:
        # the second field is the program's name in brackets, and may hold anything
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    return None if fields[0] in (b"Z", b"X") else f"{machine}:{fields[19].decode()}"


def is_here(known_as: str | None) -> bool:
    """Whether a process known as that is, or was, one of this machine, so that its pid means something here."""
    return known_as is not None and known_as.partition(":")[0] == (_machine() or _PS)


def is_gone(pid: int, known_as: str | None) -> bool:
    """Whether the process known as that has certainly ended."""
    return is_here(known_as) and born(pid) != known_as


def send(pid: int, known_as: str | None, number: signal.Signals) -> bool:
    """Send a signal to the process of this pid, if it is the one known as that. Returns whether it was sent."""
    if known_as is None or born(pid) != known_as:
        return False
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _machine() -> str | None:
    """This machine since its start, and the room of pids that this process sees; None where there is no /proc."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{os.readlink('/proc/self/ns/pid').translate(_NO_COLON)}"
    except OSError:
        return None


def _told_by_ps(pid: int) -> str | None:
    """Where there is no /proc (macOS): to the second, which is enough beside the pid."""
    try:
        told = subprocess.run(  # noqa: S603 - our own words and a number
            ["ps", "-o", "lstart=,state=", "-p", str(pid)],  # noqa: S607
            capture_output=True,
            text=True,
            env={"LC_ALL": "C", "PATH": os.defpath},
        )
    except OSError:
        return None
    start, _, state = told.stdout.strip().rpartition(" ")
    return None if not start or state.startswith("Z") else f"{_PS}:{start.strip()}"
