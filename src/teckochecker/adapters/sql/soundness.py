"""Whether a database is sound: its pages, its schema, its leases, and that everything belongs to something."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from teckochecker.adapters.sql.engine import reading, transaction
from teckochecker.adapters.sql.tables import UtcTime, jobs, metadata, poll_groups, secrets, triggers
from teckochecker.adapters.sql.wall import wall
from teckochecker.domain.protocol import OPEN
from teckochecker.domain.status import JobStatus

_LONGEST: Final = timedelta(hours=1)
"""No lease is meant to last so long."""

Said = tuple[str, str | None]
"""What was looked at, and what is wrong with it."""


async def examine(engine: AsyncEngine, *, at: datetime) -> Sequence[Said]:
    """Look at everything, as of one moment, while services go on working.

    Raises:
        StorageUnavailable: the database cannot be read at all.
    """
    async with transaction(reading(engine)) as connection:
        with wall(engine.url):
            if engine.dialect.name == "postgresql":
                at = (await connection.execute(sa.select(sa.func.clock_timestamp(type_=UtcTime)))).scalar_one()
            return [
                ("Pages", await _pages(connection)),
                ("Schema", await connection.run_sync(_schema)),
                ("Leases", await _leases(connection, at)),
                *[(name, await _strays(connection, *look)) for name, look in _STRAYS.items()],
            ]


async def _pages(connection: AsyncConnection) -> str | None:
    if connection.dialect.name != "sqlite":
        return None  # a server looks after its own
    found = [row[0] for row in await connection.execute(sa.text("PRAGMA integrity_check(3)"))]
    lost = (await connection.execute(sa.text("PRAGMA foreign_key_check"))).all()
    if found != ["ok"]:
        return f"damaged: {found[0]}; stop the service and restore a backup"
    return f"rows of {lost[0][0]} belong to nothing; restore a backup" if lost else None


def _schema(connection: sa.Connection) -> str | None:
    inspector = sa.inspect(connection)
    there = {name: {column["name"] for column in inspector.get_columns(name)} for name in inspector.get_table_names()}
    missing = [
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.c
        if column.name not in there.get(table.name, ())
    ]
    return f"misses {', '.join(missing[:3])}; it was changed by hand: restore a backup" if missing else None


async def _leases(connection: AsyncConnection, at: datetime) -> str | None:
    """One that ends far ahead was taken by a clock that ran ahead; whoever comes next passes over it."""
    far = [
        int((await connection.execute(sa.select(sa.func.count()).where(table.c.until > at + _LONGEST))).scalar_one())
        for table in (poll_groups, triggers)
    ]
    return f"{sum(far)} end more than an hour from now: a clock was wrong; look after the clocks" if any(far) else None


async def _strays(connection: AsyncConnection, which: sa.Select[Any], cure: str) -> str | None:
    ids = [str(row[0]) for row in await connection.execute(which.limit(4))]
    return f"{', '.join(ids[:3])}{' …' if len(ids) > 3 else ''}: {cure}" if ids else None


_grouped = sa.select(poll_groups.c.secret_id)
_open = sa.select(triggers.c.job_id).where(triggers.c.state.in_(sorted(OPEN)))
_ours = sa.select(jobs.c.id).where(jobs.c.deleted_at.is_(None)).order_by(jobs.c.id)
_STRAYS: Final[dict[str, tuple[sa.Select[Any], str]]] = {
    "Poll groups": (
        sa.select(secrets.c.name).where(secrets.c.type == "openai", secrets.c.id.not_in(_grouped)),
        "these secrets have no poll group, so their jobs are never looked at; delete them and add them anew",
    ),
    "Triggering jobs": (
        _ours.where(jobs.c.status == JobStatus.TRIGGERING.value, jobs.c.id.not_in(_open)),
        "these jobs wait for a run that nobody starts; restore a backup",
    ),
    "Watched jobs": (
        _ours.where(jobs.c.status == JobStatus.ACTIVE.value, jobs.c.openai_secret_id.is_(None)),
        "these jobs have no OpenAI secret; give them one with: teckochecker job edit",
    ),
    "Triggers": (
        sa.select(triggers.c.job_id).where(triggers.c.state.in_(sorted(OPEN)), triggers.c.due_at.is_(None)),
        "the runs of these jobs are open, and nobody looks after them; teckochecker job check-now",
    ),
}
