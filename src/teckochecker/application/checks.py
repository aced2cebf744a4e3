"""Jobs that are checked before they are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from attrs import evolve, frozen

from teckochecker.application.change import JobChange
from teckochecker.application.errors import CheckFailed, JobNotFound, KeyReused, KeyTaken
from teckochecker.application.jobs import Jobs
from teckochecker.application.ports import Once, UnitOfWork
from teckochecker.application.preflight import Preflight, Subject
from teckochecker.application.terms import Wanted
from teckochecker.application.views import JobView
from teckochecker.domain import editing
from teckochecker.domain.findings import Checked, Level
from teckochecker.domain.job import PollingJob
from teckochecker.domain.secret import Secret, SecretId
from teckochecker.domain.spec import JobSpec
from teckochecker.domain.values import JobId

_AT_ONCE: Final = 8


@frozen(kw_only=True)
class CheckedJobs(Jobs):
    """Jobs whose surroundings are looked at when they are created or edited, unless that is not wanted.

    What is found is kept with the job. Errors refuse it; what could not be read never does.
    """

    preflight: Callable[[], Preflight]

    async def create(self, spec: JobSpec, *, check: bool = True) -> JobView:
        """A new job, looked at for the first time at once. `check`: look first at what it depends on.

        Raises:
            CheckFailed: something would surely make the job fail; nothing was kept.
            InvalidValue, SecretNotFound: as for `Jobs.create`.
        """
        return await self._create(spec, check=check, once=None)

    async def create_once(self, spec: JobSpec, once: Once, *, check: bool = True) -> tuple[JobView, bool]:
        """As `create`, but a key makes one job however often it is asked for. Says whether the job is new.

        Raises:
            KeyReused: this actor made something else under this key, or a job that was deleted since.
            CheckFailed, InvalidValue, SecretNotFound: as for `create`.
        """
        made = await self._made_under(once)
        if made:
            return made, False
        try:
            return await self._create(spec, check=check, once=once), True
        except KeyTaken:  # by the same request, sent twice at the same time
            return await self.create_once(spec, once, check=check)

    async def edit(self, job_id: int, change: JobChange, *, version: int | None = None, check: bool = True) -> JobView:
        """Change what is named. `check`: look first at what the job depends on, where that changes.

        Raises:
            CheckFailed: something would surely make the job fail; nothing was changed.
            EditedMeanwhile, InvalidTransition, InvalidValue, SecretNotFound: as for `Jobs.edit`.
        """
        subject = await self._changed(job_id, change)
        checked = await self._passed(subject) if subject and check else None
        view = await super().edit(job_id, change, version=version)
        return evolve(view, checked=await self._keep(view.job.id, checked)) if checked else view

    async def rehearse(self, spec: JobSpec) -> Checked:
        """What would be found if this job were created. Nothing is kept, and nothing refused.

        Raises:
            InvalidValue, SecretNotFound: as for `Jobs.create`.
        """
        return await self.preflight().of(await self._wanted(spec))

    async def check(self, job_id: int) -> JobView:
        """Look now at what a job depends on. It refuses nothing.

        Raises:
            JobNotFound: there is none.
        """
        async with self.store.view() as view:
            job = await view.jobs.get(JobId(job_id))
            subject = await _subject(view, job)
        checked = await self.preflight().of(subject)
        await self._keep(job.id, checked)
        return await self.get(job_id)

    async def look_at(self, subjects: Mapping[str, Subject]) -> Mapping[str, Checked]:
        """What is found of several, by their names; a few at once, so that none waits in vain for its answers."""
        room = asyncio.Semaphore(_AT_ONCE)

        async def look(subject: Subject) -> Checked:
            async with room:
                return await self.preflight().of(subject)

        found = await asyncio.gather(*map(look, subjects.values()))
        return dict(zip(subjects, found, strict=True))

    async def _create(self, spec: JobSpec, *, check: bool, once: Once | None) -> JobView:
        checked = await self._passed(await self._wanted(spec)) if check else None
        async with self.store.work() as work:
            job = await self.create_in(work, spec)
            if checked:
                await work.checks.keep(job.id, checked)
            if once:
                await work.once.add(self.actor.name, once, job.id, at=job.created_at)
            await work.commit()
        return JobView(job=job, checked=checked)

    async def _made_under(self, once: Once) -> JobView | None:
        async with self.store.view() as view:
            made = await view.once.made(self.actor.name, once.key)
        if made is None:
            return None
        if made.body != once.body:
            raise KeyReused("This Idempotency-Key was used with another body; take a new key for a new job")
        try:
            return await self.get(made.job_id)
        except JobNotFound as error:
            told = f"Job {made.job_id}, made under this Idempotency-Key, was deleted; take a new key for a new job"
            raise KeyReused(told) from error

    async def _passed(self, subject: Subject) -> Checked:
        checked = await self.preflight().of(subject)
        if checked.of(Level.ERROR):
            raise CheckFailed(checked)
        return checked

    async def _keep(self, job_id: JobId, checked: Checked) -> Checked:
        async with self.store.work() as work:
            await work.checks.keep(job_id, checked)
            await work.commit()
        return checked

    async def _wanted(self, spec: JobSpec) -> Subject:
        async with self.store.work() as work:  # and left without keeping anything
            return subject_of(await self.terms.wanted(work, spec), spec)

    async def _changed(self, job_id: int, change: JobChange) -> Subject | None:
        """What the job will depend on, if it depends on something else then."""
        async with self.store.work() as work:  # and left without keeping anything
            secrets = await self.terms.secrets(work, change)
            job = await work.jobs.get(JobId(job_id), lock=True)
            changes = editing.news(job, await self.terms.changes(work, job, change, *secrets))
            if not changes.keys() & editing.CHECKED:
                return None
            return await _subject(work, evolve(job, **changes))


def subject_of(wanted: Wanted, spec: JobSpec) -> Subject:
    """What a job of this spec will depend on."""
    return Subject(openai=wanted.openai, keboola=wanted.keboola, target=wanted.target, batches=spec.batch_ids)


async def _subject(work: UnitOfWork, job: PollingJob) -> Subject:
    secrets = {secret.id: secret for secret in await work.secrets.all()}

    def known(secret_id: SecretId | None) -> Secret | None:
        return secrets.get(secret_id) if secret_id else None

    return Subject(
        openai=known(job.openai_secret_id),
        keboola=known(job.keboola_secret_id),
        target=job.target,
        batches=tuple(batch.id for batch in job.batches),
    )
