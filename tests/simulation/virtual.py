"""An event loop whose waiting is the passing of time: hours of simulated work in milliseconds of real time."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from attrs import define

T = TypeVar("T")
START = datetime(2026, 1, 1, tzinfo=UTC)
_GLANCE = 0.05  # real seconds


class Stuck(AssertionError):
    """Everybody waits, and nobody will ever wake: a liveness failure."""


class _VirtualSelector(selectors.SelectSelector):
    """Instead of waiting it moves the clock on."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[Any]:
        if self.loop.at_work:
            return super().select(0 if timeout == 0 else _GLANCE)
        if timeout is None:
            raise Stuck("nobody will ever wake")
        if timeout > 0:
            self.loop.virtual += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose `time()` is the simulated time in seconds.

    It passes only while nobody is at work with threads or sockets, which take their real time (`at_work`).
    """

    def __init__(self) -> None:
        self.virtual = 0.0
        self.at_work = 0
        selector = _VirtualSelector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.virtual


def run_virtually(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end in simulated time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


@define(eq=False)
class WorldClock:
    """The services' own time: it never jumps."""

    def now(self) -> datetime:
        return START + timedelta(seconds=asyncio.get_running_loop().time())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, delay: timedelta, *, unless: asyncio.Event | None = None) -> None:
        seconds = max(delay.total_seconds(), 0.0)
        if unless is None or unless.is_set():
            await asyncio.sleep(seconds if unless is None else 0)
            return
        try:
            async with asyncio.timeout(seconds):
                await unless.wait()
        except TimeoutError:
            return


@define(eq=False)
class JumpingClock(WorldClock):
    """An instance's own time of day, which somebody may set."""

    offset: timedelta = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.offset
