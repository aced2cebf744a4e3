"""Triggers in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from attrs import evolve, frozen

from teckochecker.adapters.memory.rows import Draft, Hand, TriggerRow
from teckochecker.application.errors import Conflict, LeaseLost, NotFound
from teckochecker.application.ports import TriggerClaim
from teckochecker.domain.evidence import completed, with_evidence
from teckochecker.domain.protocol import OPEN
from teckochecker.domain.run import Attempt, KeboolaRun
from teckochecker.domain.secret import SecretId
from teckochecker.domain.trigger import Trigger
from teckochecker.domain.values import JobId


@frozen(eq=False)
class MemoryTriggers:
    """Triggers with their attempts and runs."""

    _draft: Draft

    async def add(self, trigger: Trigger) -> None:
        """Store a new trigger.

        Raises:
            Conflict: the job has a trigger of this generation, or one that is still open.
        """
        for other in await self.of_job(trigger.job_id):
            if other.generation == trigger.generation or other.state in OPEN:
                raise Conflict(f"Job {trigger.job_id} has a trigger already (run {other.generation})")
        self._write(TriggerRow(trigger=trigger))

    async def get(self, trigger_id: UUID, *, lock: bool = False) -> Trigger:
        """One trigger."""
        if lock:
            self._draft.writing()
        return self._row(trigger_id).trigger

    async def of_job(self, job_id: JobId, *, lock: bool = False) -> Sequence[Trigger]:
        """All triggers of a job, the latest generation first."""
        if lock:
            self._draft.writing()
        found = [row.trigger for row in self._draft.triggers if row.trigger.job_id == job_id]
        return sorted(found, key=lambda trigger: trigger.generation, reverse=True)

    async def of_jobs(self, job_ids: Collection[JobId]) -> Mapping[JobId, Trigger]:
        """The latest trigger of each of these jobs that has one."""
        wanted = set(job_ids)
        found = [row.trigger for row in self._draft.triggers if row.trigger.job_id in wanted]
        found.sort(key=lambda trigger: (trigger.job_id, trigger.generation))
        return {trigger.job_id: trigger for trigger in found}

    async def of_secret(self, secret_id: SecretId, *, lock: bool = False) -> Sequence[Trigger]:
        """Triggers with a step due, now or later, that need this Keboola secret."""
        if lock:
            self._draft.writing()
        found = [row.trigger for row in self._draft.triggers if row.trigger.secret_id == secret_id]
        return sorted((trigger for trigger in found if trigger.due_at), key=lambda trigger: trigger.id)

    async def claim(self, owner: str, *, lease: timedelta, limit: int) -> Sequence[TriggerClaim]:
        """Take due triggers that are in nobody's hand, the longest due first."""
        now = self._draft.now
        free = [
            (row.trigger.due_at, row.trigger.id, row)
            for row in self._draft.triggers
            if row.trigger.due_at and row.trigger.due_at <= now and row.hand.is_free(now, lease)
        ]
        free.sort(key=lambda one: one[:2])
        return [self._take(row, owner, now + lease) for _, _, row in free[:limit]]

    async def save(self, trigger: Trigger, claim: TriggerClaim | None = None, *, release: bool = False) -> None:
        """Write a trigger, fenced by its claim when there is one. What others recorded meanwhile stays."""
        row = self._row(trigger.id)
        if claim and not row.hand.is_of(claim):
            self._draft.lost = f"Trigger {trigger.id} is no longer in the hand of {claim.owner}"
            raise LeaseLost(self._draft.lost)
        hand = row.hand.emptied() if release or claim is None else row.hand
        self._write(TriggerRow(trigger=completed(trigger, row.trigger), hand=hand))

    async def record(self, trigger_id: UUID, evidence: Attempt | KeboolaRun, *, at: datetime) -> None:
        """Keep what became known after the lease was lost, and make the trigger due."""
        row = self._row(trigger_id)
        self._write(evolve(row, trigger=with_evidence(row.trigger, evidence, at=at)))

    async def release(self, claim: TriggerClaim) -> None:
        """Give the trigger back, if it is still ours."""
        if row := self._ours(claim):
            self._hand(row, row.hand.emptied())

    async def beat(
        self, owner: str, claims: Collection[TriggerClaim], *, lease: timedelta
    ) -> Collection[tuple[UUID, int]]:
        """Renew the leases in hand. Returns the keys of the claims that still hold."""
        until = self._draft.now + lease
        ours = {claim.key: row for claim in claims if claim.owner == owner and (row := self._ours(claim))}
        for row in ours.values():
            self._hand(row, row.hand.renewed(until))
        return ours.keys()

    async def next_due(self) -> datetime | None:
        """When the next trigger can be claimed: it is due, and any lease on it has run out."""
        return min(
            (
                max(row.trigger.due_at, row.hand.until or row.trigger.due_at)
                for row in self._draft.triggers
                if row.trigger.due_at
            ),
            default=None,
        )

    def _row(self, trigger_id: UUID) -> TriggerRow:
        row = self._draft.triggers.get(trigger_id)
        if row is None:
            raise NotFound(f"Trigger {trigger_id} not found")
        return row

    def _ours(self, claim: TriggerClaim) -> TriggerRow | None:
        row = self._draft.triggers.get(claim.trigger.id)
        return row if row and row.hand.is_of(claim) else None

    def _take(self, row: TriggerRow, owner: str, until: datetime) -> TriggerClaim:
        hand = row.hand.taken(owner, until)
        self._hand(row, hand)
        return TriggerClaim(trigger=row.trigger, owner=owner, epoch=hand.epoch)

    def _hand(self, row: TriggerRow, hand: Hand) -> None:
        self._write(evolve(row, hand=hand))

    def _write(self, row: TriggerRow) -> None:
        draft = self._draft.writing()
        draft.events.extend(row.trigger.events)
        draft.triggers.put(row.trigger.id, evolve(row, trigger=evolve(row.trigger, events=())))
