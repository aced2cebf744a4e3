"""What a service manager of the systemd kind is told: that the service is ready, alive, and about to stop."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Self

from attrs import frozen


@frozen
class Supervisor:
    """Whoever started this process and waits for word from it; nobody, where `address` is None.

    `watchdog` is how often it wants to hear that all is well; half of that time is a good rhythm.
    """

    address: str | None = None
    watchdog: timedelta | None = None

    @classmethod
    def of(cls, environ: Mapping[str, str], pid: int) -> Self:
        """The one that the environment names. A watchdog that waits for another process is not ours."""
        every = environ.get("WATCHDOG_USEC", "")
        ours = environ.get("WATCHDOG_PID") in (None, "", str(pid))
        watchdog = timedelta(microseconds=int(every)) if every.isdigit() and int(every) and ours else None
        return cls(environ.get("NOTIFY_SOCKET") or None, watchdog)

    def ready(self) -> None:
        """The service answers."""
        self._tell(f"READY=1\nMAINPID={os.getpid()}")

    def alive(self) -> None:
        """The watching turns."""
        self._tell("WATCHDOG=1")

    def stopping(self) -> None:
        """What is in hand is being finished."""
        self._tell("STOPPING=1")

    def _tell(self, words: str) -> None:
        if self.address is None:
            return
        name = f"\0{self.address[1:]}" if self.address.startswith("@") else self.address
        # nobody to hear it, or a full queue: the service itself is none the worse for it
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
            door.setblocking(False)
            door.sendto(words.encode(), name)
