"""Tasks side by side, none of which takes the others along when it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from attrs import frozen

from teckochecker.application.errors import LeaseLost, StorageUnavailable
from teckochecker.application.ports import Clock, EventPublisher
from teckochecker.domain.events import Event

Work = Callable[[], Awaitable[None]]


@frozen(kw_only=True)
class FaultMet(Event):
    """A fault of this program. It is told, never stored; the work is taken up again when its lease runs out."""

    where: str
    fault: str
    says = "A fault in the work on {where}: {fault}"


@frozen(kw_only=True)
class Crew:
    """Starts pieces of work and tells of faults, which are mistakes of this program and not of its surroundings."""

    publisher: EventPublisher
    clock: Clock

    def start(self, where: str, work: Work) -> asyncio.Task[None]:
        """Begin a piece of work. Losing its lease or the storage ends it quietly; a fault is published."""
        return asyncio.create_task(self._watched(where, work))

    async def _watched(self, where: str, work: Work) -> None:
        try:
            await work()
        except (LeaseLost, StorageUnavailable):
            # nothing was written: it is in other hands by now, or taken up again when the lease runs out
            pass
        except Exception as fault:  # a mistake in one piece of work must not stop the watching of all others
            told = FaultMet(at=self.clock.now(), where=where, fault=f"{type(fault).__name__}: {fault}")
            self.publisher.publish([told])
