"""Notices in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from attrs import frozen

from teckochecker.adapters.sql.rows import entry_of
from teckochecker.adapters.sql.session import Session, free_at, is_free
from teckochecker.adapters.sql.tables import UtcTime, events, notices
from teckochecker.application.ports import Notice, NoticeClaim


@frozen(eq=False)
class SqlNotices:
    """What people are still to be told, and what they were told lately."""

    _session: Session

    async def claim(
        self, owner: str, channels: Collection[str], *, lease: timedelta, limit: int
    ) -> Sequence[NoticeClaim]:
        """Take due notices of these channels that are in nobody's hand, the longest due first."""
        now = await self._session.now()
        values = {**free_at(now, lease), "channels": list(channels), "most": limit}
        free = await self._session.rows(FREE, values)
        if not free:
            return ()
        ids = [row.notice_id for row in free]
        await self._session.change(_TAKE, {"ids": ids, "me": owner, "till": now + lease})
        return [NoticeClaim(notice=_notice_of(row), owner=owner, epoch=row.epoch + 1) for row in free]

    async def save(self, claims: Sequence[NoticeClaim]) -> None:
        """Write the notices of these claims and give them back, where they are still ours."""
        await self._session.write(_SAVE, [_values(claim) for claim in claims])

    async def last_delivered(self, channel: str, cause: str) -> datetime | None:
        """When something of this cause was last delivered over this channel."""
        rows = await self._session.rows(_LAST, {"over": channel, "why": cause})
        moment: datetime | None = rows[0].moment
        return moment

    async def undelivered(self, *, limit: int) -> Sequence[Notice]:
        """Those that wait or were given up, the latest first."""
        return [_notice_of(row) for row in await self._session.rows(_UNDELIVERED, {"most": limit})]

    async def forget(self, before: datetime, *, limit: int) -> int:
        """Remove notices of what happened before this moment."""
        gone = sa.delete(notices).where(notices.c.id.in_(_PAST.where(events.c.at < before).limit(limit)))
        return len(await self._session.note(gone.returning(notices.c.id)))


def _notice_of(row: sa.Row[Any]) -> Notice:
    return Notice(
        id=row.notice_id,
        event=entry_of(row).event,
        channel=row.channel,
        due_at=row.due_at,
        attempts=row.attempts,
        last_error=row.last_error,
        cause=row.cause,
        delivered_at=row.delivered_at,
    )


def _values(claim: NoticeClaim) -> dict[str, Any]:
    notice = claim.notice
    return {
        "key": notice.id,
        "me": claim.owner,
        "held": claim.epoch,
        "next_at": notice.due_at,
        "tried": notice.attempts,
        "error": notice.last_error,
        "why": notice.cause,
        "at": notice.delivered_at,
    }


def _time(name: str) -> sa.BindParameter[datetime]:
    return sa.bindparam(name, type_=UtcTime)


_MOST = sa.bindparam("most", type_=sa.Integer)
_WITH_EVENT = sa.select(
    notices.c.id.label("notice_id"),
    notices.c.channel,
    notices.c.due_at,
    notices.c.attempts,
    notices.c.last_error,
    notices.c.cause,
    notices.c.delivered_at,
    notices.c.epoch,
    events,
).join(events, events.c.id == notices.c.event_id)
FREE = (
    _WITH_EVENT.where(
        is_free(notices),
        notices.c.due_at <= _time("now"),
        notices.c.channel.in_(sa.bindparam("channels", expanding=True)),
    )
    .order_by(notices.c.due_at, notices.c.id)
    .limit(_MOST)
    .with_for_update(skip_locked=True, of=notices)
)
_TAKE = (
    sa.update(notices)
    .where(notices.c.id.in_(sa.bindparam("ids", expanding=True)))
    .values(owner=sa.bindparam("me", type_=sa.Text), until=_time("till"), epoch=notices.c.epoch + 1)
)
_SAVE = (
    sa.update(notices)
    .where(
        notices.c.id == sa.bindparam("key"),
        notices.c.owner == sa.bindparam("me", type_=sa.Text),
        notices.c.epoch == sa.bindparam("held"),
    )
    .values(
        due_at=_time("next_at"),
        attempts=sa.bindparam("tried"),
        last_error=sa.bindparam("error", type_=sa.Text),
        cause=sa.bindparam("why", type_=sa.Text),
        delivered_at=_time("at"),
        owner=None,
        until=None,
    )
)
_LAST = sa.select(sa.func.max(notices.c.delivered_at, type_=UtcTime).label("moment")).where(
    notices.c.channel == sa.bindparam("over"), notices.c.cause == sa.bindparam("why")
)
_PAST = (
    sa.select(notices.c.id)
    .join(events, events.c.id == notices.c.event_id)
    .order_by(notices.c.id)
    .with_for_update(skip_locked=True, of=notices)
)
_UNDELIVERED = _WITH_EVENT.where(notices.c.delivered_at.is_(None)).order_by(notices.c.id.desc()).limit(_MOST)
