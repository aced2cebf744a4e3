"""One truth of the schema: what migrations make is what the program believes, on each database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.ext.asyncio import AsyncEngine

from teckochecker.adapters.sql.engine import open_engine
from teckochecker.adapters.sql.file import make_file
from teckochecker.adapters.sql.migrations import upgrade
from teckochecker.adapters.sql.schema import schema_text
from teckochecker.adapters.sql.tables import metadata
from tests.databases import postgresql_server

Address = Callable[[str], str]


def _on_sqlite(folder: Path) -> Address:
    return lambda name: f"sqlite:///{folder}/{name}.db"


def _on_postgresql(folder: Path) -> Address:
    return lambda name: postgresql_server().database()


DATABASES = [_on_sqlite, _on_postgresql]


@pytest.fixture(params=DATABASES, ids=lambda kind: kind.__name__.removeprefix("_on_"))
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Address:
    found: Address = request.param(tmp_path)
    return found


def differences(connection: sa.Connection) -> list[Any]:
    """What a further migration would have to do."""
    return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata))


def description(connection: sa.Connection) -> dict[str, Any]:
    """Everything that a database says of its tables."""
    inspector = sa.inspect(connection)
    return {
        table: {
            "columns": [
                (column["name"], str(column["type"]), column["nullable"], column["default"])
                for column in inspector.get_columns(table)
            ],
            "primary key": inspector.get_pk_constraint(table),
            "foreign keys": sorted(inspector.get_foreign_keys(table), key=str),
            "unique": sorted(inspector.get_unique_constraints(table), key=str),
            "checks": sorted(inspector.get_check_constraints(table), key=str),
            "indexes": sorted(map(_told, inspector.get_indexes(table))),
        }
        for table in sorted(inspector.get_table_names())
        if table != "alembic_version"
    }


def _told(index: Any) -> str:
    options = {name: str(value) for name, value in index.get("dialect_options", {}).items()}
    return f"{index['name']} {index['column_names']} {index['unique']} {options}"


@pytest.fixture
async def engines(address: Address) -> AsyncGenerator[tuple[AsyncEngine, AsyncEngine]]:
    async with AsyncExitStack() as stack:
        made = [open_engine(address(name)) for name in ("migrated", "believed")]
        for engine in made:
            stack.push_async_callback(engine.dispose)
        await upgrade(made[0])
        make_file(made[1])
        yield made[0], made[1]


async def test_migrations_make_what_the_program_believes(engines: tuple[AsyncEngine, AsyncEngine]) -> None:
    migrated, believed = engines
    async with believed.begin() as connection:
        await connection.run_sync(metadata.create_all)
        expected = await connection.run_sync(description)
    async with migrated.begin() as connection:
        assert await connection.run_sync(differences) == []
        assert await connection.run_sync(description) == expected


async def test_the_schema_as_text_makes_the_schema(engines: tuple[AsyncEngine, AsyncEngine]) -> None:
    migrated, told = engines
    async with told.begin() as connection:
        for statement in schema_text(told.url.render_as_string(hide_password=False)).split(";\n"):
            if statement.strip():
                await connection.exec_driver_sql(statement)
        written = await connection.run_sync(description)
    async with migrated.begin() as connection:
        assert await connection.run_sync(description) == written


async def test_several_databases_may_be_made_at_once_in_one_process(address: Address) -> None:
    async with AsyncExitStack() as stack:
        made = [open_engine(address(f"one_of_several_{number}")) for number in range(4)]
        for engine in made:
            stack.push_async_callback(engine.dispose)
        assert await asyncio.gather(*(upgrade(engine) for engine in made)) == [True] * 4
