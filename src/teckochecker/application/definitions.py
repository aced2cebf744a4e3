"""Jobs as definitions: the same job again with other batches, found by its key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from functools import partial
from typing import Any, Self

from attrs import field, frozen

from teckochecker.application.checks import CheckedJobs, subject_of
from teckochecker.application.errors import FaultyDefinitions, JobNotFound, OtherStack, SecretNotFound
from teckochecker.application.ports import JobQuery, UnitOfWork
from teckochecker.application.terms import Wanted
from teckochecker.domain import editing
from teckochecker.domain.errors import InvalidTransition, InvalidValue
from teckochecker.domain.findings import Checked, Level
from teckochecker.domain.job import PollingJob
from teckochecker.domain.spec import JobSpec
from teckochecker.domain.status import DONE
from teckochecker.domain.values import JobId

_PAGE = 1000


class Made(StrEnum):
    """What a definition made of the job with its key."""

    CREATED = "created"
    EDITED = "edited"
    UNCHANGED = "unchanged"


@frozen(kw_only=True)
class Applied:
    """What came of one definition. `changed` are the fields of the job that an edit changed.

    `checked` is what was found of all that the job depends on, where that is new.
    """

    job: PollingJob
    made: Made
    changed: tuple[str, ...] = ()
    checked: Checked | None = None


@frozen(kw_only=True)
class _Step:
    """What a definition asks of the job with its key; `news` are the fields of it that are to change."""

    spec: JobSpec
    wanted: Wanted
    last: PollingJob | None
    made: Made
    news: Mapping[str, Any] = field(factory=dict)

    @classmethod
    def of(cls, spec: JobSpec, wanted: Wanted, last: PollingJob | None) -> Self:
        asked = partial(cls, spec=spec, wanted=wanted, last=last)
        if last is None or (not last.open_batches and {batch.id for batch in last.batches} != set(spec.batch_ids)):
            return asked(made=Made.CREATED)
        every = {"name": spec.name} | ({} if last.status in DONE else {"batches": spec.batch_ids, **wanted.changes})
        news = {name: every[name] for name in sorted(editing.news(last, every))}
        return asked(made=Made.EDITED, news=news) if news else asked(made=Made.UNCHANGED)

    @property
    def depends_anew(self) -> bool:
        """The job depends on something then that was not checked for it yet."""
        return self.made is Made.CREATED or not editing.CHECKED.isdisjoint(self.news)


@frozen(kw_only=True)
class Definitions:
    """Applies and exports definitions of jobs."""

    jobs: CheckedJobs

    async def apply(
        self, definitions: Mapping[str, JobSpec], *, dry_run: bool = False, check: bool = True
    ) -> Sequence[Applied]:
        """Make the jobs that these definitions describe, all or none; what is so already stays as it is.

        They come by their place, as faults name it. The newest job with a definition's key is edited while it waits
        for batches. When all of its batches have ended, other batch ids make a new job, so that no run is lost or
        repeated; with the same ones it is edited as far as it still can be. `check`: look first at what new and
        changed jobs depend on. With `dry_run` nothing is kept.

        Raises:
            FaultyDefinitions: all that is wrong, each with its place; nothing was changed.
        """
        checked = await self._checked(definitions) if check else {}
        applied: list[Applied] = []
        async with self.jobs.store.work() as work:
            steps, faults = await self._steps(work, definitions)
            for place, step in steps.items():
                with _telling(faults, place):
                    applied.append(await self._take(work, step, checked.get(place)))
            if faults:
                raise FaultyDefinitions(faults)
            if not dry_run:
                await work.commit()
        return applied

    async def export(self, job_ids: Sequence[int] = ()) -> Sequence[JobSpec]:
        """The definitions of these jobs, or of the newest one of each key, the oldest first.

        Raises:
            JobNotFound: one of the jobs does not exist.
            InvalidValue: two of them have the same key, so that one file cannot hold both, or one holds what no
                definition may, as jobs of the earlier version can.
        """
        async with self.jobs.store.view() as view:
            jobs = await (self._named(view, job_ids) if job_ids else self._newest(view))
        return [_definition(job) for job in jobs]

    async def _checked(self, definitions: Mapping[str, JobSpec]) -> Mapping[str, Checked]:
        """What is found of all that new and changed jobs depend on.

        Raises:
            FaultyDefinitions: all that is wrong with the definitions, and all that would make a job fail.
        """
        async with self.jobs.store.work() as work:  # and left without keeping anything
            steps, faults = await self._steps(work, definitions)
            for place, step in steps.items():
                with _telling(faults, place):
                    if step.made is Made.EDITED:
                        await self._take(work, step, None)
        anew = {place: subject_of(step.wanted, step.spec) for place, step in steps.items() if step.depends_anew}
        checked = await self.jobs.look_at(anew)
        faults += [
            f"{place}: {error.about}: {error.says} (to go on all the same: --no-check)"
            for place, found in checked.items()
            for error in found.of(Level.ERROR)
        ]
        if faults:
            raise FaultyDefinitions(faults)
        return checked

    async def _steps(self, work: UnitOfWork, definitions: Mapping[str, JobSpec]) -> tuple[dict[str, _Step], list[str]]:
        """What is to be done, by place, and what is wrong with the rest."""
        faults = _given_twice(definitions)
        # all secrets come before all jobs in the order of locks
        wanted = {}
        for place, spec in definitions.items():
            with _telling(faults, place):
                wanted[place] = await self.jobs.terms.wanted(work, spec)
        known = await work.jobs.keyed([_key(spec) for spec in definitions.values()])
        locked = await work.jobs.get_many([job.id for job in known.values()], lock=True)
        last = {job.key: job for job in locked}
        steps = {
            place: _Step.of(definitions[place], asked, last.get(_key(definitions[place])))
            for place, asked in wanted.items()
        }
        return steps, faults

    async def _take(self, work: UnitOfWork, step: _Step, checked: Checked | None) -> Applied:
        if step.last is None or step.made is Made.CREATED:
            job = await self.jobs.create_in(work, step.spec)
        elif step.made is Made.EDITED:
            job = await self.jobs.edit_in(work, step.last, step.news)
        else:
            job = step.last
        if checked:
            await work.checks.keep(job.id, checked)
        return Applied(job=job, made=step.made, changed=tuple(step.news), checked=checked)

    @staticmethod
    async def _named(view: UnitOfWork, job_ids: Sequence[int]) -> Sequence[PollingJob]:
        jobs = await view.jobs.get_many([JobId(job_id) for job_id in job_ids])
        for job_id in sorted(set(job_ids) - {job.id for job in jobs}):
            raise JobNotFound(job_id)
        known: dict[str, PollingJob] = {}
        for job in jobs:
            if job.key in known:
                raise InvalidValue(f"Jobs {known[job.key].id} and {job.id} have the same key '{job.key}'; export one")
            known[job.key] = job
        return jobs

    @staticmethod
    async def _newest(view: UnitOfWork) -> Sequence[PollingJob]:
        found: dict[str, PollingJob] = {}
        after: JobId | None = None
        while True:
            page = await view.jobs.find(JobQuery(limit=_PAGE, after=after))
            for job in page.jobs:
                found.setdefault(job.key, job)
                after = job.id
            if not page.more:
                return list(reversed(found.values()))


@contextmanager
def _telling(faults: list[str], place: str) -> Iterator[None]:
    try:
        yield
    except (InvalidValue, InvalidTransition, SecretNotFound, OtherStack) as fault:
        faults.append(f"{place}: {fault}")


def _key(spec: JobSpec) -> str:
    return spec.key or spec.name


def _given_twice(definitions: Mapping[str, JobSpec]) -> list[str]:
    first: dict[str, str] = {}
    faults: list[str] = []
    for place, spec in definitions.items():
        if (key := _key(spec)) in first:
            faults.append(f"{place}: The key '{key}' is taken by {first[key]}; give each job a key of its own")
        first.setdefault(key, place)
    return faults


def _definition(job: PollingJob) -> JobSpec:
    try:
        return _spec(job)
    except InvalidValue as wrong:
        raise InvalidValue(f"Job {job.id} cannot be a definition: {wrong}; name the jobs to export") from wrong


def _spec(job: PollingJob) -> JobSpec:
    target = job.target
    return JobSpec(
        name=job.name,
        key=job.key,
        batch_ids=tuple(batch.id for batch in job.batches),
        openai_secret=job.openai_secret_name,
        keboola_secret=job.keboola_secret_name,
        keboola_stack_url=target.stack_url,
        keboola_component_id=target.component_id,
        keboola_configuration_id=target.configuration_id,
        poll_interval_seconds=int(job.interval.total_seconds()),
        branch_id=target.branch_id,
        row_ids=target.row_ids,
        variables=target.variables,
    )
