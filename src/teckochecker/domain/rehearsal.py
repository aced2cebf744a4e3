"""A trigger for a test run: all that a real one would send, about batches that never were."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from attrs import evolve

from teckochecker.domain.batch import Batch, BatchStatus, RequestCounts
from teckochecker.domain.job import PollingJob
from teckochecker.domain.trigger import Trigger
from teckochecker.domain.values import BatchId

MARK: Final = "test-"
"""What the `trigger_id` of a test run begins with; that of a real one is a bare UUID."""


def of(job: PollingJob, id: UUID, *, at: datetime) -> Trigger:
    """What the job would send now had one batch completed and one failed. It is never stored."""
    trigger = Trigger.intend(evolve(job, batches=_made_up(at)), id, at=at)
    return evolve(trigger, payload={**trigger.payload, "trigger_id": f"{MARK}{id}"}, events=())


def _made_up(at: datetime) -> tuple[Batch, ...]:
    completed = Batch(
        id=BatchId("batch_test_completed"),
        status=BatchStatus.COMPLETED,
        counts=RequestCounts(total=2, completed=2, failed=0),
        output_file_id="file-test-output",
        ended_at=at,
    )
    failed = Batch(
        id=BatchId("batch_test_failed"),
        status=BatchStatus.FAILED,
        counts=RequestCounts(total=2, completed=0, failed=2),
        ended_at=at,
    )
    return (completed, failed)
