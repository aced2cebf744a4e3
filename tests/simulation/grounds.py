"""What a world stands on: where everything is kept, and what the judges find there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Protocol, cast

import sqlalchemy as sa
from attrs import define, field, frozen
from sqlalchemy.ext.asyncio import AsyncEngine

from teckochecker.adapters.memory import Memory, MemoryStore, MemoryWakeups
from teckochecker.adapters.sql.engine import open_engine
from teckochecker.adapters.sql.tables import metadata
from teckochecker.adapters.sql.work import SqlStore
from teckochecker.application.errors import JobNotFound
from teckochecker.application.ports import Clock, EventPublisher, Store, UnitOfWork, Wakeups
from teckochecker.domain.events import Event
from teckochecker.domain.job import PollingJob
from teckochecker.domain.trigger import Trigger
from teckochecker.domain.values import JobId
from tests.simulation.virtual import VirtualLoop


@frozen(kw_only=True)
class Seen:
    """All that is kept at a moment, of deleted jobs too. The events of each job are in their order."""

    triggers: tuple[Trigger, ...]
    jobs: Mapping[JobId, PollingJob]
    events: tuple[Event, ...]


class Ground(Protocol):
    """One storage for all instances and people of a world."""

    def open(self, publisher: EventPublisher) -> tuple[Store, Wakeups]:
        """A way to it of one's own, as each process has it."""
        ...

    def leave(self, wakeups: Wakeups) -> None:
        """Whoever had it has ended."""
        ...

    async def seen(self) -> Seen:
        """What is kept now."""
        ...

    async def close(self) -> None:
        """Nobody needs it any more."""
        ...


@define(eq=False)
class InMemory:
    """Within this process, without a moment of real waiting."""

    clock: Clock
    memory: Memory = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.memory = Memory(self.clock)

    def open(self, publisher: EventPublisher) -> tuple[Store, Wakeups]:
        wakeups = MemoryWakeups(self.memory)
        return MemoryStore(self.memory, publisher, wakeups), wakeups

    def leave(self, wakeups: Wakeups) -> None:
        self.memory.signals.remove(wakeups.signal)

    async def seen(self) -> Seen:
        return Seen(
            triggers=tuple(row.trigger for row in self.memory.triggers.values()),
            jobs={job.id: job for job in self.memory.jobs.values()},
            events=tuple(entry.event for entry in self.memory.history),
        )

    async def close(self) -> None:
        return


@define(eq=False)
class OnSqlite:
    """In a file, with connections of its own for everybody."""

    clock: Clock
    folder: Path
    engines: list[AsyncEngine] = field(factory=list, init=False)
    bells: list[Bell] = field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        engine = sa.create_engine(self.address)
        metadata.create_all(engine)
        engine.dispose()

    @property
    def address(self) -> str:
        return f"sqlite:///{self.folder / 'teckochecker.db'}"

    def open(self, publisher: EventPublisher) -> tuple[Store, Wakeups]:
        engine, bell = open_engine(self.address), Bell(self.bells)
        self.engines.append(engine)
        self.bells.append(bell)
        return WhileTimeStands(SqlStore(engine, self.clock, publisher, bell)), bell

    def leave(self, wakeups: Wakeups) -> None:
        self.bells.remove(cast(Bell, wakeups))

    async def seen(self) -> Seen:
        store, bell = self.open(Nobody())
        self.leave(bell)
        jobs: dict[JobId, PollingJob] = {}
        triggers: list[Trigger] = []
        events: list[Event] = []
        async with store.view() as view:
            while True:
                number = JobId(len(jobs) + 1)
                try:
                    jobs[number] = await view.jobs.get(number, deleted=True)
                except JobNotFound:
                    break
                triggers += await view.triggers.of_job(number)
                events += [entry.event for entry in reversed(await view.history.of_job(number, limit=10**6))]
        return Seen(triggers=tuple(triggers), jobs=jobs, events=tuple(events))

    async def close(self) -> None:
        with time_standing():
            for engine in self.engines:
                await engine.dispose()


@define(eq=False)
class Bell:
    """Hints to all who share a file, without the time that it takes to hear of them."""

    _bells: list[Bell]
    signal: asyncio.Event = field(factory=asyncio.Event, init=False)

    def notify(self) -> None:
        for bell in self._bells:
            bell.signal.set()


@frozen
class Nobody:
    """Hears of nothing."""

    def publish(self, events: object) -> None:
        return


@define(eq=False)
class WhileTimeStands:
    """A storage that is worked at in real time, while the simulated one stands still."""

    _inner: SqlStore

    @asynccontextmanager
    async def work(self) -> AsyncGenerator[UnitOfWork]:
        with time_standing():
            async with self._inner.work() as work:
                yield work

    @asynccontextmanager
    async def view(self) -> AsyncGenerator[UnitOfWork]:
        with time_standing():
            async with self._inner.view() as view:
                yield view


@contextmanager
def time_standing() -> Iterator[None]:
    loop = cast(VirtualLoop, asyncio.get_running_loop())
    loop.at_work += 1
    try:
        yield
    finally:
        loop.at_work -= 1
