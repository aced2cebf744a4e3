"""A database taken as a whole: whether somebody works on it, and how it is emptied."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from teckochecker.adapters.sql.migrations import upgrade
from teckochecker.adapters.sql.tables import metadata
from teckochecker.adapters.sql.wall import wall


async def in_use(engine: AsyncEngine, *, at: datetime) -> bool:
    """Whether somebody holds work on this database.

    Raises:
        StorageUnavailable: the database cannot be read.
    """
    held = [
        sa.exists(sa.select(sa.literal(1)).select_from(table).where(table.c.until > at))
        for table in (metadata.tables["poll_groups"], metadata.tables["triggers"])
    ]
    with wall(engine.url):
        async with engine.connect() as connection:
            return bool((await connection.execute(sa.select(sa.or_(*held)))).scalar_one())


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
