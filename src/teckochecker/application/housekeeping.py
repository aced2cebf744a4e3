"""Removing what nobody needs any more, so that a service left alone does not fill its disk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from attrs import frozen

from teckochecker.application.crew import Crew
from teckochecker.application.ports import Clock, Store, UnitOfWork

_PORTION: Final = 500  # rows of one transaction, which keeps everybody else waiting on SQLite
_BREATH: Final = timedelta(milliseconds=100)  # in which others have their turn

_Step = Callable[[UnitOfWork, datetime], Awaitable[int]]


async def _notices(work: UnitOfWork, before: datetime) -> int:
    return await work.notices.forget(before, limit=_PORTION)


async def _keys(work: UnitOfWork, before: datetime) -> int:
    return await work.once.forget(before, limit=_PORTION)


async def _jobs(work: UnitOfWork, before: datetime) -> int:
    return await work.jobs.forget(before, limit=_PORTION)


async def _history(work: UnitOfWork, before: datetime) -> int:
    return await work.history.forget(before, limit=_PORTION)


_STEPS: Final[tuple[_Step, ...]] = (_notices, _keys, _jobs, _history)


@frozen(kw_only=True)
class Housekeeping:
    """Forgets what is older than `kept`: notices, used keys, deleted jobs with all of theirs, history of no job.

    Jobs that nobody deleted, and the audit trail, stay for ever. Any number of instances may do so at once: what one
    has removed the others do not find.
    """

    store: Store
    clock: Clock
    crew: Crew
    kept: timedelta
    every: timedelta = timedelta(hours=1)

    async def run(self) -> None:
        """Sweep every now and then, for ever. What a storage that does not answer still has is swept the next time."""
        while True:
            await self.clock.sleep(self.every)
            await self.crew.start("housekeeping", self.sweep)

    async def sweep(self) -> None:
        """Remove all that is old enough, a portion in each transaction.

        Raises:
            StorageUnavailable: what was removed so far is gone, the rest is still there.
        """
        for step in _STEPS:
            while await self._removed(step):
                await self.clock.sleep(_BREATH)

    async def _removed(self, step: _Step) -> int:
        async with self.store.work() as work:
            gone = await step(work, await work.now() - self.kept)
            if gone:
                await work.commit()
        return gone
