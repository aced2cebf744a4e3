"""The store, and its units of work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, nullcontext
from datetime import datetime

from attrs import define, field, frozen
from sqlalchemy.ext.asyncio import AsyncEngine

from teckochecker.adapters.sql.access import SqlSessions, SqlTokens
from teckochecker.adapters.sql.audit import SqlAudit
from teckochecker.adapters.sql.checks import SqlChecks
from teckochecker.adapters.sql.engine import reading, transaction
from teckochecker.adapters.sql.groups import SqlGroups
from teckochecker.adapters.sql.history import SqlHistory
from teckochecker.adapters.sql.jobs import SqlJobs
from teckochecker.adapters.sql.notices import SqlNotices
from teckochecker.adapters.sql.once import SqlOnce
from teckochecker.adapters.sql.secrets import SqlSecrets
from teckochecker.adapters.sql.services import SqlServices
from teckochecker.adapters.sql.session import Session
from teckochecker.adapters.sql.triggers import SqlTriggers
from teckochecker.application.ports import Addressing, Clock, EventPublisher, UnitOfWork, Wakeups, to_nobody


@frozen(eq=False)
class SqlWork:
    """One transaction over all repositories."""

    _session: Session
    _publisher: EventPublisher
    _wakeups: Wakeups
    jobs: SqlJobs
    groups: SqlGroups
    triggers: SqlTriggers
    secrets: SqlSecrets
    checks: SqlChecks
    history: SqlHistory
    services: SqlServices
    audit: SqlAudit
    tokens: SqlTokens
    sessions: SqlSessions
    notices: SqlNotices
    once: SqlOnce

    @classmethod
    def on(cls, session: Session, publisher: EventPublisher, wakeups: Wakeups) -> SqlWork:
        """All repositories over one transaction."""
        return cls(
            session,
            publisher,
            wakeups,
            SqlJobs(session),
            SqlGroups(session),
            SqlTriggers(session),
            SqlSecrets(session),
            SqlChecks(session),
            SqlHistory(session),
            SqlServices(session),
            SqlAudit(session),
            SqlTokens(session),
            SqlSessions(session),
            SqlNotices(session),
            SqlOnce(session),
        )

    async def now(self) -> datetime:
        """The moment of this transaction, by the clock that leases are judged by."""
        return await self._session.now()

    async def commit(self) -> None:
        """Keep everything, then tell.

        Raises:
            LeaseLost: a fence in this unit of work had failed already.
        """
        wrote, told = await self._session.commit()
        if told:
            self._publisher.publish(told)
        if wrote:
            self._wakeups.notify()


@define(eq=False)
class SqlStore:
    """Where everything is kept. On SQLite the writers of one process take turns, in the order in which they came.

    `server_time`: leases are judged by the database server's clock, as several machines need it; else by `clock`.
    """

    _engine: AsyncEngine
    _clock: Clock
    _publisher: EventPublisher
    _wakeups: Wakeups
    _addressed: Addressing = to_nobody
    _server_time: bool = field(kw_only=True)
    _turn: asyncio.Lock = field(factory=asyncio.Lock, init=False)

    @_server_time.default
    def _servers_own(self) -> bool:
        return self._engine.dialect.name == "postgresql"

    @asynccontextmanager
    async def work(self) -> AsyncGenerator[UnitOfWork]:
        """A unit of work that writes."""
        turn = self._turn if self._engine.dialect.name == "sqlite" else nullcontext()
        async with turn, self._transaction(self._engine, writes=True) as work:
            yield work

    @asynccontextmanager
    async def view(self) -> AsyncGenerator[UnitOfWork]:
        """One that only reads, and keeps nobody waiting."""
        async with self._transaction(reading(self._engine), writes=False) as work:
            yield work

    @asynccontextmanager
    async def _transaction(self, engine: AsyncEngine, *, writes: bool) -> AsyncGenerator[SqlWork]:
        async with transaction(engine) as connection:
            session = Session(connection, None if self._server_time else self._clock, writes, self._addressed)
            try:
                yield SqlWork.on(session, self._publisher, self._wakeups)
            finally:
                session.writes = False
