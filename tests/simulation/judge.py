"""The judges: they look only at the services' truth and at what is stored in the end."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

from teckochecker.domain.events import (
    Event,
    JobCompleted,
    JobCreated,
    JobFailed,
    JobPaused,
    JobResumed,
    JobRetried,
    TriggerIntended,
    TriggerWithdrawn,
)
from teckochecker.domain.protocol import OPEN, TriggerState
from teckochecker.domain.run import Outcome
from teckochecker.domain.status import DONE, MOVES, JobStatus
from tests.simulation.grounds import Seen
from tests.simulation.people import People
from tests.simulation.world import World

RAN = frozenset({TriggerState.ACCEPTED, TriggerState.ENDED})
REFUSAL = 400  # the one way in which the simulated Keboola refuses for good
ROUNDING = timedelta(milliseconds=1)  # of times that are told from what has passed since the storage was asked
ENDED = DONE | {JobStatus.FAILED}


def faults(seen: Seen, world: World, people: People) -> Iterator[str]:
    """Everything that must not be, once all is calm."""
    yield from broken(seen, world, people)
    for trigger in seen.triggers:
        count = _worked(world)[str(trigger.id)]
        # a job that was deleted while its request was out may have its one run after we have given up looking for it
        late = seen.jobs[trigger.job_id].deleted_at and not trigger.surely_unsent
        if count != (trigger.state in RAN) and not (late and count == 1):
            yield f"{count} run(s) did the work of job {trigger.job_id}, whose trigger is {trigger.state.value}"
        if trigger.state in OPEN:
            yield f"the trigger of job {trigger.job_id} is stuck: {trigger.state.value}, {trigger.last_error}"
    yield from _jobs(seen, people)


def broken(seen: Seen, world: World, people: People) -> Iterator[str]:
    """What must not be at any moment: two runs that work for one trigger, one too early, a move without a cause."""
    yield from (f"the program failed: {fault.fault} in {fault.where}" for fault in world.faults)
    yield from world.broken
    for trigger_id, count in _worked(world).items():
        if count > 1:
            yield f"{count} runs of trigger {trigger_id} have worked"
    yield from _needless(seen, world)
    yield from _hasty(seen, world)
    yield from _groundless(seen)
    for run in world.keboola.runs:
        for batch in json.loads(run.variables["batches_json"]):
            if run.created_at < people.ends_at[batch["id"]]:
                yield f"run {run.id} was asked for before {batch['id']} had ended"
            if batch["status"] != people.endings[batch["id"]]:
                yield f"run {run.id} was told a wrong status of {batch['id']}"
    yield from _history(seen)


def _needless(seen: Seen, world: World) -> Iterator[str]:
    """A run that was there before it was looked for is found, however the search lags, and not asked for again."""
    for trigger in seen.triggers:
        created = [run.created_at for run in world.keboola.runs if run.variables["trigger_id"] == str(trigger.id)]
        for sent in trigger.attempts[:-1]:
            lost_at = sent.answered_at if sent.outcome is Outcome.UNKNOWN else None
            if lost_at and any(at <= lost_at for at in created):
                yield f"job {trigger.job_id} was sent again after attempt {sent.n}, although its run was there"


def _hasty(seen: Seen, world: World) -> Iterator[str]:
    """While a run may exist, nothing is sent before the grace is over, and never for a job that was deleted."""
    for trigger in seen.triggers:
        for sent, again in pairwise(trigger.attempts):
            if sent.may_exist and again.sent_at - sent.sent_at < world.policy.grace:
                yield f"job {trigger.job_id} was sent again before attempt {sent.n} could be looked for"
        gone = seen.jobs[trigger.job_id].deleted_at
        if gone and any(sent.sent_at - gone > ROUNDING for sent in trigger.attempts):
            yield f"job {trigger.job_id} was sent although it had been deleted"
        if trigger.state is TriggerState.WITHDRAWN and not gone and not trigger.surely_unsent:
            yield f"the run of job {trigger.job_id} was called off although it may exist"


def _groundless(seen: Seen) -> Iterator[str]:
    """A job fails when Keboola has refused its run for good, and for no other reason."""
    failed = Counter(event.job_id for event in seen.events if isinstance(event, JobFailed) and event.job_id)
    refused = Counter(trigger.job_id for trigger in seen.triggers for sent in trigger.attempts if sent.http == REFUSAL)
    yield from (
        f"job {job_id} failed without having been refused" for job_id in failed if failed[job_id] > refused[job_id]
    )


def _worked(world: World) -> Counter[str]:
    """How many runs did work for each trigger."""
    return Counter(run.variables["trigger_id"] for run in world.keboola.runs if run.begun_at)


def _jobs(seen: Seen, people: People) -> Iterator[str]:
    """Everything is done, and shows what is true."""
    for job in seen.jobs.values():
        if job.deleted_at:
            continue
        if job.status not in DONE:
            yield f"{job.name} is stuck: {job.status.value}, next check {job.next_check_at}, {job.last_error}"
        elif any(batch.status != people.endings[batch.id] for batch in job.batches):
            yield f"{job.name} shows other statuses than OpenAI"


def _history(seen: Seen) -> Iterator[str]:
    """The history alone tells how each job stands, by moves that there are, and what has ended stays so."""
    stands: dict[int | None, JobStatus] = {}
    for event in seen.events:
        before = stands.get(event.job_id)
        after = _moved(event, before)
        if after is None:
            continue
        if before and after is not before and after not in MOVES[before]:
            yield f"job {event.job_id} went from {before.value} to {after.value}: {event}"
        if isinstance(event, JobCompleted | JobFailed) and before in ENDED:
            yield f"job {event.job_id} ended twice, and nobody had asked for it"
        stands[event.job_id] = after
    for job in seen.jobs.values():
        if stands[job.id] is not job.status and not job.deleted_at:
            yield f"{job.name} is {job.status.value}, but its history says {stands[job.id].value}"


def _moved(event: Event, before: JobStatus | None) -> JobStatus | None:
    """How a job stands after an event, where the event says so."""
    match event:
        case JobCreated() | JobResumed():
            return JobStatus.ACTIVE
        case JobPaused():
            return JobStatus.PAUSED
        case TriggerIntended() if before not in DONE:
            return JobStatus.TRIGGERING
        case TriggerWithdrawn() if before is JobStatus.TRIGGERING:
            return JobStatus.ACTIVE
        case JobRetried() if before is JobStatus.FAILED:
            return JobStatus.ACTIVE
        case JobCompleted():
            return JobStatus(event.status)
        case JobFailed():
            return JobStatus.FAILED
    return None
