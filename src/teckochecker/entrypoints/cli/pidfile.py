"""The file that says which daemon runs on a port. It counts for as long as the daemon holds a lock on it."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import Self

from attrs import define

from teckochecker.entrypoints.cli.answer import Refused


@define
class PidFile:
    """A pid file in this process's hand, or in that of the child that it forks."""

    path: Path
    _handle: int

    @classmethod
    def take(cls, path: Path) -> Self:
        """The file, locked. One that a dead daemon left is taken over.

        Raises:
            Refused: a daemon holds it, or it cannot be written.
        """
        while True:
            try:
                handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
            except OSError as error:
                raise Refused(f"The pid file {path} cannot be written: {error.strerror}") from error
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.path.samestat(os.fstat(handle), os.stat(path)):
                    return cls(path, handle)
                os.close(handle)  # whoever had it took it away between our two steps
            except FileNotFoundError:
                os.close(handle)
            except BlockingIOError:
                os.close(handle)
                raise Refused(
                    f"TeckoChecker runs as a daemon already (pid {cls.holder(path) or 'unknown'}, {path}); "
                    "stop it first with: teckochecker stop"
                ) from None

    @staticmethod
    def holder(path: Path) -> int | None:
        """The pid of the daemon that holds this file; None where none does."""
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:
            return None
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            text = os.read(handle, 20).strip()
            return int(text) if text.isdigit() else None
        else:
            return None
        finally:
            os.close(handle)

    def write(self) -> None:
        """Name this process in it."""
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, f"{os.getpid()}\n".encode(), 0)

    def close(self) -> None:
        """Leave the file to the child that holds it too."""
        os.close(self._handle)

    def remove(self) -> None:
        """Take the file away: this daemon has stopped."""
        with suppress(OSError):
            self.path.unlink()
        self.close()
