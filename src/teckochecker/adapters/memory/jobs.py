"""Jobs in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from attrs import evolve, frozen

from teckochecker.adapters.memory.rows import Draft
from teckochecker.application.errors import JobNotFound
from teckochecker.application.ports import JobPage, JobQuery, JobSort
from teckochecker.domain.job import PollingJob
from teckochecker.domain.protocol import OPEN
from teckochecker.domain.secret import SecretId
from teckochecker.domain.status import JobStatus
from teckochecker.domain.values import BatchId, JobId

_NEED_SECRETS = frozenset({JobStatus.ACTIVE, JobStatus.PAUSED, JobStatus.TRIGGERING})

_PLACES: Final[Mapping[str, Callable[[PollingJob], tuple[Any, ...]]]] = {
    "created_at": lambda job: (job.id,),
    "name": lambda job: (job.name.casefold(), job.id),
    "status": lambda job: (job.status, job.id),
    "next_check_at": lambda job: (job.next_check_at, job.id),
}


@frozen(eq=False)
class MemoryJobs:
    """Jobs with their batches."""

    _draft: Draft

    async def next_id(self) -> JobId:
        """An id that was never used and never will be again."""
        return self._draft.writing().memory.next_job_id()

    async def add(self, job: PollingJob) -> None:
        """Store a new job under its id."""
        self._draft.lock(PollingJob, job.id)
        self._write(job)

    async def get(self, job_id: JobId, *, lock: bool = False, deleted: bool = False) -> PollingJob:
        """One job."""
        job = self._draft.jobs.get(job_id)
        if job is None or (job.deleted_at and not deleted):
            raise JobNotFound(job_id)
        if lock:
            self._draft.lock(PollingJob, job_id)
        return job

    async def get_many(self, job_ids: Collection[JobId], *, lock: bool = False) -> Sequence[PollingJob]:
        """Those of these jobs that exist, in the order of their ids."""
        found = self._these(job_ids)
        if lock:
            for job in found:
                self._draft.lock(PollingJob, job.id)
        return found

    async def keyed(self, keys: Collection[str]) -> Mapping[str, PollingJob]:
        """The newest job of each of these keys that has one."""
        found = sorted((job for job in self._alive if job.key in keys), key=lambda job: job.id)
        return {job.key: job for job in found}

    async def save(self, jobs: Sequence[PollingJob]) -> None:
        """Write jobs read with `lock=True` in this unit of work."""
        for job in jobs:
            self._draft.expect_lock(PollingJob, job.id)
            self._write(job)

    async def postpone(
        self, next_at: datetime, job_ids: Collection[JobId], *, at: datetime, picked_at: datetime
    ) -> None:
        """Due again at `next_at`, unless something set or unset `next_check_at` after `picked_at`."""
        for job in self._these(job_ids):
            if job.next_check_at and job.next_check_at <= picked_at:
                self._write(evolve(job, next_check_at=next_at, last_check_at=at))

    async def hint(self, batch_id: BatchId, *, at: datetime, apart: timedelta) -> int:
        """Make due the active jobs that wait for this batch."""
        waiting = [job for job in self._active if batch_id in job.open_batches]
        recent = [job for job in waiting if job.last_check_at and job.last_check_at > at - apart]
        self._make_due(waiting, at)
        self._make_due(recent, at + apart)
        return len(waiting)

    async def find(self, query: JobQuery) -> JobPage:
        """A page of jobs."""
        rest = [job for job in self._after(query) if job.deleted_at is None and self._fits(job, query)]
        total = sum(self._fits(job, query) for job in self._alive)
        return JobPage(jobs=tuple(rest[: query.limit]), total=total, more=len(rest) > query.limit)

    async def count(self) -> Mapping[JobStatus, int]:
        """How many jobs there are in each status, those with none included."""
        counts = dict.fromkeys(JobStatus, 0)
        for job in self._alive:
            counts[job.status] += 1
        return counts

    async def using(self, secret_id: SecretId) -> Sequence[PollingJob]:
        """Jobs that still need this secret, in the order of their ids."""
        unsettled = {
            row.trigger.job_id
            for row in self._draft.triggers
            if row.trigger.state in OPEN and row.trigger.secret_id == secret_id
        }
        found = [
            job
            for job in self._draft.jobs
            if job.id in unsettled
            or (job.deleted_at is None and job.status in _NEED_SECRETS and secret_id in _secrets_of(job))
        ]
        return sorted(found, key=lambda job: job.id)

    async def users(self) -> Mapping[SecretId, int]:
        """How many unfinished jobs have each secret."""
        unfinished = [job for job in self._alive if job.status in _NEED_SECRETS]
        return Counter(secret_id for job in unfinished for secret_id in _secrets_of(job) if secret_id)

    async def wake(self, secret_id: SecretId, *, at: datetime) -> None:
        """Make due all active jobs of this OpenAI secret."""
        self._make_due([job for job in self._active if job.openai_secret_id == secret_id], at)

    async def forget(self, before: datetime, *, limit: int) -> int:
        """Remove jobs that were deleted before this moment, with all that belongs to them."""
        draft = self._draft.writing()
        triggers = [row.trigger for row in draft.triggers]
        kept = {trigger.job_id for trigger in triggers if trigger.due_at or trigger.unsettled}
        old = [job.id for job in draft.jobs if job.deleted_at and job.deleted_at < before and job.id not in kept]
        entries = [entry.id for entry in draft.memory.history if entry.event.job_id in old[:limit]][:limit]
        draft.forgotten.update(entries)
        for notice in [row.notice for row in draft.notices if row.notice.event.job_id in old[:limit]]:
            draft.notices.drop(notice.id)
        if len(entries) == limit:
            return limit
        for job_id in old[:limit]:
            draft.jobs.drop(job_id)
            draft.checks.drop(job_id)
            for trigger in triggers:
                if trigger.job_id == job_id:
                    draft.triggers.drop(trigger.id)
        return len(entries) + len(old[:limit])

    @property
    def _alive(self) -> Iterator[PollingJob]:
        return (job for job in self._draft.jobs if job.deleted_at is None)

    @property
    def _active(self) -> Iterator[PollingJob]:
        return (job for job in self._draft.jobs if job.next_check_at)

    def _these(self, job_ids: Collection[JobId]) -> list[PollingJob]:
        rows = (self._draft.jobs.get(job_id) for job_id in sorted(set(job_ids)))
        return [job for job in rows if job and job.deleted_at is None]

    def _make_due(self, jobs: Sequence[PollingJob], at: datetime) -> None:
        """Always `at`, also when they were due before: what came after the pick has to win over it."""
        for job in jobs:
            self._write(evolve(job, next_check_at=at))

    def _fits(self, job: PollingJob, query: JobQuery) -> bool:
        if query.statuses and job.status not in query.statuses:
            return False
        if query.secret_id is not None and query.secret_id not in _secrets_of(job):
            return False
        if query.held and not self._held(job):
            return False
        if query.text is None:
            return True
        text = query.text
        batch = "batch_" + text[6:] if text.lower().startswith("batch_") else text.lower()
        return job.name.casefold().startswith(text.casefold()) or any(
            watched.id.startswith(batch) for watched in job.batches
        )

    def _after(self, query: JobQuery) -> Sequence[PollingJob]:
        """All jobs in order, after the last one seen, which need not fit any more."""
        order, last = _ordered(self._draft.jobs, query.sort), query.after
        if last is None:
            return order
        if query.sort.key == "created_at":
            return [job for job in order if (job.id < last if query.sort.down else job.id > last)]
        ids = [job.id for job in order]
        return order[ids.index(last) + 1 :] if last in ids else []

    def _held(self, job: PollingJob) -> bool:
        triggers = [row.trigger for row in self._draft.triggers if row.trigger.job_id == job.id]
        if any(trigger.unsettled and trigger.waits_for for trigger in triggers):
            return True
        secret = self._draft.secrets.get(job.openai_secret_id) if job.openai_secret_id else None
        return bool(job.next_check_at and (job.missing or (secret and secret.held_reason)))

    def _write(self, job: PollingJob) -> None:
        draft = self._draft.writing()
        draft.events.extend(job.events)
        draft.jobs.put(job.id, evolve(job, events=()))


def _ordered(jobs: Iterable[PollingJob], sort: JobSort) -> Sequence[PollingJob]:
    last = [job for job in jobs if job.next_check_at is None and sort.key == "next_check_at"]
    others = [job for job in jobs if job.next_check_at or sort.key != "next_check_at"]
    return [
        *sorted(others, key=_PLACES[sort.key], reverse=sort.down),
        *sorted(last, key=_PLACES["created_at"], reverse=True),
    ]


def _secrets_of(job: PollingJob) -> tuple[SecretId | None, SecretId | None]:
    return job.openai_secret_id, job.keboola_secret_id
