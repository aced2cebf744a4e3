"""Jobs and their batches in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from attrs import evolve, frozen

from teckochecker.adapters.sql.finding import in_order, matching, stretches
from teckochecker.adapters.sql.forgetting import forget_jobs
from teckochecker.adapters.sql.rows import batch_of, batch_rows, batch_values, job_of, job_values
from teckochecker.adapters.sql.session import Session, portions
from teckochecker.adapters.sql.tables import Number, UtcTime, job_batches, job_ids, jobs, triggers
from teckochecker.application.errors import JobNotFound
from teckochecker.application.ports import JobPage, JobQuery
from teckochecker.domain.batch import Batch
from teckochecker.domain.job import PollingJob
from teckochecker.domain.protocol import OPEN
from teckochecker.domain.secret import SecretId
from teckochecker.domain.status import JobStatus
from teckochecker.domain.values import BatchId, JobId

_NEED_SECRETS: Final = (JobStatus.ACTIVE, JobStatus.PAUSED, JobStatus.TRIGGERING)


@frozen(eq=False)
class SqlJobs:
    """Jobs with their batches."""

    _session: Session

    async def next_id(self) -> JobId:
        """An id that was never used and never will be again."""
        return JobId((await self._session.rows(_NEXT_ID))[0].id)

    async def add(self, job: PollingJob) -> None:
        """Store a new job under its id."""
        await self._session.change(sa.insert(jobs), {"id": job.id, **job_values(job)})
        await self._session.write(sa.insert(job_batches), batch_rows(job))
        self._written([job])

    async def get(self, job_id: JobId, *, lock: bool = False, deleted: bool = False) -> PollingJob:
        """One job."""
        found = await read_jobs(self._session, _ONE, {"ids": [job_id]}, lock=lock)
        if not found or (found[0].deleted_at and not deleted):
            raise JobNotFound(job_id)
        return found[0]

    async def get_many(self, job_ids: Collection[JobId], *, lock: bool = False) -> Sequence[PollingJob]:
        """Those of these jobs that exist, in the order of their ids."""
        return await these_jobs(self._session, sorted(job_ids), lock=lock)

    async def keyed(self, keys: Collection[str]) -> Mapping[str, PollingJob]:
        """The newest job of each of these keys that has one."""
        ids = [row.id for some in portions(keys) for row in await self._session.rows(_KEYED, {"keys": some})]
        return {job.key: job for job in await these_jobs(self._session, ids)}

    async def save(self, jobs: Sequence[PollingJob]) -> None:
        """Write jobs read with `lock=True` in this unit of work."""
        before = [self._session.locked(PollingJob, job.id) for job in jobs]
        await self._session.write(_SAVE, [{"which": job.id, **job_values(job)} for job in jobs])
        await self._save_batches(list(zip(before, jobs, strict=True)))
        self._written(jobs)

    async def postpone(
        self, next_at: datetime, job_ids: Collection[JobId], *, at: datetime, picked_at: datetime
    ) -> None:
        """Due again at `next_at`, unless something set or unset `next_check_at` after `picked_at`."""
        for ids in portions(sorted(job_ids)):
            await self._session.change(
                _POSTPONE, {"ids": ids, "next_at": next_at, "looked_at": at, "picked_at": picked_at}
            )

    async def hint(self, batch_id: BatchId, *, at: datetime, apart: timedelta) -> int:
        """Make due the active jobs that wait for this batch."""
        times = {"next_at": at, "recent": at - apart, "later": at + apart}
        return await self._session.change(HINT, {"hinted": str(batch_id), **times})

    async def find(self, query: JobQuery) -> JobPage:
        """A page of jobs."""
        fits, total = await matching(self._session, query)
        found: list[PollingJob] = []
        for order, rest in await stretches(self._session, query):
            if more := query.limit + 1 - len(found):
                ids = in_order(sa.select(jobs.c.id).where(*fits, *rest).order_by(*order).limit(more), query, total)
                found += await read_jobs(self._session, sa.select(jobs).where(jobs.c.id.in_(ids)).order_by(*order))
        return JobPage(jobs=tuple(found[: query.limit]), total=total, more=len(found) > query.limit)

    async def count(self) -> Mapping[JobStatus, int]:
        """How many jobs there are in each status, those with none included."""
        counted = {JobStatus(row.status): int(row.number) for row in await self._session.rows(_COUNT)}
        return dict.fromkeys(JobStatus, 0) | counted

    async def using(self, secret_id: SecretId) -> Sequence[PollingJob]:
        """Jobs that still need this secret, in the order of their ids."""
        return await read_jobs(self._session, _USING, {"secret": secret_id})

    async def users(self) -> Mapping[SecretId, int]:
        """How many unfinished jobs have each secret."""
        rows = await self._session.rows(_USERS)
        return {SecretId(row.secret): int(row.number) for row in rows}

    async def wake(self, secret_id: SecretId, *, at: datetime) -> None:
        """Make due all active jobs of this OpenAI secret."""
        await self._session.change(WAKE, {"secret": secret_id, "next_at": at})

    async def forget(self, before: datetime, *, limit: int) -> int:
        """Remove jobs that were deleted before this moment, with all that belongs to them."""
        return await forget_jobs(self._session, before, limit)

    async def _save_batches(self, steps: Sequence[tuple[PollingJob, PollingJob]]) -> None:
        """Write the batches that differ; where there are other batches now, all of the job."""
        news, others, gone = [], [], []
        for old, new in steps:
            if new.deleted_at:
                gone.append({"key": new.id})
            if [batch.id for batch in old.batches] != [batch.id for batch in new.batches]:
                others.append(new)
            elif old.batches != new.batches:
                pairs = enumerate(zip(old.batches, new.batches, strict=True))
                news += [
                    {"key": new.id, "place": place, **batch_values(batch)}
                    for place, (was, batch) in pairs
                    if was != batch
                ]
        await self._session.write(_SAVE_BATCH, news)
        await self._session.write(_HIDE_BATCHES, gone)
        for job in others:
            await self._session.change(sa.delete(job_batches).where(job_batches.c.job_id == job.id))
            await self._session.write(sa.insert(job_batches), batch_rows(job))

    def _written(self, jobs: Sequence[PollingJob]) -> None:
        self._session.told += [event for job in jobs for event in job.events]
        self._session.lock(PollingJob, ((job.id, evolve(job, events=())) for job in jobs))


async def these_jobs(session: Session, job_ids: Collection[JobId], *, lock: bool = False) -> list[PollingJob]:
    """Those of these jobs that exist and are not deleted, in the order of their ids within a portion."""
    found: list[PollingJob] = []
    for ids in portions(job_ids):
        found += await read_jobs(session, _THESE, {"ids": ids}, lock=lock)
    return found


async def read_jobs(
    session: Session, statement: sa.Select[Any], values: dict[str, Any] | None = None, *, lock: bool = False
) -> list[PollingJob]:
    """The jobs that a statement over `jobs` gives, in its order."""
    rows = await session.rows(session.to_lock(statement) if lock else statement, values)
    batches: dict[int, list[Batch]] = {row.id: [] for row in rows}
    for ids in portions(batches):
        for row in await session.rows(_BATCHES, {"ids": ids}):
            batches[row.job_id].append(batch_of(row))
    found = [job_of(row, batches[row.id]) for row in rows]
    if lock:
        session.lock(PollingJob, ((job.id, job) for job in found))
    return found


def _make_due(*which: sa.ColumnElement[bool], at: sa.ColumnElement[datetime]) -> sa.Update:
    """Always `at` that time, also when they were due before: what came after the pick has to win over it."""
    return _ordered(*which, jobs.c.next_check_at.is_not(None)).values(next_check_at=at)


def _ordered(*which: sa.ColumnElement[bool]) -> sa.Update:
    """An update that locks its rows in the order of their ids, so that two of them never wait for each other."""
    rows = sa.select(jobs.c.id).where(*which).order_by(jobs.c.id).with_for_update()
    return sa.update(jobs).where(jobs.c.id.in_(rows))


def _time(name: str) -> sa.BindParameter[datetime]:
    return sa.bindparam(name, type_=UtcTime)


_IDS = sa.bindparam("ids", type_=Number, expanding=True)
_SECRET = sa.bindparam("secret", type_=Number)
_ONE = sa.select(jobs).where(jobs.c.id.in_(_IDS))
_KEYED = (
    sa.select(sa.func.max(jobs.c.id).label("id"))
    .where(jobs.c.key.in_(sa.bindparam("keys", expanding=True)), jobs.c.deleted_at.is_(None))
    .group_by(jobs.c.key)
)
_THESE = _ONE.where(jobs.c.deleted_at.is_(None)).order_by(jobs.c.id)
_BATCHES = (
    sa.select(job_batches).where(job_batches.c.job_id.in_(_IDS)).order_by(job_batches.c.job_id, job_batches.c.position)
)
_NEXT_ID = sa.insert(job_ids).returning(job_ids.c.id)
_SAVE = sa.update(jobs).where(jobs.c.id == sa.bindparam("which"))
_SAVE_BATCH = sa.update(job_batches).where(
    job_batches.c.job_id == sa.bindparam("key"), job_batches.c.position == sa.bindparam("place")
)
_HIDE_BATCHES = sa.update(job_batches).where(job_batches.c.job_id == sa.bindparam("key")).values(shared=None)
_POSTPONE = _ordered(jobs.c.id.in_(_IDS), jobs.c.next_check_at <= _time("picked_at")).values(
    next_check_at=_time("next_at"), last_check_at=_time("looked_at")
)
_WAITING = sa.select(job_batches.c.job_id).where(
    job_batches.c.batch_id == sa.bindparam("hinted"), job_batches.c.ended_at.is_(None)
)
HINT = _make_due(
    jobs.c.id.in_(_WAITING),
    at=sa.case((jobs.c.last_check_at > _time("recent"), _time("later")), else_=_time("next_at")),
)
WAKE = _make_due(jobs.c.openai_secret_id == _SECRET, at=_time("next_at"))
_COUNT = (
    sa.select(jobs.c.status, sa.func.count().label("number")).where(jobs.c.deleted_at.is_(None)).group_by(jobs.c.status)
)
_UNFINISHED = sa.and_(jobs.c.deleted_at.is_(None), jobs.c.status.in_(_NEED_SECRETS))
_HAD = sa.union_all(
    sa.select(jobs.c.openai_secret_id.label("secret")).where(_UNFINISHED),
    sa.select(jobs.c.keboola_secret_id.label("secret")).where(_UNFINISHED),
).subquery()
_USERS = (
    sa.select(_HAD.c.secret, sa.func.count().label("number")).where(_HAD.c.secret.is_not(None)).group_by(_HAD.c.secret)
)
_UNSETTLED = sa.select(triggers.c.job_id).where(triggers.c.secret_id == _SECRET, triggers.c.state.in_(sorted(OPEN)))
_USING = (
    sa.select(jobs)
    .where(
        sa.or_(
            jobs.c.id.in_(_UNSETTLED),
            sa.and_(
                _UNFINISHED,
                sa.or_(jobs.c.openai_secret_id == _SECRET, jobs.c.keboola_secret_id == _SECRET),
            ),
        )
    )
    .order_by(jobs.c.id)
)
