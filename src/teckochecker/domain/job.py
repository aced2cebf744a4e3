"""A polling job: every rule of its states, its completion, and what people decide; `watched` has those of a look."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Self

from attrs import evolve, frozen

from teckochecker.domain import events
from teckochecker.domain.batch import Batch, BatchStatus
from teckochecker.domain.completion import Completion
from teckochecker.domain.errors import InvalidTransition
from teckochecker.domain.events import Event
from teckochecker.domain.secret import Secret, SecretId
from teckochecker.domain.spec import JobSpec
from teckochecker.domain.status import DONE, MOVES, JobStatus
from teckochecker.domain.values import BatchId, JobId, KeboolaTarget
from teckochecker.domain.watched import WatchedJob


@frozen(kw_only=True)
class PollingJob(WatchedJob):
    """One piece of work: 1-10 batches, and the Keboola run that starts when all of them have ended.

    `version` counts the decisions of people, never observations. By its `key` a definition finds the job that it
    made. `doubted_since` is set on a job that came from a backup: its last word before it was made.
    """

    name: str
    key: str
    version: int = 1
    generation: int = 1
    openai_secret_name: str
    keboola_secret_id: SecretId | None
    keboola_secret_name: str
    target: KeboolaTarget
    created_at: datetime
    completed_at: datetime | None = None
    deleted_at: datetime | None = None
    doubted_since: datetime | None = None

    @classmethod
    def begin(
        cls,
        id: JobId,
        spec: JobSpec,
        *,
        openai: Secret,
        keboola: Secret,
        target: KeboolaTarget,
        interval: timedelta,
        at: datetime,
    ) -> Self:
        """The job that a spec asks for, due at once unless the spec names its first check."""
        job = cls(
            id=id,
            name=spec.name,
            key=spec.key or spec.name,
            openai_secret_id=openai.id,
            openai_secret_name=openai.name,
            keboola_secret_id=keboola.id,
            keboola_secret_name=keboola.name,
            target=target,
            interval=interval,
            batches=tuple(Batch(id=batch_id) for batch_id in spec.batch_ids),
            created_at=at,
            next_check_at=spec.first_check_at or at,
        )
        return job.tell(events.JobCreated(at=at, job_id=id, name=job.name, batch_count=len(job.batches)))

    # What can be read off it

    @property
    def completed_count(self) -> int:
        """Batches that ended well."""
        return sum(batch.status == BatchStatus.COMPLETED for batch in self.batches)

    @property
    def failed_count(self) -> int:
        """Batches that failed, expired, were cancelled or got lost."""
        return sum(batch.ended and batch.status != BatchStatus.COMPLETED for batch in self.batches)

    @property
    def completion(self) -> Completion | None:
        """How the batches ended, once all of them have."""
        return None if self.open_batches else Completion.of(self.batches)

    def refusal(self, done: str) -> InvalidTransition:
        """Why it cannot be done now."""
        return InvalidTransition(f"Job '{self.name}' is {self.status.value}, so it cannot be {done}")

    @property
    def missing(self) -> tuple[BatchId, ...]:
        """Batches that OpenAI does not find with the job's key."""
        return tuple(batch.id for batch in self.batches if batch.missing_since and not batch.ended)

    # What people decide

    def pause(self, *, at: datetime) -> Self:
        """No more checks until it is resumed.

        Raises:
            InvalidTransition: the job is not active (or triggering with nothing sent).
        """
        return self._decide(JobStatus.PAUSED, "paused", events.JobPaused(at=at, job_id=self.id), next_check_at=None)

    def resume(self, *, at: datetime) -> Self:
        """Checks go on, the first at once.

        Raises:
            InvalidTransition: the job is not paused.
        """
        if self.status is not JobStatus.PAUSED:
            raise self.refusal("resumed")
        return self._decide(JobStatus.ACTIVE, "resumed", events.JobResumed(at=at, job_id=self.id), next_check_at=at)

    def check_now(self, *, at: datetime) -> Self:
        """The next check comes at once.

        Raises:
            InvalidTransition: the job is not active.
        """
        if self.status is not JobStatus.ACTIVE:
            raise self.refusal("checked")
        return evolve(self, next_check_at=at)

    def retry(self, *, at: datetime) -> Self:
        """A failed job goes on: to its trigger, or to its batches when an edit brought open ones.

        Raises:
            InvalidTransition: the job has not failed.
        """
        if self.status is not JobStatus.FAILED:
            raise self.refusal("retried")
        told = events.JobRetried(at=at, job_id=self.id, generation=self.generation)
        if self.open_batches:
            return self._decide(JobStatus.ACTIVE, "retried", told, next_check_at=at, last_error=None, completed_at=None)
        return self._decide(JobStatus.TRIGGERING, "retried", told, last_error=None, completed_at=None)

    def again(self, *, at: datetime) -> Self:
        """A finished job gets one more run on purpose: a new generation; its status stays.

        Raises:
            InvalidTransition: the job has not completed.
        """
        if self.status not in DONE:
            raise self.refusal("run again")
        job = evolve(self, generation=self.generation + 1, version=self.version + 1)
        return job.tell(events.JobRetried(at=at, job_id=self.id, generation=job.generation))

    def delete(self, *, at: datetime) -> Self:
        """Gone from every list at once. Its trigger is still looked after, but never sent again."""
        job = evolve(self, deleted_at=at, next_check_at=None, version=self.version + 1)
        return job.tell(events.JobDeleted(at=at, job_id=self.id))

    # What the watching and the triggering find

    def completed(self, *, at: datetime) -> Self:
        """Keboola has accepted the run."""
        ending = self.completion
        if self.status is not JobStatus.TRIGGERING or ending is None:
            return self
        told = events.JobCompleted(
            at=at,
            job_id=self.id,
            status=ending.status.value,
            completed=len(ending.completed),
            failed=len(ending.failed),
        )
        return evolve(self, status=ending.status, completed_at=at, last_error=None).tell(told)

    def failed(self, reason: str, *, at: datetime) -> Self:
        """Keboola has refused the run for good."""
        if self.status is not JobStatus.TRIGGERING:
            return self
        return evolve(self, status=JobStatus.FAILED, completed_at=at, last_error=reason).tell(
            events.JobFailed(at=at, job_id=self.id, reason=reason)
        )

    def withdrawn(self, *, at: datetime) -> Self:
        """The trigger was called off before anything was sent: the job is watched again, due at once."""
        return evolve(self, status=JobStatus.ACTIVE, next_check_at=at)

    def _decide(self, status: JobStatus, done: str, told: Event, **changes: Any) -> Self:
        if status not in MOVES[self.status]:
            raise self.refusal(done)
        if status is not JobStatus.PAUSED and not self.batches:
            raise InvalidTransition(f"Job '{self.name}' has no batches to be {done}; give it some first")
        if status is JobStatus.ACTIVE and self.openai_secret_id is None:
            raise InvalidTransition(f"Job '{self.name}' has no OpenAI secret to be {done} with; give it one first")
        return evolve(self, status=status, version=self.version + 1, **changes).tell(told)
