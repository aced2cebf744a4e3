"""Processes of this machine: which of those that have had a pid it is now, and a signal for the right one alone."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path


def born(pid: int) -> str | None:
    """What tells the process of this pid from all that had it before or will have it; None: there is none, or it is
    not to be known.
    """
    try:
        # the second field is the program's name in brackets, and may hold anything
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None if Path("/proc/self/stat").exists() else _told_by_ps(pid)
    except OSError:
        return None
    return None if fields[0] in (b"Z", b"X") else f"{boot}:{fields[19].decode()}"


def send(pid: int, known_as: str, number: signal.Signals) -> bool:
    """Send a signal to the process of this pid, if it is still the one `known_as` that. Returns whether it was sent."""
    if born(pid) != known_as:
        return False
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


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
    return None if not start or state.startswith("Z") else start.strip()
