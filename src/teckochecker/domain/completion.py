"""How a job's batches ended, and how Keboola is told."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from attrs import frozen

from teckochecker.domain.batch import Batch, BatchStatus
from teckochecker.domain.status import JobStatus
from teckochecker.domain.values import BatchId, JobId

_ERRORS_TOLD: Final = 3


@frozen
class Completion:
    """How the batches of a job ended, in the job's order."""

    completed: tuple[BatchId, ...]
    failed: tuple[BatchId, ...]

    @property
    def status(self) -> JobStatus:
        """What the job becomes once Keboola has accepted the run."""
        return JobStatus.COMPLETED_WITH_FAILURES if self.failed else JobStatus.COMPLETED

    @classmethod
    def of(cls, batches: Iterable[Batch]) -> Completion:
        """The ending of batches that have all ended."""
        ended = tuple(batches)
        return cls(
            tuple(batch.id for batch in ended if batch.status == BatchStatus.COMPLETED),
            tuple(batch.id for batch in ended if batch.status != BatchStatus.COMPLETED),
        )


def payload(
    trigger_id: UUID, job_id: JobId, job_name: str, batches: Iterable[Batch], extra: Mapping[str, str]
) -> Mapping[str, str]:
    """The variables that the run receives: texts, never empty, because Keboola refuses empty values.

    A job's own `extra` variables come first; ours cannot be replaced by them.
    """
    ended = tuple(batches)
    completion = Completion.of(ended)
    return {
        **extra,
        "trigger_id": str(trigger_id),
        "job_id": str(job_id),
        "job_name": job_name,
        "batch_ids_completed": json.dumps(completion.completed),
        "batch_ids_failed": json.dumps(completion.failed),
        "batch_count_total": str(len(ended)),
        "batch_count_completed": str(len(completion.completed)),
        "batch_count_failed": str(len(completion.failed)),
        "batches_json": json.dumps([_told(batch) for batch in ended], ensure_ascii=False),
    }


def _told(batch: Batch) -> dict[str, Any]:
    counts = batch.counts
    return {
        "id": batch.id,
        "status": batch.status,
        "output_file_id": batch.output_file_id,
        "error_file_id": batch.error_file_id,
        "request_counts": counts and {"total": counts.total, "completed": counts.completed, "failed": counts.failed},
        "errors": [
            {"code": error.code, "message": error.message, "line": error.line} for error in batch.errors[:_ERRORS_TOLD]
        ],
    }
