"""Going on in the background: a process of its own, and how its parent learns what became of it."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final

from attrs import define, frozen

from teckochecker.domain.errors import InvalidValue
from teckochecker.entrypoints.cli.answer import Refused

_PATIENCE: Final = 30.0  # seconds from the child's own word to an answer of its health


@frozen
class Child:
    """The parent's end: what the daemon says of itself."""

    _pipe: int

    def word(self) -> Mapping[str, Any] | None:
        """Its one message; None when it ended without any."""
        with os.fdopen(self._pipe, "rb") as pipe:
            text = pipe.read()
        return json.loads(text) if text else None


@define
class Parent:
    """The daemon's end."""

    _pipe: int | None

    def tell(self, word: Mapping[str, Any]) -> None:
        """Say the one thing that the parent waits for."""
        if self._pipe is not None:
            with os.fdopen(self._pipe, "wb") as pipe:
                pipe.write(json.dumps(word).encode())
            self._pipe = None


def detach(log: Path) -> Child | Parent:
    """Go on twice: here, as the parent, and in a process without terminal and session, as its child.

    The child stands in the root folder, so that it keeps no disk busy, and writes what it prints to `log`.

    Raises:
        InvalidValue: the log cannot be written.
    """
    try:
        written = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    except OSError as error:
        raise InvalidValue(f"LOG_FILE: {log} cannot be written: {error.strerror}", field="LOG_FILE") from error
    ours, theirs = os.pipe()
    first = os.fork()
    if first:
        os.close(theirs)
        os.close(written)
        os.waitpid(first, 0)
        return Child(ours)
    os.close(ours)
    os.setsid()
    if os.fork():
        os._exit(0)  # so that the daemon leads no session, and can never get a terminal again
    os.chdir("/")
    os.umask(0o077)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for own, standard in ((nothing, 0), (written, 1), (written, 2)):
        os.dup2(own, standard)
    for own in {nothing, written} - {0, 1, 2}:
        os.close(own)
    return Parent(theirs)


def await_health(address: str, log: Path, patience: float = _PATIENCE) -> None:
    """Wait until the service at this address answers that it is well.

    Raises:
        Refused: it does not.
    """
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until, why = monotonic() + patience, ""
    while monotonic() < until:
        try:
            with direct.open(f"{address}/api/health", timeout=5):
                return
        except (OSError, urllib.error.URLError) as error:
            why = str(error)
        sleep(0.05)
    raise Refused(f"The daemon runs, but {address}/api/health does not answer ({why}); see {log}")
