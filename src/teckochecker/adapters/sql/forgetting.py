"""How deleted jobs go for good, a bounded part at a time."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from teckochecker.adapters.sql.session import Session
from teckochecker.adapters.sql.tables import Number, UtcTime, events, job_ids, jobs, notices, triggers
from teckochecker.domain.protocol import OPEN


async def forget_jobs(session: Session, before: datetime, limit: int) -> int:
    """Remove at most so many entries of history, and then as many jobs, that were deleted before this moment.

    What another instance is removing right now is left to it. Returns how much went.
    """
    ids = [row.id for row in await session.rows(_GONE, {"before": before, "most": limit})]
    if not ids:
        return 0
    entries = [row.id for row in await session.rows(_ENTRIES, {"ids": ids, "most": limit})]
    if entries:
        await session.note(sa.delete(notices).where(notices.c.event_id.in_(entries)))
        await session.note(sa.delete(events).where(events.c.id.in_(entries)))
    if len(entries) == limit:
        return limit
    await session.note(sa.delete(jobs).where(jobs.c.id.in_(ids)))
    await session.note(sa.delete(job_ids).where(job_ids.c.id.in_(ids)))
    return len(entries) + len(ids)


_MOST = sa.bindparam("most", type_=sa.Integer)
_LOOKED_AFTER = sa.exists().where(
    triggers.c.job_id == jobs.c.id, sa.or_(triggers.c.due_at.is_not(None), triggers.c.state.in_(sorted(OPEN)))
)
_GONE = (
    sa.select(jobs.c.id)
    .where(jobs.c.deleted_at < sa.bindparam("before", type_=UtcTime), ~_LOOKED_AFTER)
    .order_by(jobs.c.id)
    .limit(_MOST)
    .with_for_update(skip_locked=True)
)
_ENTRIES = (
    sa.select(events.c.id)
    .where(events.c.job_id.in_(sa.bindparam("ids", type_=Number, expanding=True)))
    .order_by(events.c.id)
    .limit(_MOST)
)
