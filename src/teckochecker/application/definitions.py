"""Jobs as definitions: the same job again with other batches, found by its key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum

from attrs import frozen

from teckochecker.application.errors import FaultyDefinitions, JobNotFound, OtherStack, SecretNotFound
from teckochecker.application.jobs import Jobs
from teckochecker.application.ports import JobQuery, UnitOfWork
from teckochecker.application.terms import Wanted
from teckochecker.domain import editing
from teckochecker.domain.errors import InvalidTransition, InvalidValue
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
    """What came of one definition. `changed` are the fields of the job that an edit changed."""

    job: PollingJob
    made: Made
    changed: tuple[str, ...] = ()


@frozen(kw_only=True)
class Definitions:
    """Applies and exports definitions of jobs."""

    jobs: Jobs

    async def apply(self, definitions: Mapping[str, JobSpec], *, dry_run: bool = False) -> Sequence[Applied]:
        """Make the jobs that these definitions describe, all or none; what is so already stays as it is.

        They come by their place, as faults name it. The newest job with a definition's key is edited while it waits
        for batches. When all of its batches have ended, other batch ids make a new job, so that no run is lost or
        repeated; with the same ones it is edited as far as it still can be. With `dry_run` nothing is kept.

        Raises:
            FaultyDefinitions: all that is wrong, each with its place; nothing was changed.
        """
        faults = _given_twice(definitions)
        applied: list[Applied] = []
        async with self.jobs.store.work() as work:
            # all secrets come before all jobs in the order of locks
            wanted = {}
            for place, spec in definitions.items():
                with _telling(faults, place):
                    wanted[place] = await self.jobs.terms.wanted(work, spec)
            known = await work.jobs.keyed([_key(spec) for spec in definitions.values()])
            locked = await work.jobs.get_many([job.id for job in known.values()], lock=True)
            last = {job.key: job for job in locked}
            for place, asked in wanted.items():
                with _telling(faults, place):
                    spec = definitions[place]
                    applied.append(await self._apply(work, spec, asked, last.get(_key(spec))))
            if faults:
                raise FaultyDefinitions(faults)
            if not dry_run:
                await work.commit()
        return applied

    async def export(self, job_ids: Sequence[int] = ()) -> Sequence[JobSpec]:
        """The definitions of these jobs, or of the newest one of each key, the oldest first.

        Raises:
            JobNotFound: one of the jobs does not exist.
            InvalidValue: two of them have the same key, so that one file cannot hold both.
        """
        async with self.jobs.store.view() as view:
            jobs = await (self._named(view, job_ids) if job_ids else self._newest(view))
        return [_spec(job) for job in jobs]

    async def _apply(self, work: UnitOfWork, spec: JobSpec, wanted: Wanted, last: PollingJob | None) -> Applied:
        if last is None or (not last.open_batches and {batch.id for batch in last.batches} != set(spec.batch_ids)):
            return Applied(job=await self.jobs.create_in(work, spec), made=Made.CREATED)
        asked = {"name": spec.name} | ({} if last.status in DONE else {"batches": spec.batch_ids, **wanted.changes})
        changed = tuple(sorted(editing.news(last, asked)))
        if not changed:
            return Applied(job=last, made=Made.UNCHANGED)
        edited = await self.jobs.edit_in(work, last, {name: asked[name] for name in changed})
        return Applied(job=edited, made=Made.EDITED, changed=changed)

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
