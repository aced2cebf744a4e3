"""The watched side of a job: what its looks need to know, and what they find."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Self

from attrs import evolve, field, frozen

from teckochecker.domain import backoff, events
from teckochecker.domain.batch import Batch, Looked, LookUpFailed, taken
from teckochecker.domain.events import Event
from teckochecker.domain.secret import SecretId
from teckochecker.domain.status import JobStatus
from teckochecker.domain.values import BatchId, JobId


@frozen(kw_only=True)
class WatchedJob:
    """What a look at a job begins with and may change. A `PollingJob` is one, with all that people decided.

    `next_check_at` is set exactly while the job is active. `overdue_at` is when a batch was first found an hour past
    its expiry. `events` are what the steps since the last save have told.
    """

    id: JobId
    status: JobStatus = JobStatus.ACTIVE
    openai_secret_id: SecretId | None
    interval: timedelta
    batches: tuple[Batch, ...]
    next_check_at: datetime | None
    last_check_at: datetime | None = None
    failures: int = 0
    last_error: str | None = None
    overdue_at: datetime | None = None
    events: tuple[Event, ...] = field(default=(), eq=False, repr=False)

    @property
    def open_batches(self) -> tuple[BatchId, ...]:
        """The batches still to be looked at."""
        return tuple([batch.id for batch in self.batches if not batch.ended])

    def tell(self, *told: Event) -> Self:
        """The same with more to tell."""
        return evolve(self, events=self.events + told)

    def same_but_for_time(self, other: WatchedJob) -> bool:
        """An observation of `other` that brought nothing new, so that only its times have to be written."""
        seen = (other.batches, other.status, other.failures, other.last_error, other.overdue_at)
        return seen == (self.batches, self.status, self.failures, self.last_error, self.overdue_at)

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
            return evolve(job, status=JobStatus.TRIGGERING, next_check_at=None, last_check_at=at)
        if woken or not answers.keys() >= set(self.open_batches):
            return evolve(job, last_check_at=at)
        failed = [answer for answer in answers.values() if isinstance(answer, LookUpFailed)]
        if failed:
            return job._failing(failed, at=at, chance=chance)
        if job.failures:
            job = job.tell(events.ChecksRecovered(at=at, job_id=self.id, failures=job.failures))
        return evolve(job, failures=0, last_error=None, last_check_at=at, next_check_at=job._next(at))

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
