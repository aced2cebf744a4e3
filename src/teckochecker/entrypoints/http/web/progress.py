"""How far a job is, as bars draw it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from attrs import frozen

from teckochecker.domain.batch import Batch, RequestCounts
from teckochecker.domain.job import PollingJob
from teckochecker.entrypoints.http.web.words import number

_SEEN: Final = 1.2  # percent: so wide is a failed part at the least, so that one failure is seen


@frozen(kw_only=True)
class Bar:
    """Requests as a bar: `done` and `failed` are percent of its width."""

    counts: RequestCounts
    ended: bool
    done: float
    failed: float

    @classmethod
    def of(cls, counts: RequestCounts | None, *, ended: bool) -> Bar | None:
        """The bar of these counts; None where none are known."""
        if counts is None or not counts.total:
            return None
        failed = max(100 * counts.failed / counts.total, _SEEN) if counts.failed else 0.0
        done = min(100 * (counts.completed + counts.failed) / counts.total, 100.0)
        return cls(counts=counts, ended=ended, done=round(max(done - failed, 0), 1), failed=round(failed, 1))

    @property
    def finished(self) -> int:
        """Requests that have an end, good or bad."""
        return self.counts.completed + self.counts.failed

    @property
    def said(self) -> str:
        """The bar for those who cannot see it."""
        counts = self.counts
        return f"{number(self.finished)} done, {number(counts.failed)} failed, {number(counts.total)} in all"


def of_job(job: PollingJob) -> Bar | None:
    """The requests of all batches together."""
    known = [batch.counts for batch in job.batches if batch.counts]
    total = RequestCounts(
        sum(counts.total for counts in known),
        sum(counts.completed for counts in known),
        sum(counts.failed for counts in known),
    )
    return Bar.of(total, ended=not job.open_batches)


def of_batch(batch: Batch) -> Bar | None:
    """The requests of one batch."""
    return Bar.of(batch.counts, ended=batch.ended)


def expected_end(job: PollingJob) -> datetime | None:
    """When the last batch is expected to end; None while that of any is not known."""
    seen = job.last_check_at
    if seen is None:
        return None
    ends = [batch.expected_end(seen) for batch in job.batches if not batch.ended]
    known = [end for end in ends if end]
    return max(known) if known and len(known) == len(ends) else None
