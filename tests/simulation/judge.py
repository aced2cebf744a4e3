"""The judges: they look only at the services' truth and at what is stored in the end."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from teckochecker.domain.events import JobCompleted, JobFailed, JobRetried
from teckochecker.domain.protocol import OPEN, TriggerState
from teckochecker.domain.status import DONE
from tests.simulation.people import People
from tests.simulation.world import World

RAN = frozenset({TriggerState.ACCEPTED, TriggerState.ENDED})


def faults(world: World, people: People) -> Iterator[str]:
    """Everything that must not be."""
    yield from (f"the program failed: {fault.fault} in {fault.where}" for fault in world.faults)
    yield from world.broken
    yield from _runs(world, people)
    yield from _jobs(world, people)
    yield from _history(world)


def _runs(world: World, people: People) -> Iterator[str]:
    """One run that did work for each trigger that was accepted, none for any other, and none too early."""
    runs = world.keboola.runs
    worked = Counter(run.variables["trigger_id"] for run in runs if run.begun_at)
    for row in world.memory.triggers.values():
        trigger, count = row.trigger, worked[str(row.trigger.id)]
        if count > 1:
            yield f"job {trigger.job_id} ran twice: {count} runs of trigger {trigger.id}"
        # a job that was deleted while its request was out may have its one run after we have given up looking for it
        late = world.memory.jobs[trigger.job_id].deleted_at and not trigger.surely_unsent
        if count != (trigger.state in RAN) and not (late and count == 1):
            yield f"{count} run(s) did the work of job {trigger.job_id}, whose trigger is {trigger.state.value}"
        if trigger.state in OPEN:
            yield f"the trigger of job {trigger.job_id} is stuck: {trigger.state.value}, {trigger.last_error}"
    for run in runs:
        for batch in json.loads(run.variables["batches_json"]):
            if run.created_at < people.ends_at[batch["id"]]:
                yield f"run {run.id} was asked for before {batch['id']} had ended"
            if batch["status"] != people.endings[batch["id"]]:
                yield f"run {run.id} was told a wrong status of {batch['id']}"


def _jobs(world: World, people: People) -> Iterator[str]:
    """Everything is done, and shows what is true."""
    for job in world.memory.jobs.values():
        if job.deleted_at:
            continue
        if job.status not in DONE:
            yield f"{job.name} is stuck: {job.status.value}, next check {job.next_check_at}, {job.last_error}"
        elif any(batch.status != people.endings[batch.id] for batch in job.batches):
            yield f"{job.name} shows other statuses than OpenAI"


def _history(world: World) -> Iterator[str]:
    """What has ended stays so, unless a person asks for more."""
    ended: set[int | None] = set()
    for entry in world.memory.history:
        event = entry.event
        if isinstance(event, JobCompleted | JobFailed):
            if event.job_id in ended:
                yield f"job {event.job_id} ended twice, and nobody had asked for it"
            ended.add(event.job_id)
        elif isinstance(event, JobRetried):
            ended.discard(event.job_id)
