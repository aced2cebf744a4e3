"""This process among those that run on the storage: it is seen by all, and hears who asks it to stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Final

from attrs import evolve, frozen

from teckochecker.application.errors import StorageUnavailable
from teckochecker.application.ports import Clock, Instance, Store, Told

ALIVE_WITHIN: Final = timedelta(seconds=15)
"""Who was not seen for so long is taken for dead."""


@frozen(kw_only=True)
class Presence:
    """Tells of this process every few seconds, in one short write however much is watched."""

    store: Store
    clock: Clock
    instance: Instance
    told: Callable[[], Told]
    every: timedelta = timedelta(seconds=3)

    @asynccontextmanager
    async def shown(self, stop: asyncio.Event, *, address: str | None = None) -> AsyncGenerator[Instance]:
        """Be seen inside, as serving at `address`. `stop` is set when somebody asks this process to stop.

        Raises:
            StorageUnavailable: the storage could not be told of it on entering; later it is told when it is back.
        """
        instance = evolve(self.instance, address=address)
        await self._beat(instance, stop)
        beating = asyncio.create_task(self._keep(instance, stop))
        try:
            yield instance
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)
            with suppress(StorageUnavailable):  # then it is not seen any more, and taken for dead soon
                async with self.store.work() as work:
                    await work.services.leave(instance.owner)
                    await work.commit()

    async def _keep(self, instance: Instance, stop: asyncio.Event) -> None:
        while True:
            await self.clock.sleep(self.every)
            with suppress(StorageUnavailable):
                await self._beat(instance, stop)

    async def _beat(self, instance: Instance, stop: asyncio.Event) -> None:
        async with self.store.work() as work:
            asked = await work.services.beat(instance, self.told())
            await work.commit()
        if asked:
            stop.set()
