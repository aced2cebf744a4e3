"""A polling job: every rule of its states, its batches and its completion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Self

from attrs import evolve, field, frozen

from teckochecker.domain import backoff, events
from teckochecker.domain.batch import Batch, BatchStatus, Looked, LookUpFailed, taken
from teckochecker.domain.completion import Completion
from teckochecker.domain.errors import InvalidTransition
from teckochecker.domain.events import Event
from teckochecker.domain.secret import Secret, SecretId
from teckochecker.domain.spec import JobSpec
from teckochecker.domain.status import DONE, MOVES, JobStatus
from teckochecker.domain.values import BatchId, JobId, KeboolaTarget


@frozen(kw_only=True)
class PollingJob:
    """One piece of work: 1-10 batches, and the Keboola run that starts when all of them have ended.

    `version` counts the decisions of people, never observations. `next_check_at` is set exactly while the
    job is active. `overdue_at` is when a batch was first found an hour past its expiry. `events` are what the steps
    since the last save have told. By its `key` a definition finds the job that it made. `doubted_since` is set on a
    job that came from a backup: its last word before it was made.
    """

    id: JobId
    name: str
    key: str
    status: JobStatus = JobStatus.ACTIVE
    version: int = 1
    generation: int = 1
    openai_secret_id: SecretId | None
    openai_secret_name: str
    keboola_secret_id: SecretId | None
    keboola_secret_name: str
    target: KeboolaTarget
    interval: timedelta
    batches: tuple[Batch, ...]
    created_at: datetime
    next_check_at: datetime | None
    last_check_at: datetime | None = None
    failures: int = 0
    last_error: str | None = None
    overdue_at: datetime | None = None
    completed_at: datetime | None = None
    deleted_at: datetime | None = None
    doubted_since: datetime | None = None
    events: tuple[Event, ...] = field(default=(), eq=False, repr=False)

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
    def open_batches(self) -> tuple[BatchId, ...]:
        """The batches still to be looked at."""
        return tuple(batch.id for batch in self.batches if not batch.ended)

    @property
    def completion(self) -> Completion | None:
        """How the batches ended, once all of them have."""
        return None if self.open_batches else Completion.of(self.batches)

    def tell(self, *told: Event) -> Self:
        """The same with more to tell."""
        return evolve(self, events=self.events + told)

    def refusal(self, done: str) -> InvalidTransition:
        """Why it cannot be done now."""
        return InvalidTransition(f"Job '{self.name}' is {self.status.value}, so it cannot be {done}")

    def same_but_for_time(self, other: PollingJob) -> bool:
        """An observation of `other` that brought nothing new, so that only its times have to be written."""
        seen = (other.batches, other.status, other.failures, other.last_error, other.overdue_at)
        return seen == (self.batches, self.status, self.failures, self.last_error, self.overdue_at)

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

    def observe(
        self,
        looked: Iterable[Looked],
        *,
        at: datetime,
        asked_at: datetime,
        lost_after: timedelta,
        chance: float,
    ) -> Self:
        """Take in what was found. A job that is no longer active, or was edited meanwhile, wins over late answers.

        `asked_at` is when the job was picked up for this look: a wake-up, resume or edit that came later keeps
        the job due, and late failures are then not counted. `chance` in [0, 1) spreads retries.
        When all batches have ended the job is `triggering`.
        """
        if self.status is not JobStatus.ACTIVE or self.next_check_at is None:
            return self
        woken = self.next_check_at > asked_at
        answers = {answer.batch_id: answer for answer in looked}
        job = self._take(answers, at=at, lost_after=lost_after, reports_only=woken)
        if not job.open_batches:
            return job._move(JobStatus.TRIGGERING, next_check_at=None, last_check_at=at)
        if woken or any(batch_id not in answers for batch_id in self.open_batches):
            return evolve(job, last_check_at=at)
        failed = [answer for answer in answers.values() if isinstance(answer, LookUpFailed)]
        if failed:
            return job._failing(failed, at=at, chance=chance)
        if job.failures:
            job = job.tell(events.ChecksRecovered(at=at, job_id=self.id, failures=job.failures))
        return evolve(job, failures=0, last_error=None, last_check_at=at, next_check_at=job._next(at))

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
        return self._move(ending.status, completed_at=at, last_error=None).tell(told)

    def failed(self, reason: str, *, at: datetime) -> Self:
        """Keboola has refused the run for good."""
        if self.status is not JobStatus.TRIGGERING:
            return self
        return self._move(JobStatus.FAILED, completed_at=at, last_error=reason).tell(
            events.JobFailed(at=at, job_id=self.id, reason=reason)
        )

    def withdrawn(self, *, at: datetime) -> Self:
        """The trigger was called off before anything was sent: the job is watched again, due at once."""
        return self._move(JobStatus.ACTIVE, next_check_at=at)

    def _take(
        self, answers: Mapping[BatchId, Looked], *, at: datetime, lost_after: timedelta, reports_only: bool
    ) -> Self:
        batches, told = taken(
            self.batches, answers, job_id=self.id, at=at, lost_after=lost_after, reports_only=reports_only
        )
        late = None if self.overdue_at else next((batch for batch in batches if batch.overdue(at)), None)
        if late:
            told.append(events.JobOverdue(at=at, job_id=self.id, batch_id=late.id, status=late.status))
        if batches == self.batches and not late:
            return self
        return evolve(
            self, batches=batches, overdue_at=at if late else self.overdue_at, events=self.events + tuple(told)
        )

    def _failing(self, failed: list[LookUpFailed], *, at: datetime, chance: float) -> Self:
        error = failed[0].error
        wait = backoff.after_failed_looks(self.failures + 1, self.interval, chance)
        again = max([at + wait, *(answer.retry_at for answer in failed if answer.retry_at)])
        job = evolve(self, failures=self.failures + 1, last_error=error, last_check_at=at, next_check_at=again)
        return job if self.failures else job.tell(events.ChecksFailing(at=at, job_id=self.id, error=error))

    def _next(self, at: datetime) -> datetime:
        waiting = [batch for batch in self.batches if batch.missing_since and not batch.ended]
        if any(batch.seen or at - (batch.missing_since or at) < backoff.NOT_FOUND_SOON_FOR for batch in waiting):
            return at + min(self.interval, backoff.NOT_FOUND_SOON)
        return at + self.interval

    def _decide(self, status: JobStatus, done: str, told: Event, **changes: Any) -> Self:
        if status not in MOVES[self.status]:
            raise self.refusal(done)
        if status is not JobStatus.PAUSED and not self.batches:
            raise InvalidTransition(f"Job '{self.name}' has no batches to be {done}; give it some first")
        if status is JobStatus.ACTIVE and self.openai_secret_id is None:
            raise InvalidTransition(f"Job '{self.name}' has no OpenAI secret to be {done} with; give it one first")
        return self._move(status, version=self.version + 1, **changes).tell(told)

    def _move(self, status: JobStatus, **changes: Any) -> Self:
        return evolve(self, status=status, **changes)
