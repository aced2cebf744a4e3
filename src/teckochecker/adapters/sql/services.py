"""The running instances in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from attrs import frozen

from teckochecker.adapters.sql.session import Session
from teckochecker.adapters.sql.tables import services
from teckochecker.application.ports import FORGOTTEN_AFTER, Instance, Running, Told


@frozen(eq=False)
class SqlServices:
    """Who runs on this database."""

    _session: Session

    async def beat(self, instance: Instance, told: Told) -> bool:
        """Say that this instance runs. Returns whether it was asked to stop."""
        now = await self._session.now()
        values = _values(instance, told) | {"seen_at": now}
        asked = services.c.stop_asked_at
        row = services.c.owner == instance.owner
        known = await self._session.note(sa.update(services).where(row).values(values).returning(asked))
        if known:
            return known[0].stop_asked_at is not None
        await self._session.note(sa.delete(services).where(services.c.seen_at <= now - FORGOTTEN_AFTER))
        await self._session.note(sa.insert(services).values(values))
        return False

    async def alive(self, *, within: timedelta) -> Sequence[Running]:
        """The instances seen within so long, the one that started first first."""
        now = await self._session.now()
        seen = sa.and_(services.c.seen_at > now - within, services.c.seen_at < now + within)
        order = services.c.started_at, services.c.owner
        return [_running(row) for row in await self._session.rows(sa.select(services).where(seen).order_by(*order))]

    async def ask_to_stop(self, owner: str) -> None:
        """Leave word for an instance."""
        unasked = sa.and_(services.c.owner == owner, services.c.stop_asked_at.is_(None))
        await self._session.note(sa.update(services).where(unasked).values(stop_asked_at=await self._session.now()))

    async def leave(self, owner: str) -> None:
        """Forget an instance."""
        await self._session.note(sa.delete(services).where(services.c.owner == owner))


def _values(instance: Instance, told: Told) -> dict[str, Any]:
    return {
        "owner": instance.owner,
        "host": instance.host,
        "pid": instance.pid,
        "born": instance.born,
        "address": instance.address,
        "version": instance.version,
        "started_at": instance.started_at,
        "told": {
            "watching": told.watching,
            "checks": told.checks,
            "lateness": told.lateness.total_seconds(),
            "turned_at": told.turned_at and told.turned_at.isoformat(),
        },
    }


def _running(row: sa.Row[Any]) -> Running:
    told = row.told
    return Running(
        instance=Instance(
            owner=row.owner,
            host=row.host,
            pid=row.pid,
            born=row.born,
            address=row.address,
            version=row.version,
            started_at=row.started_at,
        ),
        told=Told(
            watching=told["watching"],
            checks=told["checks"],
            lateness=timedelta(seconds=told["lateness"]),
            turned_at=told["turned_at"] and datetime.fromisoformat(told["turned_at"]),
        ),
        seen_at=row.seen_at,
        stop_asked_at=row.stop_asked_at,
    )
