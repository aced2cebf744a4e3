"""A database taken as a whole: whether somebody works on it, and how it is emptied."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from teckochecker.adapters.sql.engine import reading, transaction
from teckochecker.adapters.sql.migrations import upgrade
from teckochecker.adapters.sql.tables import UtcTime, metadata, poll_groups, services, triggers
from teckochecker.adapters.sql.wall import wall
from teckochecker.application.errors import Conflict

_SEEN_WITHIN = timedelta(seconds=15)


async def in_use(engine: AsyncEngine, *, at: datetime) -> bool:
    """Whether a service is seen on this database, or somebody holds work on it.

    Raises:
        StorageUnavailable: the database cannot be read.
    """
    async with transaction(reading(engine)) as connection:
        with wall(engine.url):
            return await _at_work(connection, at)


async def refuse_alive(engine: AsyncEngine, *, at: datetime) -> None:
    """Raise Conflict when a service is at work on the database."""
    if await in_use(engine, at=at):
        raise _alive(engine.url)


async def refuse_in_use(connection: AsyncConnection, *, at: datetime) -> None:
    """Make sure that nobody works on this database, and that nobody begins to until this transaction ends.

    Raises:
        Conflict: a service is at work.
    """
    if connection.dialect.name == "postgresql":
        names = ", ".join(sorted(metadata.tables))
        await connection.execute(sa.text(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE"))
    if await _at_work(connection, at):
        raise _alive(connection.engine.url)


async def empty(engine: AsyncEngine) -> None:
    """Drop our tables with all they hold, and make them anew.

    Raises:
        StorageUnavailable: the database cannot be written.
    """
    with wall(engine.url):
        async with engine.begin() as connection:
            await connection.run_sync(metadata.drop_all)
            await connection.execute(sa.text("DROP TABLE IF EXISTS alembic_version"))
    await upgrade(engine)


def _alive(url: URL) -> Conflict:
    return Conflict(f"A service is at work on {url.render_as_string(hide_password=True)}; stop it first")


async def _at_work(connection: AsyncConnection, at: datetime) -> bool:
    """Judged by the server's clock where there is one: nobody's own may be off."""
    if connection.dialect.name == "postgresql":
        at = (await connection.execute(sa.select(sa.func.clock_timestamp(type_=UtcTime)))).scalar_one()
    seen = sa.and_(services.c.seen_at > at - _SEEN_WITHIN, services.c.seen_at < at + _SEEN_WITHIN)
    held = [sa.exists(sa.select(sa.literal(1)).where(table.c.until > at)) for table in (poll_groups, triggers)]
    alive = sa.exists(sa.select(sa.literal(1)).where(seen))
    return bool((await connection.execute(sa.select(sa.or_(alive, *held)))).scalar_one())
