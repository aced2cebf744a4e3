"""The store, its units of work, and the hints between instances that share it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import datetime

from attrs import define, field, frozen

from teckochecker.adapters.memory.access import MemorySessions, MemoryTokens
from teckochecker.adapters.memory.audit import MemoryAudit
from teckochecker.adapters.memory.checks import MemoryChecks
from teckochecker.adapters.memory.groups import MemoryGroups
from teckochecker.adapters.memory.history import MemoryHistory
from teckochecker.adapters.memory.jobs import MemoryJobs
from teckochecker.adapters.memory.notices import MemoryNotices
from teckochecker.adapters.memory.once import MemoryOnce
from teckochecker.adapters.memory.rows import Draft, Memory
from teckochecker.adapters.memory.secrets import MemorySecrets
from teckochecker.adapters.memory.services import MemoryServices
from teckochecker.adapters.memory.triggers import MemoryTriggers
from teckochecker.application.errors import LeaseLost
from teckochecker.application.ports import Addressing, EventPublisher, UnitOfWork, Wakeups, to_nobody


@define(eq=False)
class MemoryWakeups:
    """One instance's ear: hints reach every instance that shares the memory."""

    _memory: Memory
    signal: asyncio.Event = field(factory=asyncio.Event, init=False)

    def __attrs_post_init__(self) -> None:
        self._memory.signals.append(self.signal)

    def notify(self) -> None:
        """Tell every instance, itself too."""
        for signal in self._memory.signals:
            signal.set()


@frozen(eq=False)
class MemoryWork:
    """One unit of work: a draft that becomes what is kept at `commit`."""

    _draft: Draft
    _publisher: EventPublisher
    _wakeups: Wakeups
    _addressed: Addressing
    jobs: MemoryJobs
    groups: MemoryGroups
    triggers: MemoryTriggers
    secrets: MemorySecrets
    checks: MemoryChecks
    history: MemoryHistory
    services: MemoryServices
    audit: MemoryAudit
    tokens: MemoryTokens
    sessions: MemorySessions
    notices: MemoryNotices
    once: MemoryOnce

    @classmethod
    def on(cls, draft: Draft, publisher: EventPublisher, wakeups: Wakeups, addressed: Addressing) -> MemoryWork:
        """All repositories over one draft."""
        return cls(
            draft,
            publisher,
            wakeups,
            addressed,
            MemoryJobs(draft),
            MemoryGroups(draft),
            MemoryTriggers(draft),
            MemorySecrets(draft),
            MemoryChecks(draft),
            MemoryHistory(draft),
            MemoryServices(draft),
            MemoryAudit(draft),
            MemoryTokens(draft),
            MemorySessions(draft),
            MemoryNotices(draft),
            MemoryOnce(draft),
        )

    async def now(self) -> datetime:
        """The memory's clock."""
        return self._draft.now

    async def commit(self) -> None:
        """Keep the draft, then tell. Nothing is awaited here, so it happens wholly or not at all.

        Raises:
            LeaseLost: a fence in this unit of work had failed already.
        """
        if self._draft.writing().lost:
            raise LeaseLost(self._draft.lost)
        changed, events = self._draft.keep(self._addressed)
        if events:
            self._publisher.publish(events)
        if changed:
            self._wakeups.notify()


@define(eq=False)
class MemoryStore:
    """One instance's way to the memory."""

    _memory: Memory
    _publisher: EventPublisher
    _wakeups: Wakeups
    _addressed: Addressing = to_nobody
    _reading: MemoryWork = field(init=False)

    def __attrs_post_init__(self) -> None:
        # a view keeps nothing of its own, so that one is enough for all
        self._reading = MemoryWork.on(
            Draft.over(self._memory, writes=False), self._publisher, self._wakeups, self._addressed
        )

    @asynccontextmanager
    async def work(self) -> AsyncGenerator[UnitOfWork]:
        """A unit of work that writes. One at a time, in the order in which they were asked for."""
        async with self._memory.turn:
            draft = Draft.over(self._memory, writes=True)
            try:
                yield MemoryWork.on(draft, self._publisher, self._wakeups, self._addressed)
            finally:
                draft.writes = False

    def view(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """One that only reads, and sees what was committed last."""
        return nullcontext(self._reading)
