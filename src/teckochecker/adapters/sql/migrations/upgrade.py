"""Bringing a database to the newest schema, whoever comes first. Alembic is loaded only when there is work."""

from __future__ import annotations

import asyncio
from typing import Final
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from teckochecker.adapters.sql.engine import reading, transaction
from teckochecker.adapters.sql.file import make_file
from teckochecker.adapters.sql.tables import metadata
from teckochecker.adapters.sql.wall import wall
from teckochecker.application.errors import StorageUnavailable

LATEST: Final = "0002"
_KNOWN: Final = frozenset({"0001", LATEST})
_ALEMBIC: Final = WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock]()
"""Alembic knows one migration at a time, whatever the database, and a migration awaits its driver."""
_EARLIER: Final = frozenset({"polling_jobs", "polling_logs"})
_ONE_AT_A_TIME: Final = sa.select(sa.func.pg_advisory_xact_lock(7_316_042))


async def upgrade(engine: AsyncEngine) -> bool:
    """Make the database, or migrate it, in one transaction. Returns whether anything had to be done.

    Any number of processes may do so at once.

    Raises:
        StorageUnavailable: the database cannot be used, is of a newer version, or belongs to another program.
    """
    make_file(engine)
    async with transaction(reading(engine)) as connection:
        with wall(engine.url):
            if await connection.run_sync(_version) == LATEST:
                return False
    alone = _ALEMBIC.setdefault(asyncio.get_running_loop(), asyncio.Lock())
    async with alone, transaction(engine) as connection:
        with wall(engine.url):
            if engine.dialect.name == "postgresql":
                await connection.execute(_ONE_AT_A_TIME)
            done = await connection.run_sync(_migrate)
            await connection.commit()
            return done


def _version(connection: sa.Connection) -> str | None:
    """The schema of this database; None where there is none yet."""
    there = set(sa.inspect(connection).get_table_names())
    name = connection.engine.url.render_as_string(hide_password=True)
    if "alembic_version" in there:
        version = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
        if version in _KNOWN:
            return str(version)
        raise StorageUnavailable(
            f"{name} was made by a newer version of TeckoChecker or by another program (schema {version}); "
            "upgrade TeckoChecker, or name another database in DATABASE_URL"
        )
    strange = there if connection.dialect.name == "sqlite" else there & metadata.tables.keys()
    if there >= _EARLIER:
        raise StorageUnavailable(
            f"{name} is a database of the earlier version; name another one in DATABASE_URL, "
            "and take this one over with: teckochecker db import FILE"
        )
    if strange:
        raise StorageUnavailable(
            f"{name} holds tables of another program ({', '.join(sorted(strange)[:3])}); "
            "name another database in DATABASE_URL"
        )
    return None


def _migrate(connection: sa.Connection) -> bool:
    if _version(connection) == LATEST:
        return False
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "teckochecker.adapters.sql:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return True
