"""What happened, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from attrs import frozen

from teckochecker.adapters.sql.rows import entry_of
from teckochecker.adapters.sql.session import Session
from teckochecker.adapters.sql.tables import events
from teckochecker.application.ports import HistoryEntry
from teckochecker.domain.events import Event
from teckochecker.domain.values import JobId


@frozen(eq=False)
class SqlHistory:
    """What was committed. Entries of the unit of work itself get their ids, and are seen, at its commit."""

    _session: Session

    async def add(self, events: Sequence[Event]) -> None:
        """Keep events that belong to no job or trigger saved in this unit of work."""
        self._session.told.extend(events)

    async def recall(self, events: Sequence[Event]) -> None:
        """Keep what happened long ago, and tell nobody of it."""
        await self._session.recall(events)

    async def of_job(self, job_id: JobId, *, limit: int) -> Sequence[HistoryEntry]:
        """The latest entries of a job, newest first."""
        rows = await self._session.rows(_OF_JOB, {"job": job_id, "most": limit})
        return [entry_of(row) for row in rows]

    async def since(self, entry_id: int, *, limit: int) -> Sequence[HistoryEntry]:
        """Entries after this one, oldest first."""
        rows = await self._session.rows(_SINCE, {"last": entry_id, "most": limit})
        return [entry_of(row) for row in rows]

    async def last_id(self) -> int:
        """The newest entry's id, 0 when there is none."""
        return (await self._session.rows(_LAST))[0].last or 0

    async def forget(self, before: datetime, *, limit: int) -> int:
        """Remove entries of before this moment that belong to no job."""
        old = sa.select(events.c.id).where(events.c.job_id.is_(None), events.c.at < before)
        gone = sa.delete(events).where(events.c.id.in_(old.order_by(events.c.id).limit(limit)))
        return len(await self._session.note(gone.returning(events.c.id)))

    async def count(self) -> int:
        """How many entries there are."""
        return int((await self._session.rows(_COUNT))[0].number)


_MOST = sa.bindparam("most", type_=sa.Integer)
_OF_JOB = sa.select(events).where(events.c.job_id == sa.bindparam("job")).order_by(events.c.id.desc()).limit(_MOST)
_SINCE = sa.select(events).where(events.c.id > sa.bindparam("last")).order_by(events.c.id).limit(_MOST)
_LAST = sa.select(sa.func.max(events.c.id).label("last"))
_COUNT = sa.select(sa.func.count().label("number")).select_from(events)
