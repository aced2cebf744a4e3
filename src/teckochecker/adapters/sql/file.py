"""Connections to an SQLite file: how it is made, opened and journalled."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from teckochecker.adapters.sql.errands import errands
from teckochecker.adapters.sql.wall import wall

MOUNTS: Final = Path("/proc/self/mountinfo")
"""Where Linux tells what is mounted where."""

_OCTAL: Final = {r"\040": " ", r"\011": "\t", r"\012": "\n", r"\134": "\\"}


class _Hinting(SQLiteCompiler):
    """Passes a hint of which index to use on to SQLite, where SQLAlchemy drops it."""

    def get_from_hint_text(self, table: sa.FromClause, text: str | None) -> str | None:
        return text


def database_file(url: URL) -> Path | None:
    """The file of an SQLite database."""
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def address(file: Path) -> str:
    """What SQLite opens: this file, if it is there."""
    return f"file:{quote(os.fsencode(file))}?mode=rw"


def make_file(engine: AsyncEngine) -> None:
    """Make the file of an SQLite database if there is none, for its owner's eyes only from the start.

    SQLite gives its -wal and -shm files the same mode.

    Raises:
        StorageUnavailable: the folder is missing or may not be written.
    """
    file = database_file(engine.url)
    if file and not file.exists():
        with wall(engine.url), suppress(FileExistsError):
            private(file)


def private(file: Path) -> None:
    """Make an empty file that nobody else can read.

    Raises:
        OSError: it is there already, or cannot be made.
    """
    os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def mounted_alone(file: Path, mounts: Path = MOUNTS) -> bool:
    """Whether the file itself is a mount point, as `docker run -v FILE:FILE` makes it.

    What SQLite writes beside it then stays in the container, and is lost with it.
    """
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return False
    real = os.path.realpath(file)
    return any(_mount_point(line) == real for line in lines)


def _mount_point(line: str) -> str:
    point = (line.split(" ") + [""] * 5)[4]
    for written, sign in _OCTAL.items():
        point = point.replace(written, sign)
    return point


def connections(url: URL, patience: timedelta, mounts: Path, **options: Any) -> AsyncEngine:
    """Connections to the file. A writer waits at most `patience` for its turn.

    The journal is written ahead (WAL), chosen once when the database is made. A file that is mounted alone keeps a
    rollback journal from then on: every commit is in the file itself when it returns, and the locks are on the
    file, where each container that has it mounted, and the host, meet them.
    """
    engine = create_async_engine(url, pool_size=5, max_overflow=10, **options)
    engine.dialect.statement_compiler = _Hinting

    @sa.event.listens_for(engine.sync_engine, "do_connect")
    def never_make_the_file(dialect: Any, record: Any, arguments: list[Any], options: dict[str, Any]) -> None:
        file = Path(arguments[0])
        if not file.exists():
            raise sqlite3.OperationalError(f"there is no file {file}")
        arguments[0] = address(file)
        options.update(uri=True, timeout=patience.total_seconds(), isolation_level=None, async_creator_fn=errands)

    @sa.event.listens_for(engine.sync_engine, "connect")
    def set_up(connection: Any, record: Any) -> None:
        try:
            # SQLite's own lower() knows ASCII alone
            connection.create_function("lower", 1, str.lower, deterministic=True)
            cursor = connection.cursor()
            if mounted_alone(Path(url.database or ""), mounts):
                cursor.execute("PRAGMA journal_mode=DELETE")
                cursor.execute("PRAGMA synchronous=EXTRA")
            else:
                cursor.execute("PRAGMA page_count")
                if cursor.fetchone() == (0,):
                    cursor.execute("PRAGMA journal_mode=WAL")
                cursor.execute("PRAGMA synchronous=FULL")
            for pragma in ("foreign_keys=ON", "temp_store=MEMORY"):
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
