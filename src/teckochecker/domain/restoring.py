"""Jobs that came back from a backup: what happened to them since it was made is not known, Keboola is asked first."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from attrs import evolve

from teckochecker.domain.events import TriggerDoubted
from teckochecker.domain.job import PollingJob
from teckochecker.domain.protocol import TriggerPolicy
from teckochecker.domain.secret import Secret
from teckochecker.domain.trigger import Trigger

_OURS: Final = UUID("5f0c1a52-5ad5-4b0e-9a3e-5d9a7a3c1f10")


def trigger_id(job: PollingJob) -> UUID:
    """The id of the trigger of this generation of the job: the same again when the job comes back from a backup."""
    return uuid5(_OURS, f"{job.id} {job.created_at.isoformat()} {job.generation}")


def in_doubt(job: PollingJob, trigger: Trigger) -> bool:
    """Whether its run may have been asked for after the backup, and was not looked for yet."""
    since = job.doubted_since
    return since is not None and all(attempt.sent_at != since for attempt in trigger.attempts)


def presumed(job: PollingJob, trigger: Trigger, secret: Secret, *, at: datetime) -> Trigger:
    """Taken for sent since the backup: it is looked for now as any other whose answer is missing."""
    sent = trigger.send(secret, at=job.doubted_since or at, policy=TriggerPolicy())
    last = evolve(sent.attempts[-1], delay=timedelta(0))
    doubted = evolve(sent, attempts=(*trigger.attempts, last), due_at=at, events=trigger.events)
    return doubted.tell(TriggerDoubted, at, trigger_id=str(trigger.id))
