"""Hands on what happened, within this process: to subscribers that are called, and to streams that are read."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Self

from attrs import define, field, frozen

from teckochecker.domain.events import Event

Subscriber = Callable[[Event], None]


@frozen
class Missed:
    """The reader was too slow: this many events were dropped here. The history still has them."""

    count: int


@define(eq=False)
class Stream:
    """Events as they happen, for one reader. Of those that wait, the oldest are dropped beyond the limit, and told.

    async for event in stream: ...
    """

    _limit: int
    _waiting: deque[Event] = field(factory=deque, init=False)
    _missed: int = field(default=0, init=False)
    _news: asyncio.Event = field(factory=asyncio.Event, init=False)
    _closed: bool = field(default=False, init=False)

    def put(self, event: Event) -> None:
        """One more."""
        if len(self._waiting) == self._limit:
            self._waiting.popleft()
            self._missed += 1
        self._waiting.append(event)
        self._news.set()

    def close(self) -> None:
        """No more come; the reader still gets what waits."""
        self._closed = True
        self._news.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event | Missed:
        """The next event, or how many were dropped before it."""
        while not self._waiting:
            if self._closed:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        if self._missed:
            count, self._missed = self._missed, 0
            return Missed(count)
        return self._waiting.popleft()


@define(eq=False)
class Publisher:
    """Calls every subscriber with every event, in the order in which they came.

    `report` is told of a subscriber that failed, and of the event it failed on.
    """

    _report: Callable[[Exception, Event], None]
    _subscribers: list[Subscriber] = field(factory=list, init=False)

    def add(self, subscriber: Subscriber) -> None:
        """Call it from now on. It must not wait."""
        self._subscribers.append(subscriber)

    def remove(self, subscriber: Subscriber) -> None:
        """Call it no more.

        Raises:
            ValueError: it was not called before either.
        """
        self._subscribers.remove(subscriber)

    @contextmanager
    def subscribe(self, *, limit: int = 1000) -> Generator[Stream]:
        """A stream of what happens while the block is open; at most `limit` events wait for its reader."""
        stream = Stream(limit)
        self.add(stream.put)
        try:
            yield stream
        finally:
            self.remove(stream.put)
            stream.close()

    def publish(self, events: Sequence[Event]) -> None:
        """Tell all subscribers. What one of them does or fails to do is nothing to the others."""
        for event in events:
            for subscriber in tuple(self._subscribers):
                try:
                    subscriber(event)
                except Exception as error:  # foreign code, called after the commit: its fault must not stop the engine
                    self._report(error, event)
