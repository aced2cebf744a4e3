"""Places for calls at once, of which one that hangs takes none away for long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
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
    _held: dict[_Place, float] = field(factory=dict, init=False, repr=False)
    _timer: asyncio.TimerHandle | None = field(default=None, init=False, repr=False)
    _hanging: int = field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self._free = asyncio.Semaphore(self.most)

    def place(self, handed_on: Callable[[], None] | None = None) -> _Place:
        """A place for one call. `handed_on` is called when somebody else may have it because this one hangs."""
        return _Place(self, handed_on)

    def _taken(self, place: _Place) -> None:
        loop = asyncio.get_running_loop()
        self._held[place] = loop.time()
        if self._timer is None:
            self._timer = loop.call_later(self.patience, self._hand_on)

    def _given_back(self, place: _Place) -> None:
        if place.is_handed_on:
            self._hanging -= 1
        else:
            self._held.pop(place, None)
            self._free.release()
        if self._timer is not None and not self._held:
            self._timer.cancel()
            self._timer = None

    def _hand_on(self) -> None:
        """Of those that were patient for long enough; one timer does for all, since the oldest come first."""
        loop = asyncio.get_running_loop()
        self._timer = None
        for place, since in list(self._held.items()):
            if since + self.patience > loop.time():
                self._timer = loop.call_at(since + self.patience, self._hand_on)
                return
            del self._held[place]
            if self._hanging < self.most:
                self._hanging += 1
                self._free.release()
                place.hand_on()


@define(eq=False)
class _Place:
    _slots: Slots
    _handed_on: Callable[[], None] | None
    is_handed_on: bool = field(default=False, init=False)

    async def __aenter__(self) -> None:
        await self._slots._free.acquire()
        self._slots._taken(self)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._slots._given_back(self)

    def hand_on(self) -> None:
        self.is_handed_on = True
        if self._handed_on is not None:
            self._handed_on()
