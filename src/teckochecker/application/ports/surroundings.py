"""Time, chance, hints and news: what surrounds every use case."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from teckochecker.domain.events import Event


class Clock(Protocol):
    """Time comes in through here alone."""

    def now(self) -> datetime:
        """The wall clock, aware UTC. It may jump."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards, for leases and deadlines."""
        ...

    async def sleep(self, delay: timedelta, *, unless: asyncio.Event | None = None) -> None:
        """Wait for `delay`, or until `unless` is set, whichever comes first."""
        ...


class Chance(Protocol):
    """All randomness comes in through here."""

    def uniform(self, a: float, b: float) -> float:
        """A number in [a, b)."""
        ...

    def trigger_id(self) -> UUID:
        """An id that nobody ever used."""
        ...

    def secret(self, length: int) -> bytes:
        """So many bytes that nobody can guess."""
        ...


class Wakeups(Protocol):
    """Hints that something changed, from this process or another. A hint may be late or lost; truth is stored."""

    @property
    def signal(self) -> asyncio.Event:
        """Set when something changed; whoever waits for it clears it."""
        ...

    def notify(self) -> None:
        """Tell everybody who watches the same store."""
        ...


class Span(Protocol):
    """A stretch of work, until its block is left."""

    def note(self, **about: str | int) -> None:
        """What became known of it meanwhile."""
        ...


class Telemetry(Protocol):
    """Is told what no event tells. It never raises and never waits, and nothing secret is told to it."""

    def span(self, name: str, **about: str | int) -> AbstractContextManager[Span]:
        """A piece of work that takes time: `call`, `wave`, `step`, `notice` or `request`."""
        ...

    def late(self, seconds: Sequence[float]) -> None:
        """Jobs were looked at so long after they had become due."""
        ...

    def holding(self, what: str, count: int) -> None:
        """So many leases of this kind are in hand now."""
        ...


class EventPublisher(Protocol):
    """Hands on what happened, after it was committed."""

    def publish(self, events: Sequence[Event]) -> None:
        """Tell all subscribers. Never raises and never waits."""
        ...
