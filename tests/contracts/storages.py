"""The storages that the contract is held against. A further one joins by one entry in `STORAGES`."""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from teckochecker.adapters.clock import ManualClock
from teckochecker.adapters.memory import Memory, MemoryStore, MemoryWakeups
from teckochecker.adapters.sql.engine import database_url, open_engine
from teckochecker.adapters.sql.file import make_file
from teckochecker.adapters.sql.tables import metadata
from teckochecker.adapters.sql.wakeups import SqlWakeups
from teckochecker.adapters.sql.work import SqlStore
from teckochecker.application.ports import EventPublisher
from tests.contracts.instances import Instance, Opened, addressed
from tests.databases import postgresql_server

Start = Callable[[str], Instance]
"""Starts one more instance of this name on the same storage."""


@asynccontextmanager
async def memory(clock: ManualClock, folder: Path) -> AsyncGenerator[Start]:
    """Within one process."""
    shared = Memory(clock)

    def opened(publisher: EventPublisher) -> Opened:
        wakeups = MemoryWakeups(shared)
        return MemoryStore(shared, publisher, wakeups, addressed), wakeups

    yield lambda owner: Instance.over(owner, clock, opened)


@asynccontextmanager
async def sqlite(clock: ManualClock, folder: Path) -> AsyncGenerator[Start]:
    """A file, with connections of its own for each instance, as processes have them."""
    async with AsyncExitStack() as stack:

        def opened(publisher: EventPublisher) -> Opened:
            engine = open_engine(f"sqlite:///{folder / 'teckochecker.db'}")
            stack.push_async_callback(engine.dispose)
            wakeups = SqlWakeups(engine, clock)
            return SqlStore(engine, clock, publisher, wakeups, addressed), wakeups

        empty = open_engine(f"sqlite:///{folder / 'teckochecker.db'}")
        make_file(empty)
        async with empty.begin() as connection:
            await connection.run_sync(metadata.create_all)
        await empty.dispose()
        yield lambda owner: Instance.over(owner, clock, opened)


@asynccontextmanager
async def postgresql(clock: ManualClock, folder: Path) -> AsyncGenerator[Start]:
    """A throw-away server, emptied for each test; leases are judged by the driven clock here."""
    address = _database()
    async with AsyncExitStack() as stack:

        def opened(publisher: EventPublisher) -> Opened:
            engine = open_engine(address)
            stack.push_async_callback(engine.dispose)
            wakeups = SqlWakeups(engine, clock)
            return SqlStore(engine, clock, publisher, wakeups, addressed, server_time=False), wakeups

        yield lambda owner: Instance.over(owner, clock, opened)


def _database() -> str:
    """The address of the one database of this test run, emptied."""
    address = _made()
    engine = sa.create_engine(database_url(address))
    with engine.begin() as connection:
        connection.execute(sa.text(f"TRUNCATE {', '.join(metadata.tables)} RESTART IDENTITY CASCADE"))
    engine.dispose()
    return address


@functools.cache
def _made() -> str:
    address = postgresql_server().database()
    engine = sa.create_engine(database_url(address))
    metadata.create_all(engine)
    engine.dispose()
    return address


Storage = Callable[[ManualClock, Path], AbstractAsyncContextManager[Start]]

ONE_WRITER: Final[tuple[Storage, ...]] = (memory, sqlite)
"""Storages whose writers take turns."""

STORAGES: Final[tuple[Storage, ...]] = (*ONE_WRITER, postgresql)
