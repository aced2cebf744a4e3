"""What a trigger means for its job, and following the accepted run to its end, which changes the job no more."""

from __future__ import annotations

from datetime import datetime

from attrs import evolve

from teckochecker.domain import backoff, events
from teckochecker.domain.job import PollingJob
from teckochecker.domain.protocol import TriggerState
from teckochecker.domain.run import KeboolaRun
from teckochecker.domain.status import JobStatus
from teckochecker.domain.trigger import Trigger
from teckochecker.domain.weighing import merged


def settled(job: PollingJob, trigger: Trigger, *, at: datetime) -> PollingJob:
    """The job as its trigger's state has it; to be written in the same transaction."""
    if job.status is not JobStatus.TRIGGERING or job.generation != trigger.generation:
        return job
    if trigger.state is TriggerState.ACCEPTED:
        return job.completed(at=at)
    if trigger.state is TriggerState.REFUSED:
        return job.failed(trigger.reason or "Keboola refused the run", at=at)
    return job


def followed(trigger: Trigger, run: KeboolaRun, *, at: datetime) -> Trigger:
    """The accepted run was read again. Its end changes the job no more."""
    before = trigger.run
    seen = evolve(trigger, runs=merged(trigger.runs, (run,)), last_error=None, looks=trigger.looks + 1)
    if run.finished:
        return evolve(seen, state=TriggerState.ENDED, due_at=None).tell(
            events.RunEnded,
            at,
            run_id=run.id,
            status=run.status,
            duration_s=run.duration_s,
            message=run.message,
        )
    waiting = evolve(seen, due_at=at + backoff.between_follows(trigger.looks))
    if before and before.status == run.status:
        return waiting
    return waiting.tell(events.RunMoved, at, run_id=run.id, status=run.status)


def lost_sight(trigger: Trigger, reason: str, *, at: datetime) -> Trigger:
    """The accepted run can be followed no longer."""
    ended = evolve(trigger, state=TriggerState.ENDED, reason=reason, due_at=None)
    return ended.tell(events.RunLost, at, run_id=trigger.run_id, reason=reason)
