"""Hints that something changed: at once within this process, within a quarter of a second from another one."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from typing import Final, Self

import sqlalchemy as sa
from attrs import define, field
from sqlalchemy.ext.asyncio import AsyncEngine

from teckochecker.adapters.sql.engine import reading, transaction
from teckochecker.adapters.sql.file import address, database_file
from teckochecker.adapters.sql.server import on_the_wire, plain, pooled
from teckochecker.adapters.sql.session import CHANNEL
from teckochecker.adapters.sql.tables import events
from teckochecker.adapters.sql.wall import wall
from teckochecker.application.errors import StorageUnavailable
from teckochecker.application.ports import Clock

EVERY: Final = timedelta(milliseconds=250)

_LOOK_EVERY: Final = timedelta(milliseconds=800)
_PATIENCE: Final = timedelta(seconds=10)
_NEWEST: Final = sa.select(sa.func.max(events.c.id))


@define(eq=False)
class SqlWakeups:
    """Hears what others commit while `async with` holds it; of this process's own changes it tells anyway.

    A change that is missed costs time alone: the due times in storage are the truth.
    """

    _engine: AsyncEngine
    _clock: Clock
    signal: asyncio.Event = field(factory=asyncio.Event, init=False)
    _counter: sqlite3.Connection | None = field(default=None, init=False)
    _seen: int | None = field(default=None, init=False)
    _ear: asyncio.Task[None] | None = field(default=None, init=False)

    def notify(self) -> None:
        """Something was committed here."""
        self._moved()
        self.signal.set()

    async def __aenter__(self) -> Self:
        listening = asyncio.Event()
        file = database_file(self._engine.url)
        if file:
            ear = self._watch(file, listening)
        elif pooled(self._engine.url):
            ear = self._look(listening)
        else:
            ear = self._listen(listening)
        self._ear = asyncio.create_task(ear)
        await listening.wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._ear:
            self._ear.cancel()
            await asyncio.gather(self._ear, return_exceptions=True)

    async def _watch(self, file: Path, listening: asyncio.Event) -> None:
        """SQLite counts every commit to a file. Reading the counter touches no disk: a few microseconds."""
        while True:
            with (
                suppress(sqlite3.Error),
                closing(sqlite3.connect(address(file), uri=True, timeout=0)) as self._counter,
            ):
                self._moved()
                listening.set()
                while True:
                    await self._clock.sleep(EVERY)
                    if self._moved():
                        self.signal.set()
            listening.set()
            await self._clock.sleep(EVERY)

    async def _listen(self, listening: asyncio.Event) -> None:
        """PostgreSQL tells whoever listens. What it told while there was no connection is made up for by one hint."""
        import psycopg

        url = plain(self._engine.url).set(drivername="postgresql")
        address, options = url.render_as_string(hide_password=False), on_the_wire(url, _PATIENCE)
        while True:
            with suppress(psycopg.Error, OSError):
                async with await psycopg.AsyncConnection.connect(address, autocommit=True, **options) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    if listening.is_set():
                        self.signal.set()
                    listening.set()
                    async for _ in connection.notifies():
                        self.signal.set()
            listening.set()
            await self._clock.sleep(EVERY)

    async def _look(self, listening: asyncio.Event) -> None:
        """Through a pooler nobody can listen: what happened is looked for instead."""
        seen: object = None
        while True:
            with suppress(StorageUnavailable):
                async with transaction(reading(self._engine)) as connection:
                    with wall(self._engine.url):
                        newest = (await connection.execute(_NEWEST)).scalar_one()
                if newest != seen and listening.is_set():
                    self.signal.set()
                seen = newest
            listening.set()
            await self._clock.sleep(_LOOK_EVERY)

    def _moved(self) -> bool:
        """Whether the counter is another one than when it was last read."""
        if self._counter is None:
            return False
        before = self._seen
        with suppress(sqlite3.Error):
            (self._seen,) = self._counter.execute("PRAGMA data_version").fetchone()
        return self._seen != before
