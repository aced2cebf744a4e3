"""Who runs on this storage: every instance tells of itself every few seconds, and can be asked to stop."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from attrs import frozen

FORGOTTEN_AFTER: Final = timedelta(days=1)
"""An instance that was not seen for so long leaves no trace any more."""


@frozen(kw_only=True)
class Told:
    """How an instance's watching goes: `watching` is on, off or behind, `lateness` how long the oldest work is due."""

    watching: str = "off"
    checks: int = 0
    lateness: timedelta = timedelta(0)
    turned_at: datetime | None = None


@frozen(kw_only=True)
class Instance:
    """One process of the program. `born` tells it from every other that has had its `pid` on that machine."""

    owner: str
    host: str
    pid: int
    born: str | None = None
    address: str | None = None
    version: str
    started_at: datetime


@frozen(kw_only=True)
class Running:
    """An instance as it was last seen."""

    instance: Instance
    told: Told
    seen_at: datetime
    stop_asked_at: datetime | None = None


class Services(Protocol):
    """The instances that run on this storage. None of it wakes anybody: it is read by those who want to know."""

    async def beat(self, instance: Instance, told: Told) -> bool:
        """Say that this instance runs, and how its watching goes. Returns whether it was asked to stop.

        One that was unknown joins; those that were not seen for FORGOTTEN_AFTER are forgotten then.
        """
        ...

    async def alive(self, *, within: timedelta) -> Sequence[Running]:
        """The instances seen within so long, the one that started first first."""
        ...

    async def ask_to_stop(self, owner: str) -> None:
        """Leave word for an instance; it hears of it with its next beat. An unknown one is passed over."""
        ...

    async def leave(self, owner: str) -> None:
        """Forget an instance: it has stopped, or is known to be dead."""
        ...
