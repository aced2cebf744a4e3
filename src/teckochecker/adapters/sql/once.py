"""The keys under which jobs were made, in SQL."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from attrs import frozen

from teckochecker.adapters.sql.session import Session
from teckochecker.adapters.sql.tables import idempotency
from teckochecker.application.errors import Conflict, KeyTaken
from teckochecker.application.ports import Made, Once
from teckochecker.domain.values import JobId


@frozen(eq=False)
class SqlOnce:
    """What was made under which key. Two that use one at the same time meet at the primary key."""

    _session: Session

    async def made(self, actor: str, key: str) -> Made | None:
        """What was made under this key."""
        wanted = idempotency.c.actor == actor, idempotency.c.key == key
        rows = await self._session.rows(sa.select(idempotency).where(*wanted))
        return Made(body=rows[0].body_hash, job_id=JobId(rows[0].job_id)) if rows else None

    async def add(self, actor: str, once: Once, job_id: JobId, *, at: datetime) -> None:
        """Keep with a new job the key that it was made under."""
        values = {"actor": actor, "key": once.key, "body_hash": once.body, "job_id": job_id, "created_at": at}
        try:
            await self._session.change(sa.insert(idempotency), values)
        except Conflict as error:
            raise KeyTaken(f"A job was made under the key '{once.key}' already") from error

    async def forget(self, before: datetime, *, limit: int) -> int:
        """Remove keys that were used before this moment."""
        key = sa.tuple_(idempotency.c.actor, idempotency.c.key)
        old = sa.select(idempotency.c.actor, idempotency.c.key).where(idempotency.c.created_at < before).limit(limit)
        gone = sa.delete(idempotency).where(key.in_(old.with_for_update(skip_locked=True)))
        return len(await self._session.note(gone.returning(idempotency.c.key)))
