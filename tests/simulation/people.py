"""Who lives in a world: those who send batches and make jobs, those who meddle with them, and fate."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Coroutine, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from attrs import define, field

from teckochecker.application.change import JobChange
from teckochecker.application.errors import NotFound
from teckochecker.application.jobs import Jobs
from teckochecker.application.ports import JobQuery
from teckochecker.application.secrets import Secrets
from teckochecker.application.views import JobView
from teckochecker.domain.batch import BatchStatus
from teckochecker.domain.errors import InvalidTransition
from teckochecker.domain.events import (
    Event,
    TriggerAccepted,
    TriggerHeld,
    TriggerIntended,
    TriggerNotProcessed,
    TriggerSent,
    TriggerUnknown,
)
from teckochecker.domain.secret import Credential, SecretType
from teckochecker.domain.spec import JobSpec
from teckochecker.domain.status import DONE, JobStatus
from teckochecker.domain.values import JobId
from tests.simulation.world import PlainCipher, World

HOUR: Final = 3600.0
ENDINGS: Final = (BatchStatus.COMPLETED, BatchStatus.FAILED, BatchStatus.EXPIRED, BatchStatus.CANCELLED)
STEPS: Final = (TriggerIntended, TriggerSent, TriggerUnknown, TriggerNotProcessed, TriggerHeld, TriggerAccepted)


@define(eq=False)
class People:
    """Everybody. `endings` and `ends_at` are the truth about batches."""

    world: World
    jobs: Jobs = field(init=False)
    secrets: Secrets = field(init=False)
    endings: dict[str, str] = field(factory=dict, init=False)
    ends_at: dict[str, datetime] = field(factory=dict, init=False)
    busy: set[asyncio.Task[None]] = field(factory=set, init=False)

    def __attrs_post_init__(self) -> None:
        store, clock = self.world.store(), self.world.clock
        self.jobs = Jobs(store=store)
        self.secrets = Secrets(store=store, cipher=PlainCipher(), clock=clock, openai_base_url="https://openai")
        self.world.told = self._told

    async def settle_in(self) -> None:
        """Everything that is there before the first job."""
        for number in range(2):
            await self.secrets.add(f"openai-{number}", SecretType.OPENAI, Credential(f"sk-{number}"))
        await self.secrets.add("keboola", SecretType.KEBOOLA, self.world.token)

    async def live(self, jobs: int) -> None:
        """A day of everybody's life."""
        await asyncio.gather(*(self._one_job(number) for number in range(jobs)), self._fate())
        while self.busy:
            await asyncio.wait(self.busy)

    async def tidy_up(self) -> bool:
        """Somebody looks after what waits for a person. Says whether nothing is left to be done."""
        views = (await self.jobs.find(JobQuery(limit=1000))).jobs
        for view in views:
            await self._care(view)
        triggers = (await self.world.ground.seen()).triggers
        return all(view.job.status in DONE for view in views) and all(trigger.due_at is None for trigger in triggers)

    # Jobs

    def send(self, batch: str, ending: BatchStatus, *, after: timedelta) -> str:
        """A batch that ends so after so long."""
        self.world.batches.will(batch, ending, after=after)
        self.endings[batch], self.ends_at[batch] = ending, self.world.now + after
        return batch

    async def order(self, number: int, batches: Sequence[str], *, every: int) -> JobId:
        """A job of its own configuration that waits for these batches."""
        spec = JobSpec(
            name=f"job {number}",
            batch_ids=tuple(batches),
            openai_secret=f"openai-{number % 2}",
            keboola_secret="keboola",
            keboola_stack_url="https://connection.keboola.com",
            keboola_component_id="kds-team.app-custom-python",
            keboola_configuration_id=str(number),
            poll_interval_seconds=every,
        )
        return (await self.jobs.create(spec)).job.id

    async def _one_job(self, number: int) -> None:
        chance = self.world.random
        await asyncio.sleep(chance.uniform(0, 20) * HOUR)
        batches = [
            self.send(
                f"batch_{number}_{n}",
                chance.choice(ENDINGS) if chance.random() < 0.3 else BatchStatus.COMPLETED,
                after=timedelta(hours=chance.uniform(0, 2)),
            )
            for n in range(chance.choice((1, 1, 2, 4)))
        ]
        job_id = await self.order(number, batches, every=chance.randint(300, 3600))
        if chance.random() < 0.5:
            await asyncio.sleep(chance.uniform(0, 2) * HOUR)
            await self._meddle(job_id)

    def _told(self, event: Event) -> None:
        """At each step of a trigger somebody may come in between."""
        world = self.world
        if event.job_id is not None and isinstance(event, STEPS) and world.happens(world.troubles.meddling):
            self.do(self._later(event.job_id))

    async def _later(self, job_id: JobId) -> None:
        await asyncio.sleep(self.world.random.choice((0.0, 0.5, 20.0, 200.0)) * self.world.random.random())
        await self._meddle(job_id)

    async def _meddle(self, job_id: JobId) -> None:
        chance, jobs = self.world.random, self.jobs
        try:
            match chance.randrange(9):
                case 0 | 1:
                    await jobs.pause(job_id)
                    await asyncio.sleep(chance.uniform(0, 1) * HOUR)
                    await jobs.resume(job_id)
                case 2:
                    await jobs.check_now(job_id)
                case 3:
                    await jobs.edit(job_id, JobChange(poll_interval_seconds=chance.randint(300, 3600)))
                case 4:
                    await jobs.edit(job_id, JobChange(variables={"colour": str(chance.randrange(9))}))
                case 5:
                    await jobs.retry(job_id, again=chance.random() < 0.5)
                case 6:
                    await jobs.delete(job_id)
                case 7:
                    await self.replace_token()
                case 8 if not self.world.careful:
                    self.world.keboola.revoke(self.world.token)
                    await asyncio.sleep(chance.uniform(0, 2) * HOUR)
                    await self.replace_token()
        except (InvalidTransition, NotFound):
            # the job had gone on meanwhile, and says so
            return

    async def replace_token(self) -> None:
        """The secret has a new token of the same project."""
        await self.secrets.replace("keboola", self.world.new_token())

    async def _care(self, view: JobView) -> None:
        try:
            if view.job.status is JobStatus.PAUSED:
                await self.jobs.resume(view.job.id)
            elif view.job.status is JobStatus.FAILED:
                await self.jobs.retry(view.job.id)
        except InvalidTransition:
            return

    # Fate

    async def _fate(self) -> None:
        """What befalls all at once, now and then."""
        world, chance = self.world, self.world.random
        await asyncio.sleep(chance.uniform(0, 24) * HOUR)
        match chance.randrange(8):
            case 0:
                world.keboola_is_down = True
                await asyncio.sleep(chance.choice((1.0, 24.0)) * HOUR)
                world.keboola_is_down = False
            case 1:
                key = Credential(f"sk-{chance.randrange(2)}")
                world.batches.revoke(key)
                await asyncio.sleep(chance.uniform(0, 3) * HOUR)
                world.batches.accept(key)
                await self.secrets.replace(f"openai-{key.reveal()[-1]}", key)
            case _ if world.troubles.clock_jumps:
                for instance in world.instances.values():
                    if chance.random() < 0.5:
                        instance.clock.offset = timedelta(seconds=chance.uniform(-3600, 3600))

    def do(self, work: Coroutine[Any, Any, None]) -> None:
        """Somebody does this meanwhile."""
        # told by an instance, but not its child: people do not die with a process
        task = contextvars.Context().run(asyncio.get_running_loop().create_task, work)
        self.busy.add(task)
        task.add_done_callback(self.busy.discard)
