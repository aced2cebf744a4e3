"""A day in a simulated world, and the judges who look at its end: only at the services' truth and at what is stored."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from datetime import timedelta

from attrs import field, frozen

from teckochecker.application.change import JobChange
from teckochecker.application.jobs import Jobs
from teckochecker.application.ports import JobQuery
from teckochecker.domain.batch import BatchStatus
from teckochecker.domain.errors import InvalidTransition
from teckochecker.domain.secret import Credential, SecretType
from teckochecker.domain.spec import JobSpec
from teckochecker.domain.status import DONE, JobStatus
from tests.simulation.virtual import run_virtually
from tests.simulation.world import World, WorldClock, start_task

HOUR = 3600.0
ENDINGS = (BatchStatus.COMPLETED, BatchStatus.FAILED, BatchStatus.EXPIRED, BatchStatus.CANCELLED)


@frozen(kw_only=True)
class Verdict:
    """What the judges found wrong, and how much was tried."""

    seed: int
    twice: tuple[str, ...] = ()
    early: tuple[str, ...] = ()
    stuck: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    triggers: int = 0
    crashes: int = 0
    stops: int = 0
    resent: int = 0
    trace: tuple[str, ...] = field(default=(), repr=False)

    @property
    def violations(self) -> int:
        return sum(map(len, (self.twice, self.early, self.stuck, self.wrong, self.faults)))


def a_day(world: World, *, jobs: int = 6) -> Verdict:
    """24 hours of trouble, 12 calm ones, and the judges."""
    return run_virtually(_a_day(world, jobs))


async def _a_day(world: World, count: int) -> Verdict:
    asyncio.get_running_loop().set_task_factory(start_task)
    people, secrets = world.people()
    for number in range(2):
        await secrets.add(f"openai-{number}", SecretType.OPENAI, Credential(f"sk-{number}"))
    await secrets.add("keboola", SecretType.KEBOOLA, Credential("901-token"))
    living = [asyncio.create_task(world.live(name)) for name in ("a", "b")]
    crowd = [asyncio.create_task(_one_job(world, people, number)) for number in range(count)]
    await asyncio.sleep(24 * HOUR)
    world.calm = True
    await asyncio.gather(*crowd)
    for view in (await people.find(JobQuery())).jobs:
        if view.job.status is JobStatus.PAUSED:
            await people.resume(view.job.id)
    await asyncio.sleep(12 * HOUR)
    verdict = await _judge(world, people)
    for task in living:
        task.cancel()
    for instance in world.instances.values():
        instance.alive = False
        for task in instance.tasks:
            task.cancel()
    await asyncio.gather(*living, *(task for i in world.instances.values() for task in i.tasks), return_exceptions=True)
    return verdict


async def _one_job(world: World, people: Jobs, number: int) -> None:
    """Somebody sends batches, makes a job, and meddles with it now and then."""
    chance: random.Random = world.random
    await asyncio.sleep(chance.uniform(0, 20) * HOUR)
    batches = [f"batch_{number}_{n}" for n in range(chance.randint(1, 4))]
    begun = WorldClock().now()
    world.ends_at[str(number)] = begun
    for batch in batches:
        ending = chance.choice(ENDINGS) if chance.random() < 0.3 else BatchStatus.COMPLETED
        after = timedelta(hours=chance.uniform(0, 3))
        world.batches.will(batch, ending, after=after)
        world.endings[batch] = ending
        world.ends_at[str(number)] = max(world.ends_at[str(number)], begun + after)
    spec = JobSpec(
        name=f"job {number}",
        batch_ids=tuple(batches),
        openai_secret=f"openai-{number % 2}",
        keboola_secret="keboola",
        keboola_stack_url="https://connection.keboola.com",
        keboola_component_id="kds-team.app-custom-python",
        keboola_configuration_id=str(number),
        poll_interval_seconds=chance.randint(60, 3600),
    )
    job = (await people.create(spec)).job
    for _ in range(chance.randint(0, 3)):
        await asyncio.sleep(chance.uniform(0, 2) * HOUR)
        await _meddle(chance, people, job.id)


async def _meddle(chance: random.Random, people: Jobs, job_id: int) -> None:
    try:
        match chance.randrange(4):
            case 0:
                await people.pause(job_id)
                await asyncio.sleep(chance.uniform(0, 1) * HOUR)
                await people.resume(job_id)
            case 1:
                await people.check_now(job_id)
            case 2:
                await people.edit(job_id, JobChange(poll_interval_seconds=chance.randint(60, 3600)))
            case 3:
                await people.edit(job_id, JobChange(variables={"colour": str(chance.randrange(9))}))
    except InvalidTransition:
        # the job had gone on meanwhile, and says so
        return


async def _judge(world: World, people: Jobs) -> Verdict:
    views = (await people.find(JobQuery(limit=1000))).jobs
    runs = world.keboola.runs
    worked = Counter(run.variables["trigger_id"] for run in runs if run.begun_at)
    stuck: list[str] = []
    wrong: list[str] = []
    for view in views:
        job, trigger = view.job, view.trigger
        if job.status not in DONE:
            state = trigger and (trigger.state.value, trigger.reason, trigger.due_at)
            stuck.append(f"{job.name} is {job.status.value}: {state}, next {job.next_check_at}")
            continue
        assert trigger is not None
        if worked[str(trigger.id)] == 0:
            wrong.append(f"{job.name} is {job.status.value}, but no run of {trigger.id} did work")
        if any(batch.status != world.endings[batch.id] for batch in job.batches):
            wrong.append(f"{job.name} shows other statuses than OpenAI")
    early = [
        f"run {run.id} of job {run.target.configuration_id}"
        for run in runs
        if run.created_at < world.ends_at[run.target.configuration_id]
    ]
    return Verdict(
        seed=world.seed,
        twice=tuple(f"{trigger}: {count} runs" for trigger, count in worked.items() if count > 1),
        early=tuple(early),
        stuck=tuple(stuck),
        wrong=tuple(wrong),
        faults=tuple(fault.fault for fault in world.faults),
        triggers=len(views),
        crashes=world.crashes,
        stops=world.stops,
        resent=sum(len(view.trigger.attempts) > 1 for view in views if view.trigger),
        trace=tuple(f"{event.at:%d %H:%M:%S} {event.job_id} {event.kind} {event}" for event in world.events),
    )
