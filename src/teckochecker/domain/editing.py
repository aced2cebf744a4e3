"""Editing a job: what may be changed in which state, and what a change starts anew."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from attrs import evolve

from teckochecker.domain import events
from teckochecker.domain.batch import Batch
from teckochecker.domain.job import PollingJob
from teckochecker.domain.status import DONE, JobStatus

WHILE_TRIGGERING: Final = frozenset({"name", "interval"})
"""What a run that is being started does not depend on."""

CHECKED: Final = frozenset({"target", "openai_secret_id", "keboola_secret_id", "batches"})
"""What was found of these when the job was checked holds no longer once they change."""


def news(job: PollingJob, changes: Mapping[str, Any]) -> Mapping[str, Any]:
    """What of these changes differs from what the job is. Batches already looked at keep their history.

    `changes` maps field names of a job to new values; `batches` is a tuple of batch ids.
    """
    known = {batch.id: batch for batch in job.batches}
    new = dict(changes)
    if "batches" in new:
        new["batches"] = tuple(known.get(batch_id) or Batch(id=batch_id) for batch_id in new["batches"])
    return {key: value for key, value in new.items() if getattr(job, key) != value}


def edited(job: PollingJob, changes: Mapping[str, Any], *, at: datetime) -> PollingJob:
    """The job with these changes; the very same when they bring nothing new.

    A triggering job is edited only after its trigger was withdrawn; a finished one keeps all but its name.

    Raises:
        InvalidTransition: the job's state does not allow one of the changes.
    """
    new = news(job, changes)
    if not new:
        return job
    free = WHILE_TRIGGERING if job.status is JobStatus.TRIGGERING else {"name"}
    if job.status in DONE | {JobStatus.TRIGGERING} and not new.keys() <= free:
        raise job.refusal("edited except for its name")
    told = events.JobEdited(at=at, job_id=job.id, changed=tuple(sorted(new)))
    anew: dict[str, Any] = {"overdue_at": None} if "batches" in new else {}
    if job.status is JobStatus.ACTIVE and not new.keys() <= {"name"}:
        anew |= {"next_check_at": at, "failures": 0, "last_error": None}
    return evolve(job, version=job.version + 1, **new, **anew).tell(told)
