"""The storages that the contract is held against. A further one joins by one entry in `STORAGES`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from teckochecker.adapters.clock import ManualClock
from teckochecker.adapters.memory import Memory, MemoryStore, MemoryWakeups
from teckochecker.adapters.sql.engine import make_file, open_engine
from teckochecker.adapters.sql.tables import metadata
from teckochecker.adapters.sql.wakeups import SqlWakeups
from teckochecker.adapters.sql.work import SqlStore
from teckochecker.application.ports import EventPublisher
from tests.contracts.instances import Instance, Opened

Start = Callable[[str], Instance]
"""Starts one more instance of this name on the same storage."""


@asynccontextmanager
async def memory(clock: ManualClock, folder: Path) -> AsyncGenerator[Start]:
    """Within one process."""
    shared = Memory(clock)

    def opened(publisher: EventPublisher) -> Opened:
        wakeups = MemoryWakeups(shared)
        return MemoryStore(shared, publisher, wakeups), wakeups

    yield lambda owner: Instance.over(owner, clock, opened)


@asynccontextmanager
async def sqlite(clock: ManualClock, folder: Path) -> AsyncGenerator[Start]:
    """A file, with connections of its own for each instance, as processes have them."""
    async with AsyncExitStack() as stack:

        def opened(publisher: EventPublisher) -> Opened:
            engine = open_engine(f"sqlite:///{folder / 'teckochecker.db'}")
            stack.push_async_callback(engine.dispose)
            wakeups = SqlWakeups(engine, clock)
            return SqlStore(engine, clock, publisher, wakeups), wakeups

        empty = open_engine(f"sqlite:///{folder / 'teckochecker.db'}")
        make_file(empty)
        async with empty.begin() as connection:
            await connection.run_sync(metadata.create_all)
        await empty.dispose()
        yield lambda owner: Instance.over(owner, clock, opened)


STORAGES: Final[tuple[Callable[[ManualClock, Path], AbstractAsyncContextManager[Start]], ...]] = (memory, sqlite)
