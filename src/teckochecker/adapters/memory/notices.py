"""Notices in memory."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from attrs import evolve, frozen

from teckochecker.adapters.memory.rows import Draft, NoticeRow
from teckochecker.application.ports import Notice, NoticeClaim


@frozen(eq=False)
class MemoryNotices:
    """What people are still to be told, and what they were told lately."""

    _draft: Draft

    async def claim(
        self, owner: str, channels: Collection[str], *, lease: timedelta, limit: int
    ) -> Sequence[NoticeClaim]:
        """Take due notices of these channels that are in nobody's hand, the longest due first."""
        draft, now = self._draft.writing(), self._draft.now
        free = [
            (row.notice.due_at, row.notice.id, row)
            for row in draft.notices
            if row.notice.due_at
            and row.notice.due_at <= now
            and row.notice.channel in channels
            and row.hand.is_free(now, lease)
        ]
        free.sort(key=lambda one: one[:2])
        taken = [evolve(row, hand=row.hand.taken(owner, now + lease)) for _, _, row in free[:limit]]
        for row in taken:
            draft.notices.put(row.notice.id, row)
        return [NoticeClaim(notice=row.notice, owner=owner, epoch=row.hand.epoch) for row in taken]

    async def save(self, claims: Sequence[NoticeClaim]) -> None:
        """Write the notices of these claims and give them back, where they are still ours."""
        draft = self._draft.writing()
        for claim in claims:
            row = draft.notices.get(claim.notice.id)
            if row and row.hand.is_of(claim):
                draft.notices.put(claim.notice.id, NoticeRow(notice=claim.notice, hand=row.hand.emptied()))

    async def last_delivered(self, channel: str, cause: str) -> datetime | None:
        """When something of this cause was last delivered over this channel."""
        mine = [row.notice for row in self._draft.notices if (row.notice.channel, row.notice.cause) == (channel, cause)]
        return max((notice.delivered_at for notice in mine if notice.delivered_at), default=None)

    async def undelivered(self, *, limit: int) -> Sequence[Notice]:
        """Those that wait or were given up, the latest first."""
        found = [row.notice for row in self._draft.notices if row.notice.delivered_at is None]
        return sorted(found, key=lambda notice: notice.id, reverse=True)[:limit]

    async def forget(self, before: datetime, *, limit: int) -> int:
        """Remove notices of what happened before this moment."""
        draft = self._draft.writing()
        old = [row.notice.id for row in draft.notices if row.notice.event.at < before][:limit]
        for key in old:
            draft.notices.drop(key)
        return len(old)
