"""Places for calls at once, of which one that hangs takes none away for long."""

from __future__ import annotations

import asyncio
from types import TracebackType

from attrs import define, field


@define(eq=False)
class Slots:
    """At most so many calls at once: `async with slots.place()`.

    A call that lasts longer than `patience` (seconds) hands its place on, so that ten questions that hang stop no
    others; there are never more than twice as many calls in all.
    """

    most: int
    patience: float = 5.0
    _free: asyncio.Semaphore = field(init=False, repr=False)
    _hanging: int = field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self._free = asyncio.Semaphore(self.most)

    def place(self) -> _Place:
        """A place for one call."""
        return _Place(self)


@define(eq=False)
class _Place:
    _slots: Slots
    _timer: asyncio.TimerHandle | None = None
    _handed_on: bool = False

    async def __aenter__(self) -> None:
        slots = self._slots
        await slots._free.acquire()
        self._timer = asyncio.get_running_loop().call_later(slots.patience, self._hand_on)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        slots = self._slots
        if self._timer is not None:
            self._timer.cancel()
        if self._handed_on:
            slots._hanging -= 1
        else:
            slots._free.release()

    def _hand_on(self) -> None:
        slots = self._slots
        if slots._hanging < slots.most:
            slots._hanging += 1
            self._handed_on = True
            slots._free.release()
