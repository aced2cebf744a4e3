"""The use cases of jobs. People take no lease: they change the row, and the watching finds it changed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import field, frozen

from teckochecker.application.actor import LIBRARY, Actor
from teckochecker.application.audit import note
from teckochecker.application.change import JobChange
from teckochecker.application.errors import EditedMeanwhile
from teckochecker.application.ports import HistoryEntry, JobQuery, Store, UnitOfWork
from teckochecker.application.terms import Terms
from teckochecker.application.views import JobView, JobViews, Overview, overview, views
from teckochecker.domain import decisions, editing
from teckochecker.domain.errors import InvalidTransition
from teckochecker.domain.job import PollingJob
from teckochecker.domain.restoring import trigger_id
from teckochecker.domain.spec import JobSpec
from teckochecker.domain.status import JobStatus
from teckochecker.domain.trigger import Trigger
from teckochecker.domain.values import IntervalBounds, JobId


@frozen(kw_only=True)
class Jobs:
    """Create, read, edit, pause, resume, retry and delete jobs."""

    store: Store
    bounds: IntervalBounds = field(factory=IntervalBounds)
    allowed_stacks: tuple[str, ...] = ()
    actor: Actor = LIBRARY

    async def create(self, spec: JobSpec) -> JobView:
        """A new job, looked at for the first time at once.

        Raises:
            InvalidValue: interval, stack, component, configuration or variables break their rule.
            SecretNotFound: a secret does not exist, or is of the other type.
        """
        async with self.store.work() as work:
            job = await self.create_in(work, spec)
            await work.commit()
        return JobView(job=job)

    async def create_in(self, work: UnitOfWork, spec: JobSpec) -> PollingJob:
        """The same within a unit of work."""
        wanted = await self.terms.wanted(work, spec)
        job = PollingJob.begin(
            await work.jobs.next_id(),
            spec,
            openai=wanted.openai,
            keboola=wanted.keboola,
            target=wanted.target,
            interval=wanted.interval,
            at=await work.now(),
        )
        await work.jobs.add(job)
        await note(work, self.actor, "job.create", after=job, at=job.created_at)
        return job

    async def get(self, job_id: int) -> JobView:
        """One job.

        Raises:
            JobNotFound: there is none.
        """
        async with self.store.view() as view:
            return (await views(view, [await view.jobs.get(JobId(job_id))]))[0]

    async def these(self, job_ids: Collection[int]) -> Sequence[JobView]:
        """Those of these jobs that exist, in the order of their ids."""
        async with self.store.view() as view:
            return await views(view, await view.jobs.get_many([JobId(job_id) for job_id in job_ids]))

    async def find(self, query: JobQuery) -> JobViews:
        """A page of jobs, newest first."""
        async with self.store.view() as view:
            page = await view.jobs.find(query)
            return JobViews(jobs=tuple(await views(view, page.jobs)), total=page.total, more=page.more)

    async def overview(self) -> Overview:
        """How many jobs there are in each status, and what keeps jobs waiting for a person."""
        async with self.store.view() as view:
            return await overview(view)

    async def history(self, job_id: int, *, limit: int = 100) -> Sequence[HistoryEntry]:
        """What happened to a job, newest first.

        Raises:
            JobNotFound: there is none.
        """
        async with self.store.view() as view:
            await view.jobs.get(JobId(job_id))
            return await view.history.of_job(JobId(job_id), limit=limit)

    async def pause(self, job_id: int) -> JobView:
        """No more checks; a run that surely was not sent yet is called off.

        Raises:
            InvalidTransition: the job is finished, paused already, or its run may exist.
        """
        return await self._decide("job.pause", job_id, lambda job, at: job.pause(at=at), calls_off=True)

    async def resume(self, job_id: int) -> JobView:
        """Checks go on, the first at once.

        Raises:
            InvalidTransition: the job is not paused.
        """
        return await self._decide("job.resume", job_id, lambda job, at: job.resume(at=at))

    async def check_now(self, job_id: int) -> JobView:
        """The next check comes at once; of a triggering job, the next step of its trigger.

        Raises:
            InvalidTransition: the job is paused or finished.
        """
        return await self._decide("job.check_now", job_id, lambda job, at: job.check_now(at=at), nudges=True)

    async def edit(self, job_id: int, change: JobChange, *, version: int | None = None) -> JobView:
        """Change what is named. A run that surely was not sent yet is called off and the job watched again.

        Raises:
            EditedMeanwhile: `version` was given and somebody else decided something since.
            InvalidTransition, InvalidValue, SecretNotFound: as for `create`, or the state forbids it.
        """
        async with self.store.work() as work:
            # secrets come before jobs in the order of locks
            secrets = await self.terms.secrets(work, change)
            job = await work.jobs.get(JobId(job_id), lock=True)
            if version is not None and version != job.version:
                raise EditedMeanwhile(f"Job '{job.name}' was changed meanwhile; read it again and repeat your change")
            await self.edit_in(work, job, await self.terms.changes(work, job, change, *secrets))
            await work.commit()
        return await self.get(job_id)

    async def edit_in(self, work: UnitOfWork, job: PollingJob, changes: Mapping[str, Any]) -> PollingJob:
        """Change a job that was read to be written; `changes` as `editing.edited` takes them.

        Raises:
            InvalidTransition: as for `edit`.
        """
        known, at = job, await work.now()
        if job.status is JobStatus.TRIGGERING and not editing.news(job, changes).keys() <= editing.WHILE_TRIGGERING:
            job = await _call_off(work, job, at)
            job = job.withdrawn(at=at)
        edited = editing.edited(job, changes, at=at)
        await work.jobs.save([edited])
        if editing.news(known, changes).keys() & editing.CHECKED:
            await work.checks.forget(known.id)
        await note(work, self.actor, "job.edit", before=known, after=edited, at=at)
        return edited

    async def retry(self, job_id: int, *, again: bool = False, send: bool = False) -> JobView:
        """Send a refused run on its way again, or take the next step of a held one now.

        `send`: a person looked in Keboola, found no run, and wants it sent again. `again`: one more run of a
        job that completed, on purpose.

        Raises:
            InvalidTransition: there is nothing to retry.
        """
        async with self.store.work() as work:
            known = job = await work.jobs.get(JobId(job_id), lock=True)
            at = await work.now()
            triggers = await work.triggers.of_job(job.id, lock=True)
            latest = triggers[0] if triggers else None
            if again:
                job = job.again(at=at)
                if latest and latest.unsettled:
                    raise InvalidTransition(f"A run of job '{job.name}' is {latest.state.words}; wait for it")
                await work.jobs.save([job])
                await work.triggers.add(Trigger.intend(job, trigger_id(job), at=at))
            elif latest and latest.unsettled:
                await work.triggers.save(
                    decisions.sent_again(latest, at=at) if send else decisions.nudged(latest, at=at)
                )
            else:
                job = job.retry(at=at)
                await work.jobs.save([job])
                if job.status is JobStatus.TRIGGERING and latest:
                    await work.triggers.save(decisions.renewed(latest, job, at=at))
                elif job.status is JobStatus.TRIGGERING:
                    await work.triggers.add(Trigger.intend(job, trigger_id(job), at=at))
            asked = {"again": again} if again else {"send": send} if send else {}
            await note(work, self.actor, "job.retry", before=known, after=job, at=at, **asked)
            await work.commit()
        return await self.get(job_id)

    async def delete(self, job_id: int) -> None:
        """Gone from every list at once. A run that may have been sent is still looked after, never sent again.

        Raises:
            JobNotFound: there is none.
        """
        async with self.store.work() as work:
            job = await work.jobs.get(JobId(job_id), lock=True)
            at = await work.now()
            for trigger in await work.triggers.of_job(job.id, lock=True):
                if trigger.unsettled and trigger.surely_unsent:
                    await work.triggers.save(decisions.abandon(trigger, at=at))
            await work.jobs.save([job.delete(at=at)])
            await note(work, self.actor, "job.delete", before=job, at=at)
            await work.commit()

    @property
    def terms(self) -> Terms:
        """What jobs may be."""
        return Terms(bounds=self.bounds, allowed_stacks=self.allowed_stacks)

    async def _decide(
        self,
        action: str,
        job_id: int,
        step: Callable[[PollingJob, datetime], PollingJob],
        *,
        calls_off: bool = False,
        nudges: bool = False,
    ) -> JobView:
        async with self.store.work() as work:
            known = job = await work.jobs.get(JobId(job_id), lock=True)
            at = await work.now()
            if nudges and job.status is JobStatus.TRIGGERING:
                for trigger in await work.triggers.of_job(job.id, lock=True):
                    await work.triggers.save(decisions.nudged(trigger, at=at))
            else:
                if calls_off and job.status is JobStatus.TRIGGERING:
                    job = await _call_off(work, job, at)
                job = step(job, at)
                await work.jobs.save([job])
            await note(work, self.actor, action, before=known, after=job, at=at)
            await work.commit()
        return await self.get(job_id)


async def _call_off(work: UnitOfWork, job: PollingJob, at: datetime) -> PollingJob:
    for trigger in await work.triggers.of_job(job.id, lock=True):
        await work.triggers.save(decisions.withdraw(trigger, at=at))
    return job
