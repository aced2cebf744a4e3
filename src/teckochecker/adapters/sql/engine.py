"""The way to a database: its address, its connections, and the rules that each of them obeys."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

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
"""How long a writer waits for its turn on SQLite."""


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


def database_file(url: URL) -> Path | None:
    """The file of an SQLite database."""
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def address(file: Path) -> str:
    """What SQLite opens: this file, if it is there."""
    return f"file:{quote(str(file))}?mode=rw"


def open_engine(text: str, *, busy: timedelta = _BUSY) -> AsyncEngine:
    """Connections to the database of this address. None is made yet, and no file either."""
    url = database_url(text)
    return _sqlite(url, busy) if url.get_backend_name() == "sqlite" else _postgresql(url)


def make_file(engine: AsyncEngine) -> None:
    """Make the file of an SQLite database if there is none, for its owner's eyes only from the start.

    SQLite gives its -wal and -shm files the same mode.

    Raises:
        StorageUnavailable: the folder is missing or may not be written.
    """
    file = database_file(engine.url)
    if file and not file.exists():
        with wall(engine.url):
            os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))


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


def _sqlite(url: URL, busy: timedelta) -> AsyncEngine:
    engine = create_async_engine(url, json_serializer=_JSON, pool_size=5, max_overflow=10)

    @sa.event.listens_for(engine.sync_engine, "do_connect")
    def never_make_the_file(dialect: Any, record: Any, arguments: list[Any], options: dict[str, Any]) -> None:
        file = Path(arguments[0])
        if not file.exists():
            raise sqlite3.OperationalError(f"there is no file {file}")
        arguments[0] = address(file)
        options.update(uri=True, timeout=busy.total_seconds(), isolation_level=None)

    @sa.event.listens_for(engine.sync_engine, "connect")
    def set_up(connection: Any, record: Any) -> None:
        try:
            # SQLite's own lower() knows ASCII alone
            connection.create_function("lower", 1, str.lower, deterministic=True)
            cursor = connection.cursor()
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()
        except sqlite3.Error:
            connection.close()
            raise

    @sa.event.listens_for(engine.sync_engine, "begin")
    def begin(connection: sa.Connection) -> None:
        # A transaction that begins by reading cannot always go on to write: SQLite says "locked" without waiting.
        connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN IMMEDIATE"))

    return engine


def _postgresql(url: URL) -> AsyncEngine:
    # A process that stands still inside a transaction would keep its rows from all others for ever.
    ours = "-c timezone=utc -c idle_in_transaction_session_timeout=5s"
    theirs = url.query.get("options", "")
    options = f"{theirs} {ours}" if isinstance(theirs, str) else ours
    return create_async_engine(
        url,
        json_serializer=_JSON,
        pool_size=10,
        max_overflow=5,
        pool_pre_ping=True,
        connect_args={"options": options.strip()},
    )
