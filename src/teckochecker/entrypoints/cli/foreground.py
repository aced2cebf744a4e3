"""What a process that goes on has around it: its log, and the signals that it hears."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TextIO

from teckochecker.application.crew import FaultMet
from teckochecker.domain.events import Event
from teckochecker.entrypoints.cli.screen import plain
from teckochecker.entrypoints.settings import Settings

if TYPE_CHECKING:
    from teckochecker.adapters.logs import Logs


_IDS: Final = {"batch_id": "batch", "trigger_id": "trigger", "run_id": "run"}


@contextmanager
def logging(known: Settings, stream: TextIO | None = None) -> Generator[Logs]:
    """The log as the settings want it, and on `stream` (standard error)."""
    from teckochecker.adapters.logs import configure

    logs = configure(known.log_level, known.log_file, known.log_format, stream)
    try:
        yield logs
    finally:
        logs.close()


def keep_what_is_loaded() -> None:
    """Spare the collector of garbage what stays until the end: to walk all of it, again and again, slows checks."""
    gc.collect()
    gc.freeze()


def hear_signals(stop: asyncio.Event, logs: Logs) -> None:
    """SIGINT and SIGTERM set `stop`, and end the process at once the second time; SIGHUP opens the log file anew."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _stop, stop, number)
    loop.add_signal_handler(signal.SIGHUP, logs.reopen)


def writer() -> Callable[[Event], None]:
    """A subscriber that writes what happens into the log."""
    from teckochecker.adapters.logs import get_logger

    log = get_logger("teckochecker")

    def write(event: Event) -> None:
        ids = {short: event.data[name] for name, short in _IDS.items() if event.data.get(name)}
        told = {"kind": event.kind, **({"job": event.job_id} if event.job_id else {}), **ids}
        (log.error if isinstance(event, FaultMet) else log.info)(plain(str(event)), **told)

    return write


def _stop(stop: asyncio.Event, number: int) -> None:
    if stop.is_set():
        os._exit(128 + number)
    stop.set()
