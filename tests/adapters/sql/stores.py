"""A store as a process opens it, for tests that look beyond the contract."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from teckochecker.adapters.clock import SystemClock
from teckochecker.adapters.publisher import Publisher
from teckochecker.adapters.sql.engine import open_engine
from teckochecker.adapters.sql.wakeups import SqlWakeups
from teckochecker.adapters.sql.work import SqlStore
from teckochecker.application.ports import Store
from teckochecker.domain.events import Event
from teckochecker.domain.secret import Sealed, Secret, SecretType
from tests.builders import AT


def store_on(engine: AsyncEngine) -> SqlStore:
    """A store on this engine, by the computer's own clock."""
    clock = SystemClock()
    return SqlStore(engine, clock, Publisher(_fail), SqlWakeups(engine, clock))


@asynccontextmanager
async def opened(address: str, *, busy: timedelta = timedelta(seconds=10)) -> AsyncGenerator[SqlStore]:
    """A store with connections of its own, as another process has them."""
    engine = open_engine(address, busy=busy)
    try:
        yield store_on(engine)
    finally:
        await engine.dispose()


async def add_secret(store: Store, name: str = "openai", type: SecretType = SecretType.OPENAI) -> Secret:
    """Store a secret."""
    async with store.work() as work:
        secret = await work.secrets.add(name=name, type=type, sealed=Sealed("sealed"), base_url=None, at=AT)
        await work.commit()
    return secret


async def names(store: Store) -> list[str]:
    """The names of all secrets."""
    async with store.view() as view:
        return [secret.name for secret in await view.secrets.all()]


def _fail(error: Exception, event: Event) -> None:
    raise error
