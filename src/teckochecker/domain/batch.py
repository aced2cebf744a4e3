"""One watched batch: what OpenAI last said of it, and when it has ended. The status alone decides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import ClassVar, Self

from attrs import evolve, fields, frozen

from teckochecker.domain.events import BatchEnded, BatchMoved, BatchNotFound, Event
from teckochecker.domain.values import BatchId, JobId, cleaned

_SPELLINGS = {
    "inprogress": "in_progress",
    "complete": "completed",
    "canceled": "cancelled",
    "canceling": "cancelling",
}
OVERDUE_AFTER = timedelta(hours=1)
_TERMINAL = frozenset({"completed", "failed", "expired", "cancelled", "lost"})


@lru_cache(64)  # every look reads one, and few there are
def _folded(text: str) -> str:
    plain = cleaned(text, 64).lower()
    return _SPELLINGS.get(plain, plain) or "unknown"


class BatchStatus(str):
    """OpenAI's status of a batch, and two of our own: `queued` (not looked at yet) and `lost` (vanished).

    Statuses that nobody knows yet are kept as they came and are not terminal. Spellings of compatible
    services (`Completed`, `inprogress`, `canceled`) are folded into OpenAI's.
    """

    __slots__ = ()

    QUEUED: ClassVar[BatchStatus]
    VALIDATING: ClassVar[BatchStatus]
    IN_PROGRESS: ClassVar[BatchStatus]
    FINALIZING: ClassVar[BatchStatus]
    COMPLETED: ClassVar[BatchStatus]
    FAILED: ClassVar[BatchStatus]
    EXPIRED: ClassVar[BatchStatus]
    CANCELLING: ClassVar[BatchStatus]
    CANCELLED: ClassVar[BatchStatus]
    LOST: ClassVar[BatchStatus]

    def __new__(cls, text: str) -> Self:
        return super().__new__(cls, _folded(text))

    @property
    def terminal(self) -> bool:
        """The batch will not change any more."""
        return self in _TERMINAL


for _known in (
    "queued",
    "validating",
    "in_progress",
    "finalizing",
    "completed",
    "failed",
    "expired",
    "cancelling",
    "cancelled",
    "lost",
):
    setattr(BatchStatus, _known.upper(), BatchStatus(_known))


@frozen
class RequestCounts:
    """Requests of a batch. Of an expired batch `completed + failed` may stay below `total`."""

    total: int = 0
    completed: int = 0
    failed: int = 0


@frozen
class BatchError:
    """One entry of a batch's own error list; any part may be missing."""

    code: str | None = None
    message: str | None = None
    param: str | None = None
    line: int | None = None


@frozen(kw_only=True)
class BatchReport:
    """What OpenAI said of a batch just now."""

    batch_id: BatchId
    status: BatchStatus
    counts: RequestCounts | None = None
    output_file_id: str | None = None
    error_file_id: str | None = None
    errors: tuple[BatchError, ...] = ()
    created_at: datetime | None = None
    in_progress_at: datetime | None = None
    finalizing_at: datetime | None = None
    expires_at: datetime | None = None


_TOLD = tuple(attribute.name for attribute in fields(BatchReport) if attribute.name not in ("batch_id", "status"))


@frozen(kw_only=True)
class BatchMissing:
    """OpenAI does not know this batch with this key (HTTP 404)."""

    batch_id: BatchId


@frozen(kw_only=True)
class LookUpFailed:
    """There was no answer about this batch. `retry_at` is the service's own word on when to come again."""

    batch_id: BatchId
    error: str
    retry_at: datetime | None = None
    credential_rejected: bool = False


Looked = BatchReport | BatchMissing | LookUpFailed


@frozen(kw_only=True)
class Batch:
    """A batch as a job knows it.

    `missing_since` is set while OpenAI answers 404; `changed_at` is when its status was last seen to change. When it
    was created and entered its stages is OpenAI's own word, for people to read: no rule looks at it.
    """

    id: BatchId
    status: BatchStatus = BatchStatus.QUEUED
    counts: RequestCounts | None = None
    output_file_id: str | None = None
    error_file_id: str | None = None
    errors: tuple[BatchError, ...] = ()
    created_at: datetime | None = None
    in_progress_at: datetime | None = None
    finalizing_at: datetime | None = None
    expires_at: datetime | None = None
    missing_since: datetime | None = None
    changed_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def ended(self) -> bool:
        """Nothing more will come of it."""
        return self.status in _TERMINAL

    @property
    def seen(self) -> bool:
        """OpenAI has answered for it at least once."""
        return self.status != BatchStatus.QUEUED

    def expected_end(self, counted_at: datetime) -> datetime | None:
        """When all requests will be done if they go on at the pace they had until `counted_at`; None: not known yet."""
        if self.ended or self.counts is None or self.in_progress_at is None or counted_at <= self.in_progress_at:
            return None
        done = self.counts.completed + self.counts.failed
        if not 0 < done < self.counts.total:
            return None
        return self.in_progress_at + (counted_at - self.in_progress_at) * (self.counts.total / done)

    def overdue(self, at: datetime) -> bool:
        """It should have ended more than an hour ago by OpenAI's own word."""
        return not self.ended and self.expires_at is not None and at - self.expires_at > OVERDUE_AFTER

    def reported(self, report: BatchReport, *, at: datetime) -> Self:
        """What OpenAI said becomes what is known. An ended batch stays as it ended."""
        if self.ended:
            return self
        news = {name: value for name in _TOLD if (value := getattr(report, name)) and value != getattr(self, name)}
        if not news and report.status == self.status and self.missing_since is None:
            return self
        return evolve(self._moved(report.status, at), missing_since=None, **news)

    def missed(self, *, at: datetime, lost_after: timedelta) -> Self:
        """OpenAI answered 404. Only a batch that was seen before is lost, and only after `lost_after` of 404s."""
        if self.ended:
            return self
        since = self.missing_since or at
        if self.seen and at - since >= lost_after:
            return evolve(self._moved(BatchStatus.LOST, at), missing_since=since)
        return self if self.missing_since else evolve(self, missing_since=at)

    def _moved(self, status: BatchStatus, at: datetime) -> Self:
        if status == self.status:
            return self
        return evolve(self, status=status, changed_at=at, ended_at=at if status.terminal else None)

    def moves_to(self, new: Batch, *, job_id: JobId, at: datetime) -> list[Event]:
        """What an observation that made this batch into `new` has to tell."""
        if self.status == new.status:
            return []
        if new.ended:
            return [BatchEnded(at=at, job_id=job_id, batch_id=new.id, status=new.status)]
        return [BatchMoved(at=at, job_id=job_id, batch_id=new.id, before=self.status, after=new.status)]


def taken(
    batches: Iterable[Batch],
    answers: Mapping[BatchId, Looked],
    *,
    job_id: JobId,
    at: datetime,
    lost_after: timedelta,
    reports_only: bool,
) -> tuple[tuple[Batch, ...], list[Event]]:
    """What these answers make of a job's batches, and what that has to tell. `reports_only`: only reports count."""
    found: list[Batch] = []
    told: list[Event] = []
    for batch in batches:
        match answers.get(batch.id):
            case BatchReport() as report:
                new = batch.reported(report, at=at)
            case BatchMissing() if not reports_only:
                new = batch.missed(at=at, lost_after=lost_after)
                if new.missing_since and not batch.missing_since:
                    told.append(BatchNotFound(at=at, job_id=job_id, batch_id=batch.id))
            case _:
                new = batch
        found.append(new)
        told += batch.moves_to(new, job_id=job_id, at=at)
    return tuple(found), told
