"""All that a database holds, poured into another one: ids, and the numbers given out so far, stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from teckochecker.adapters.sql.tables import jobs, metadata, poll_groups, services, triggers

_PORTION: Final = 500
_COUNTED: Final = tuple(table for table in metadata.sorted_tables if any(column.identity for column in table.c))


async def take_your_time(connection: AsyncConnection) -> None:
    """Lift the limits that keep the service's own short transactions short, until this one ends."""
    if connection.dialect.name == "postgresql":
        for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
            await connection.execute(sa.text(f"SET LOCAL {limit} = 0"))


async def rows(connection: AsyncConnection) -> Mapping[str, int]:
    """How many rows each table holds."""
    return {
        table.name: int((await connection.execute(sa.select(sa.func.count()).select_from(table))).scalar_one())
        for table in metadata.sorted_tables
    }


async def clear(connection: AsyncConnection) -> None:
    """Remove everything, so that nobody else sees the database empty before this transaction is committed."""
    if connection.dialect.name == "postgresql":
        names = ", ".join(table.name for table in metadata.sorted_tables)
        await connection.execute(sa.text(f"TRUNCATE {names}"))
        return
    for table in reversed(metadata.sorted_tables):
        await connection.execute(sa.delete(table))


async def pour(source: AsyncConnection, target: AsyncConnection) -> None:
    """Copy every row into empty tables. Work in hand and running services stay behind: they are of that database."""
    for table in metadata.sorted_tables:
        if table is services:
            continue
        found = await source.stream(sa.select(table))
        async for portion in found.mappings().partitions(_PORTION):
            await target.execute(sa.insert(table), [dict(row) for row in portion])
    for table in (poll_groups, triggers):
        await target.execute(sa.update(table).where(table.c.owner.is_not(None)).values(owner=None, until=None))
    for table in _COUNTED:
        given = max(await _given_out(source, table), await _given_out(target, table))
        await _go_on_from(target, table, given)


async def doubt(connection: AsyncConnection) -> None:
    """Mark every job as one whose later fate is not known."""
    last_word = sa.select(sa.func.max(metadata.tables["events"].c.at)).scalar_subquery()
    await connection.execute(sa.update(jobs).values(doubted_since=sa.func.coalesce(last_word, jobs.c.created_at)))


async def _given_out(connection: AsyncConnection, table: sa.Table) -> int:
    """The greatest id that was ever given out."""
    greatest = (await connection.execute(sa.select(sa.func.max(table.c.id)))).scalar_one() or 0
    if connection.dialect.name == "sqlite":
        counted = sa.text("SELECT max(seq) FROM sqlite_sequence WHERE name = :name")
        given = (await connection.execute(counted, {"name": table.name})).scalar_one()
    else:
        sequence = sa.table(f"{table.name}_id_seq", sa.column("last_value"), sa.column("is_called"))
        called = sa.select(sa.case((sequence.c.is_called, sequence.c.last_value)))
        given = (await connection.execute(called)).scalar_one()
    return max(int(greatest), int(given or 0))


async def _go_on_from(connection: AsyncConnection, table: sa.Table, given: int) -> None:
    if not given:
        return
    if connection.dialect.name == "sqlite":
        for statement in (
            "DELETE FROM sqlite_sequence WHERE name = :name",
            "INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :given)",
        ):
            await connection.execute(sa.text(statement), {"name": table.name, "given": given})
    else:
        await connection.execute(sa.text(f"SELECT setval('{table.name}_id_seq', :given)"), {"given": given})
