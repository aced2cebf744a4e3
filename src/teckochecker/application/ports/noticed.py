"""Storage and delivery of notices: what people are told, over which channel."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from attrs import frozen

from teckochecker.domain.events import Event


@frozen
class Address:
    """A channel that an event is to be told over, from `due_at` on."""

    channel: str
    due_at: datetime


Addressing = Callable[[Event], Sequence[Address]]
"""Where an event is to be told. A store keeps a notice for each address, in the transaction of the event itself."""


def to_nobody(_: Event) -> Sequence[Address]:
    """Nobody wants to be told of anything."""
    return ()


@frozen(kw_only=True)
class Notice:
    """One event for one channel. `due_at` is when it is tried next, None when it is over: delivered or given up.

    `cause` is what notices have in common that are told as one; it is known once delivery was tried.
    """

    id: int
    event: Event
    channel: str
    due_at: datetime | None
    attempts: int = 0
    last_error: str | None = None
    cause: str | None = None
    delivered_at: datetime | None = None

    @property
    def given_up(self) -> bool:
        """It was tried for long enough, in vain."""
        return self.due_at is None and self.delivered_at is None


@frozen(kw_only=True)
class NoticeClaim:
    """A notice in hand."""

    notice: Notice
    owner: str
    epoch: int


class NoticeRepository(Protocol):
    """Notices. They come into being with their events, by the addressing that the store was made with."""

    async def claim(
        self, owner: str, channels: Collection[str], *, lease: timedelta, limit: int
    ) -> Sequence[NoticeClaim]:
        """Take due notices of these channels that are in nobody's hand, the longest due first."""
        ...

    async def save(self, claims: Sequence[NoticeClaim]) -> None:
        """Write the notices of these claims and give them back; those in other hands by now stay as they are."""
        ...

    async def last_delivered(self, channel: str, cause: str) -> datetime | None:
        """When something of this cause was last delivered over this channel."""
        ...

    async def undelivered(self, *, limit: int) -> Sequence[Notice]:
        """Those that wait or were given up, the latest first."""
        ...

    async def forget(self, before: datetime, *, limit: int) -> int:
        """Remove notices of what happened before this moment, whatever became of them. Returns how many went."""
        ...


class Notifier(Protocol):
    """Brings a message to people."""

    async def check(self) -> None:
        """Make sure that every channel can be spoken.

        Raises:
            InvalidValue: one cannot; it is named.
        """
        ...

    async def deliver(self, channel: str, title: str, body: str, *, good: bool = False) -> None:
        """Hand a message over. `good` news may look so.

        Raises:
            Unavailable: it was not taken, or not in time; the sentence holds nothing secret.
        """
        ...
