"""Keeping what a look found: gathered by job, then written in portions, each one fenced transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from attrs import field, frozen

from teckochecker.application.ports import Chance, GroupClaim, Store, Telemetry, UnitOfWork
from teckochecker.application.silence import Silence
from teckochecker.domain import backoff, decisions
from teckochecker.domain.batch import BatchMissing, Looked, LookUpFailed
from teckochecker.domain.events import CredentialHeld, CredentialReleased
from teckochecker.domain.job import PollingJob
from teckochecker.domain.restoring import trigger_id
from teckochecker.domain.secret import Secret
from teckochecker.domain.status import JobStatus
from teckochecker.domain.trigger import Trigger
from teckochecker.domain.values import BatchId, JobId
from teckochecker.domain.watched import WatchedJob

Answers = Mapping[BatchId, Looked]
Found = tuple[WatchedJob, Sequence[Looked]]


class Portion:
    """The answers of one wave, gathered by job. A job is ready when each of its open batches has an answer.

    404s wait for the end of the wave, because only all answers together tell whether they can be believed.
    """

    def __init__(self, jobs: Sequence[WatchedJob], *, picked_at: datetime) -> None:
        self.picked_at = picked_at
        self._jobs = {job.id: job for job in jobs}
        self._open = {job.id: len(job.open_batches) for job in jobs}
        self._waiting: dict[BatchId, list[JobId]] = {}
        self.wanted: dict[BatchId, datetime | None] = {}
        for job in jobs:
            for batch in job.batches:
                if not batch.ended:
                    self._waiting.setdefault(batch.id, []).append(job.id)
                    self.wanted[batch.id] = batch.created_at
        self._answers: dict[JobId, list[Looked]] = {job.id: [] for job in jobs}
        self._ready: list[JobId] = [job.id for job in jobs if not job.open_batches]
        self._missing: list[BatchMissing] = []
        self.found = 0
        self.failed: list[LookUpFailed] = []
        self.believes_missing = True

    @property
    def answered(self) -> bool:
        """The service answered for at least one batch."""
        return bool(self.found or self._missing)

    @property
    def ready_count(self) -> int:
        """Jobs that can be kept now."""
        return len(self._ready)

    @property
    def outcomes(self) -> Mapping[str, int]:
        """How many batches were found, not found, not answered for, and refused with the key, so far."""
        refused = sum(answer.credential_rejected for answer in self.failed)
        failed = len(self.failed) - refused
        return {"found": self.found, "not_found": len(self._missing), "failed": failed, "refused": refused}

    def take(self, answers: Sequence[Looked]) -> None:
        """Answers that arrived."""
        for answer in answers:
            if isinstance(answer, BatchMissing):
                self._missing.append(answer)
                continue
            if isinstance(answer, LookUpFailed):
                self.failed.append(answer)
            else:
                self.found += 1
            self._settle(answer)

    def close(self) -> None:
        """No more answers come. When a key finds none of several batches, it is the key that is wrong."""
        self.believes_missing = bool(self.found) or len(self._missing) < 2
        for answer in self._missing:
            self._settle(answer)

    def ready(self, most: int) -> Iterator[Sequence[Found]]:
        """The jobs that can be kept now, in portions; each job once."""
        while self._ready:
            some, self._ready = self._ready[:most], self._ready[most:]
            yield [(self._jobs[job_id], self._answers.pop(job_id)) for job_id in some]

    def _settle(self, answer: Looked) -> None:
        for job_id in self._waiting.pop(answer.batch_id, ()):
            self._answers[job_id].append(answer)
            self._open[job_id] -= 1
            if not self._open[job_id]:
                self._ready.append(job_id)


@frozen(kw_only=True)
class Keeping:
    """Writes what was found. `lost_after`: how long a batch that was seen answers 404 before it is lost."""

    store: Store
    chance: Chance
    lease: timedelta
    lost_after: timedelta = timedelta(seconds=600)
    telemetry: Telemetry = field(factory=Silence)

    async def keep(self, claim: GroupClaim, found: Sequence[Found], portion: Portion) -> None:
        """Write a portion in one transaction: jobs with news as they are now, the others by one statement.

        Raises:
            LeaseLost: the group is in other hands; nothing was written.
        """
        picked_at = portion.picked_at
        lost_after = self.lost_after if portion.believes_missing else timedelta.max
        chance = self.chance.uniform(0, 1)
        async with self.store.work() as work:
            at = await work.now()
            await work.groups.fence(claim, lease=self.lease)
            changed: dict[JobId, Sequence[Looked]] = {}
            same: dict[datetime, list[JobId]] = {}
            for job, answers in found:
                new = job.observe(answers, at=at, asked_at=picked_at, lost_after=lost_after, chance=chance)
                if new.next_check_at and new.same_but_for_time(job):
                    same.setdefault(new.next_check_at, []).append(job.id)
                else:
                    changed[job.id] = answers
            for next_at, job_ids in same.items():
                await work.jobs.postpone(next_at, job_ids, at=at, picked_at=picked_at)
            if changed:
                # one that is triggering by now has its intent: another look was quicker
                fresh = [
                    job
                    for job in await work.jobs.get_many(changed.keys(), lock=True)
                    if job.openai_secret_id == claim.secret_id and job.status is JobStatus.ACTIVE
                ]
                news = [
                    job.observe(changed[job.id], at=at, asked_at=picked_at, lost_after=lost_after, chance=chance)
                    for job in fresh
                ]
                await work.jobs.save(news)
                await self._intend(work, [job for job in news if job.status is JobStatus.TRIGGERING], at)
            await work.commit()
        self.telemetry.late([max((at - job.next_check_at).total_seconds(), 0) for job, _ in found if job.next_check_at])

    async def conclude(self, claim: GroupClaim, secret: Secret, portion: Portion) -> bool:
        """After a wave: hold a refused credential, let a group without any answer rest, or forget old trouble.

        Returns whether the group rests now.
        """
        refusal = next((answer for answer in portion.failed if answer.credential_rejected), None)
        asked = [answer.retry_at for answer in portion.failed if answer.retry_at]
        rests = refusal or asked or (portion.failed and not portion.answered)
        if not (rests or claim.failures or (secret.held_reason and portion.answered)):
            return False
        async with self.store.work() as work:
            at = await work.now()
            await work.groups.fence(claim, lease=self.lease)
            if not rests:
                await work.groups.rest(claim, until=None, failures=0, error=None)
                await self._release(work, secret, at)
                await work.commit()
                return False
            failures = claim.failures + 1
            chance = self.chance.uniform(0, 1)
            if refusal:
                until = at + backoff.after_refused_credential(failures, chance)
                await self._hold(work, secret, refusal.error, at)
            else:
                until = at + backoff.after_failed_looks(failures, timedelta(0), chance)
            error = (refusal or portion.failed[0]).error
            await work.groups.rest(claim, until=max([until, *asked]), failures=failures, error=error)
            await work.commit()
        return True

    async def _intend(self, work: UnitOfWork, jobs: Sequence[PollingJob], at: datetime) -> None:
        """The intent is written with the last observation, in the same transaction."""
        known = await work.triggers.of_jobs([job.id for job in jobs]) if jobs else {}
        for job in jobs:
            trigger = known.get(job.id)
            if trigger is None:
                await work.triggers.add(Trigger.intend(job, trigger_id(job), at=at))
            else:
                # called off or refused before: the same trigger, frozen anew
                await work.triggers.save(decisions.renewed(trigger, job, at=at))

    @staticmethod
    async def _hold(work: UnitOfWork, used: Secret, reason: str, at: datetime) -> None:
        """Hold the secret. Had it been replaced while the look was under way, the group would be in no hand now."""
        secret = await work.secrets.get(used.id, lock=True)
        if secret.held_reason != reason:
            await work.secrets.save(secret.held(reason, at=at))
            await work.history.add([CredentialHeld(at=at, secret=secret.name, reason=reason)])

    @staticmethod
    async def _release(work: UnitOfWork, used: Secret, at: datetime) -> None:
        if not used.held_reason:
            return
        secret = await work.secrets.get(used.id, lock=True)
        await work.secrets.save(secret.released())
        await work.history.add([CredentialReleased(at=at, secret=secret.name)])
