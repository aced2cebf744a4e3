"""Poll groups in memory."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from attrs import evolve, frozen

from teckochecker.adapters.memory.rows import Draft, GroupRow, Hand
from teckochecker.application.errors import LeaseLost
from teckochecker.application.ports import GroupClaim
from teckochecker.domain.secret import SecretId
from teckochecker.domain.values import JobId
from teckochecker.domain.watched import WatchedJob


@frozen(eq=False)
class MemoryGroups:
    """Who looks up which OpenAI secret's batches."""

    _draft: Draft

    async def claim(self, owner: str, *, lease: timedelta, limit: int) -> Sequence[GroupClaim]:
        """Take groups that have a due job and are in nobody's hand, the longest due first."""
        now, first_due = self._draft.now, self._first_due()
        free = [
            row
            for row in self._draft.groups
            if row.secret_id in first_due
            and first_due[row.secret_id] <= now
            and (row.not_before is None or row.not_before <= now)
            and row.hand.is_free(now, lease)
        ]
        free.sort(key=lambda row: (first_due[row.secret_id], row.secret_id))
        return [self._take(row, owner, now + lease) for row in free[:limit]]

    async def due(
        self, claims: Collection[GroupClaim], *, limit: int, without: Collection[JobId] = ()
    ) -> Sequence[WatchedJob]:
        """Due jobs of these groups, except those `without`, the longest due first."""
        now = self._draft.now
        groups, excepted = {claim.secret_id for claim in claims}, set(without)
        found = [
            (job.next_check_at, job.id, job)
            for job in self._draft.jobs
            if job.next_check_at and job.next_check_at <= now
            if job.openai_secret_id in groups and job.id not in excepted
        ]
        found.sort(key=lambda one: one[:2])
        return [job for _, _, job in found[:limit]]

    async def fence(self, claim: GroupClaim, *, lease: timedelta) -> None:
        """Renew the lease, or raise LeaseLost."""
        row = self._ours(claim)
        if row is None:
            self._draft.lost = f"The poll group of secret {claim.secret_id} is no longer in the hand of {claim.owner}"
            raise LeaseLost(self._draft.lost)
        self._hand(row, row.hand.renewed(self._draft.now + lease))

    async def release(self, claim: GroupClaim) -> None:
        """Give the group back, if it is still ours."""
        if row := self._ours(claim):
            self._hand(row, row.hand.emptied())

    async def beat(self, owner: str, claims: Collection[GroupClaim], *, lease: timedelta) -> Collection[SecretId]:
        """Renew the leases in hand. Returns the groups that are still ours."""
        until = self._draft.now + lease
        ours = [row for claim in claims if claim.owner == owner and (row := self._ours(claim))]
        for row in ours:
            self._hand(row, row.hand.renewed(until))
        return [row.secret_id for row in ours]

    async def rest(self, claim: GroupClaim, *, until: datetime | None, failures: int, error: str | None) -> None:
        """Nobody looks at the group before `until`. Nothing happens when it is no longer ours."""
        if row := self._ours(claim):
            self._write(evolve(row, not_before=until, failures=failures, error=error))

    async def stir(self, secret_id: SecretId) -> None:
        """The credential is new: forget a rest, and take the group out of every hand."""
        if row := self._draft.groups.get(secret_id):
            self._write(evolve(row, not_before=None, failures=0, error=None, hand=row.hand.emptied()))

    async def next_due(self, owner: str | None = None) -> datetime | None:
        """When the next job can be looked at: it is due, and its group's rest is over."""
        first_due = self._first_due()
        moments = []
        for row in self._draft.groups:
            if row.secret_id in first_due:
                held = row.hand.until if owner and row.hand.owner != owner else None
                moments.append(max(filter(None, (first_due[row.secret_id], row.not_before, held))))
        return min(moments, default=None)

    def _first_due(self) -> dict[SecretId, datetime]:
        """When the first job of each group that has an active one is due."""
        first: dict[SecretId, datetime] = {}
        for job in self._draft.jobs:
            if job.next_check_at and job.openai_secret_id is not None:
                earlier = first.get(job.openai_secret_id, job.next_check_at)
                first[job.openai_secret_id] = min(earlier, job.next_check_at)
        return first

    def _ours(self, claim: GroupClaim) -> GroupRow | None:
        row = self._draft.groups.get(claim.secret_id)
        return row if row and row.hand.is_of(claim) else None

    def _take(self, row: GroupRow, owner: str, until: datetime) -> GroupClaim:
        hand = row.hand.taken(owner, until)
        self._hand(row, hand)
        return GroupClaim(secret_id=row.secret_id, owner=owner, epoch=hand.epoch, failures=row.failures)

    def _hand(self, row: GroupRow, hand: Hand) -> None:
        self._write(evolve(row, hand=hand))

    def _write(self, row: GroupRow) -> None:
        self._draft.writing().groups.put(row.secret_id, row)
