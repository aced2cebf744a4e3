"""The way to a database: its address, its connections, and the rules that each of them obeys."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from teckochecker.adapters.sql import file, server
from teckochecker.adapters.sql.wall import wall
from teckochecker.domain.errors import InvalidValue

_DRIVERS: Final = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+pysqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg2": "postgresql+psycopg",
    "postgresql+asyncpg": "postgresql+psycopg",
}
_JSON: Final = partial(json.dumps, ensure_ascii=False, separators=(",", ":"))
_BUSY: Final = timedelta(seconds=30)
"""How long anybody waits for a turn or an answer."""


def database_url(text: str) -> URL:
    """DATABASE_URL as people write it, with the driver that is used here.

    Raises:
        InvalidValue: it names no SQLite file and no PostgreSQL database.
    """
    try:
        url = make_url(text.strip())
    except sa.exc.ArgumentError:
        raise InvalidValue(
            "DATABASE_URL is no database address; give one such as sqlite:///teckochecker.db", field="DATABASE_URL"
        ) from None
    driver = _DRIVERS.get(url.drivername, url.drivername)
    if driver not in _DRIVERS.values():
        raise InvalidValue(
            f"DATABASE_URL begins with '{url.drivername}', which is not supported; use sqlite:/// or postgresql://",
            field="DATABASE_URL",
        )
    if driver.startswith("sqlite") and url.database in (None, "", ":memory:"):
        raise InvalidValue(
            "DATABASE_URL names no file; give one such as sqlite:///teckochecker.db", field="DATABASE_URL"
        )
    return url.set(drivername=driver)


def open_engine(text: str, *, busy: timedelta = _BUSY, mounts: Path = file.MOUNTS) -> AsyncEngine:
    """Connections to the database of this address. None is made yet, and no file either.

    `busy` bounds every wait for the database; `mounts` is where the system tells what is mounted where.
    """
    url = database_url(text)
    if url.get_backend_name() == "sqlite":
        return file.connections(url, busy, mounts, json_serializer=_JSON)
    return server.connections(url, busy, json_serializer=_JSON)


def reading(engine: AsyncEngine) -> AsyncEngine:
    """The same connections for transactions that only read: they see one moment, and wait for nobody."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(sqlite_begin="BEGIN")
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncGenerator[AsyncConnection]:
    """A connection inside a transaction. What is not committed when it is left is undone.

    Raises:
        StorageUnavailable: there is no connection, or no turn to write.
    """
    with wall(engine.url):
        connection = await engine.connect()
    try:
        with wall(engine.url):
            await connection.begin()
        yield connection
    finally:
        with wall(engine.url):
            # whoever is cancelled here must not leave a transaction open
            await asyncio.shield(asyncio.ensure_future(connection.close()))
