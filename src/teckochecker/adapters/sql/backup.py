"""Backups: one SQLite file for every database, made while the service runs, restored whole or not at all."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from teckochecker.adapters.sql import transfer
from teckochecker.adapters.sql.engine import open_engine, reading, transaction
from teckochecker.adapters.sql.file import database_file, make_file, private
from teckochecker.adapters.sql.migrations import upgrade
from teckochecker.adapters.sql.survey import refuse_in_use
from teckochecker.adapters.sql.wall import wall
from teckochecker.application.errors import Conflict, StorageUnavailable

_TRACES: Final = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a file: left of another one, it would be taken for changes of a new file of that name."""


async def back_up(engine: AsyncEngine, file: Path) -> Mapping[str, int]:
    """Write all that the database holds, as of one moment, into a new file for its owner's eyes only.

    Returns how many rows of each table it holds. The file appears when it is complete.

    Raises:
        Conflict: the file is there already, or what SQLite kept beside another one of its name.
        StorageUnavailable: the database cannot be read, or the file not be written.
    """
    with _beside(file) as part:
        source = database_file(engine.url)
        if source:
            with wall(engine.url):
                await asyncio.to_thread(_copied, source, part)
        else:
            async with _opened(part) as made, transaction(reading(engine)) as ours:
                await _poured(ours, made, engine)
        async with _opened(part) as made:
            held = await rows_of(made)
        await asyncio.to_thread(_finished, part)
        os.rename(part, file)
    return held


@asynccontextmanager
async def read_backup(file: Path) -> AsyncGenerator[AsyncEngine]:
    """A checked copy of a backup, brought to the newest schema. The file itself is only read.

    Raises:
        StorageUnavailable: it is missing, no backup, damaged, or of a newer version.
    """
    with tempfile.TemporaryDirectory(prefix="teckochecker-") as folder:
        part = Path(folder) / file.name
        private(part)
        damage = await asyncio.to_thread(_checked_copy, file, part)
        if damage:
            raise StorageUnavailable(f"{file} is no sound backup: {damage}")
        async with _opened(part) as engine:
            yield engine


async def restore(backup: AsyncEngine, engine: AsyncEngine, *, at: datetime) -> Mapping[str, int]:
    """Replace all that the database holds by what the backup holds, in one transaction. Returns its rows per table.

    What happened after the backup is not known, so every job is marked: before a run of it is started, Keboola is
    asked whether it has run since.

    Raises:
        Conflict: a service is at work on the database.
        StorageUnavailable: the database cannot be written; it stays as it was.
    """
    async with transaction(reading(backup)) as source, transaction(engine) as target:
        with wall(engine.url):
            await transfer.take_your_time(target)
            await refuse_in_use(target, at=at)
            await transfer.clear(target)
            await transfer.pour(source, target)
            await transfer.doubt(target)
            held = await transfer.rows(target)
            await target.commit()
    return held


async def copy(engine: AsyncEngine, to: AsyncEngine, *, at: datetime) -> Mapping[str, int]:
    """Pour all that the database holds into an empty one, in one transaction. Returns its rows per table.

    Raises:
        Conflict: a service is at work on either, or the target is not empty.
        StorageUnavailable: one of them cannot be used; the target stays empty.
    """
    async with transaction(engine) as source:
        with wall(engine.url):
            await transfer.take_your_time(source)
            await refuse_in_use(source, at=at)
        await upgrade(to)
        async with transaction(to) as target:
            with wall(to.url):
                await transfer.take_your_time(target)
                await refuse_in_use(target, at=at)
                if any((await transfer.rows(target)).values()):
                    where = to.url.set(drivername=to.url.get_backend_name()).render_as_string(hide_password=True)
                    raise Conflict(f"{where} is not empty; name an empty database")
            with wall(to.url):
                await transfer.pour(source, target)
                held = await transfer.rows(target)
                await target.commit()
    return held


async def rows_of(engine: AsyncEngine) -> Mapping[str, int]:
    """How many rows each table holds.

    Raises:
        StorageUnavailable: it cannot be read.
    """
    async with transaction(reading(engine)) as connection:
        with wall(engine.url):
            return await transfer.rows(connection)


async def _poured(ours: AsyncConnection, made: AsyncEngine, engine: AsyncEngine) -> None:
    with wall(engine.url):
        await transfer.take_your_time(ours)
    async with transaction(made) as target:
        with wall(engine.url):
            await transfer.pour(ours, target)
            await target.commit()


@asynccontextmanager
async def opened(address: str) -> AsyncGenerator[AsyncEngine]:
    """Connections to a database, closed afterwards. A file is made when there is none.

    Raises:
        StorageUnavailable: the file cannot be made.
    """
    engine = open_engine(address)
    try:
        make_file(engine)
        yield engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def _opened(file: Path) -> AsyncGenerator[AsyncEngine]:
    """The file as a database with the newest schema."""
    async with opened(f"sqlite:///{file}") as engine:
        await upgrade(engine)
        yield engine


@contextmanager
def _beside(file: Path) -> Iterator[Path]:
    """An empty file in a folder beside the one to be made; what is left of both goes afterwards."""
    for trace in ("", *_TRACES):
        if os.path.lexists(taken := file.with_name(file.name + trace)):
            raise Conflict(f"{taken} is there already; name another file")
    try:
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=f".{file.name}-") as folder:
            part = Path(folder) / file.name
            private(part)
            yield part
    except OSError as error:
        raise StorageUnavailable(f"{file} cannot be written: {error.strerror or error}") from error


def _copied(source: Path, part: Path) -> None:
    """SQLite's own way: one moment of the source, whoever writes meanwhile."""
    read_only = f"file:{quote(str(source))}?mode=ro"
    with closing(sqlite3.connect(read_only, uri=True, timeout=30)) as ours, closing(sqlite3.connect(part)) as copy:
        ours.backup(copy)


def _finished(part: Path) -> None:
    """All in one file, which can be read where nothing may be written beside it, and on the disk."""
    with closing(sqlite3.connect(part)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    with open(part, "rb") as written:
        os.fsync(written.fileno())


def _checked_copy(file: Path, part: Path) -> str | None:
    """Copy a backup. Returns what is wrong with it, if anything is."""
    if not file.is_file():
        return "there is no such file"
    try:
        _copied(file, part)
        with closing(sqlite3.connect(part)) as copy:
            found = [row[0] for row in copy.execute("PRAGMA integrity_check(3)")]
            orphans = copy.execute("PRAGMA foreign_key_check").fetchall()
            versioned = copy.execute("SELECT name FROM sqlite_master WHERE name = 'alembic_version'").fetchall()
    except sqlite3.Error as error:
        return str(error)
    if found != ["ok"]:
        return str(found[0])
    if orphans:
        return f"rows of {orphans[0][0]} belong to nothing"
    return None if versioned else "it holds no TeckoChecker tables"
