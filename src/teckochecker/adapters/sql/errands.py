"""SQLite in a thread of its own, to which a statement is one errand.

aiosqlite goes there four times: to make a cursor, to execute, to fetch and to close. Each time costs as much as a
small statement does.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import aiosqlite
from attrs import define, field

_ALONG: Final = 1000
"""Rows that are brought along; whoever wants more of them goes again."""

_Executed = tuple[sqlite3.Cursor, list[Any]]


def errands(address: str, **options: Any) -> Errands:
    """A connection, opened when it is awaited; `options` are those of `sqlite3.connect`."""
    return Errands(partial(sqlite3.connect, address, **options), _ALONG)


class Errands(aiosqlite.Connection):
    """A connection whose cursors bring their rows along."""

    def __init__(self, connector: Callable[[], sqlite3.Connection], iter_chunk_size: int) -> None:
        super().__init__(connector, iter_chunk_size)
        self._thread.daemon = True  # a process that ends waits for no connection

    def cursor(self) -> Any:
        """A cursor, as SQLAlchemy asks for one."""
        return _Cursor(self)

    async def brought(self, work: Callable[..., Any], *given: Any) -> Any:
        """What comes of it, done in the thread."""
        return await self._execute(work, *given)  # type: ignore[no-untyped-call]

    def executed(self, many: bool, sql: str, parameters: Any) -> _Executed:
        """A statement's cursor and first rows; to be called in the thread."""
        execute = self._conn.executemany if many else self._conn.execute
        cursor = execute(sql, parameters)
        return cursor, cursor.fetchmany(_ALONG)


@define(eq=False)
class _Cursor:
    """As much of a cursor as SQLAlchemy uses."""

    _connection: Errands
    _cursor: sqlite3.Cursor | None = field(default=None, init=False)
    _rows: list[Any] = field(factory=list, init=False)
    _more: bool = field(default=False, init=False)

    def __getattr__(self, name: str) -> Any:
        """`description`, `rowcount` and `lastrowid` of what was executed."""
        return getattr(self._cursor, name)

    async def __aenter__(self) -> _Cursor:
        return self

    async def execute(self, sql: str, parameters: Any = ()) -> None:
        self._cursor, self._rows = await self._connection.brought(self._connection.executed, False, sql, parameters)
        self._more = len(self._rows) == _ALONG

    async def executemany(self, sql: str, parameters: Any) -> None:
        self._cursor, self._rows = await self._connection.brought(self._connection.executed, True, sql, parameters)

    async def fetchmany(self, size: int) -> Sequence[Any]:
        rows, self._rows = self._rows[:size], self._rows[size:]
        return rows or (await self._rest("fetchmany", size) if self._more else [])

    async def fetchall(self) -> Sequence[Any]:
        rows, self._rows = self._rows, []
        return rows + await self._rest("fetchall") if self._more else rows

    async def close(self) -> None:
        """Its statement ends with it, where that has more to give."""
        if self._more:
            await self._rest("close")

    async def _rest(self, how: str, *given: Any) -> Any:
        return await self._connection.brought(getattr(self._cursor, how), *given)
