"""Poll groups in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter

import sqlalchemy as sa
from attrs import frozen

from teckochecker.adapters.sql.rows import WATCHED, watched_of
from teckochecker.adapters.sql.session import Session, free_at, is_free, portions
from teckochecker.adapters.sql.tables import UtcTime, job_batches, jobs, poll_groups
from teckochecker.application.ports import GroupClaim
from teckochecker.domain.secret import SecretId
from teckochecker.domain.values import JobId
from teckochecker.domain.watched import WatchedJob


@frozen(eq=False)
class SqlGroups:
    """Who looks up which OpenAI secret's batches."""

    _session: Session

    async def claim(self, owner: str, *, lease: timedelta, limit: int) -> Sequence[GroupClaim]:
        """Take groups that have a due job and are in nobody's hand, the longest due first."""
        now = await self._session.now()
        free = await self._session.rows(FREE, {**free_at(now, lease), "most": limit})
        if free:
            ids = [row.secret_id for row in free]
            await self._session.change(_TAKE, {"ids": ids, "me": owner, "till": now + lease})
        return [
            GroupClaim(secret_id=SecretId(row.secret_id), owner=owner, epoch=row.epoch + 1, failures=row.failures)
            for row in free
        ]

    async def due(
        self, claims: Collection[GroupClaim], *, limit: int, without: Collection[JobId] = ()
    ) -> Sequence[WatchedJob]:
        """Due jobs of these groups, except those `without`, the longest due first."""
        excepted, mine = set(without), [claim.secret_id for claim in claims]
        # those in flight are still due, so they are among the first that are found
        values = {"mine": mine, "now": await self._session.now(), "most": limit + len(excepted)}
        found = [row[0] for row in await self._session.rows(DUE, values)]
        wanted = [job_id for job_id in found if job_id not in excepted][:limit]
        known = {job.id: job for ids in portions(wanted) for job in await self._watched(ids)}
        return [known[job_id] for job_id in wanted if job_id in known]

    async def _watched(self, job_ids: Sequence[JobId]) -> Sequence[WatchedJob]:
        rows = await self._session.rows(_WATCHED, {"ids": job_ids})
        return [watched_of(list(mine)) for _, mine in groupby(rows, key=itemgetter(0))]

    async def fence(self, claim: GroupClaim, *, lease: timedelta) -> None:
        """Renew the lease, or raise LeaseLost."""
        till = await self._session.now() + lease
        if not await self._session.change(_RENEW, {**_key(claim), "till": till}):
            raise self._session.lose(
                f"The poll group of secret {claim.secret_id} is no longer in the hand of {claim.owner}"
            )

    async def release(self, claim: GroupClaim) -> None:
        """Give the group back, if it is still ours."""
        await self._session.change(_RELEASE, _key(claim))

    async def beat(self, owner: str, claims: Collection[GroupClaim], *, lease: timedelta) -> Collection[SecretId]:
        """Renew the leases in hand. Returns the groups that are still ours."""
        till = await self._session.now() + lease
        ours = sorted((claim for claim in claims if claim.owner == owner), key=lambda claim: claim.secret_id)
        return [claim.secret_id for claim in ours if await self._session.change(_RENEW, {**_key(claim), "till": till})]

    async def rest(self, claim: GroupClaim, *, until: datetime | None, failures: int, error: str | None) -> None:
        """Nobody looks at the group before `until`. Nothing happens when it is no longer ours."""
        await self._session.change(
            _REST, {**_key(claim), "not_before": until, "failures": failures, "last_error": error}
        )

    async def stir(self, secret_id: SecretId) -> None:
        """The credential is new: forget a rest, and take the group out of every hand."""
        await self._session.change(_STIR, {"group": secret_id})

    async def next_due(self, owner: str | None = None) -> datetime | None:
        """When the next job can be looked at: it is due, and its group's rest is over."""
        moment: datetime | None = (await self._session.rows(_NEXT_DUE, {"me": owner}))[0].moment
        return moment


def _key(claim: GroupClaim) -> dict[str, object]:
    return {"group": claim.secret_id, "me": claim.owner, "held": claim.epoch}


_ME = sa.bindparam("me", type_=sa.Text)
_NOW = sa.bindparam("now", type_=UtcTime)
_TILL = sa.bindparam("till", type_=UtcTime)
_MOST = sa.bindparam("most", type_=sa.Integer)

# `next_check_at IS NOT NULL` is what the due index is made for
_GROUPS_JOBS = (jobs.c.openai_secret_id == poll_groups.c.secret_id, jobs.c.next_check_at.is_not(None))
_FIRST_DUE = sa.select(sa.func.min(jobs.c.next_check_at)).where(*_GROUPS_JOBS).scalar_subquery()

FREE = (
    sa.select(poll_groups.c.secret_id, poll_groups.c.epoch, poll_groups.c.failures)
    .where(
        is_free(poll_groups),
        sa.or_(poll_groups.c.not_before.is_(None), poll_groups.c.not_before <= _NOW),
        sa.exists().where(jobs.c.openai_secret_id == poll_groups.c.secret_id, jobs.c.next_check_at <= _NOW),
    )
    .order_by(_FIRST_DUE, poll_groups.c.secret_id)
    .limit(_MOST)
    .with_for_update(skip_locked=True)
)
_TAKE = (
    sa.update(poll_groups)
    .where(poll_groups.c.secret_id.in_(sa.bindparam("ids", expanding=True)))
    .values(owner=_ME, until=_TILL, epoch=poll_groups.c.epoch + 1)
)
DUE = (
    sa.select(jobs.c.id)
    .where(jobs.c.openai_secret_id.in_(sa.bindparam("mine", expanding=True)), jobs.c.next_check_at <= _NOW)
    .order_by(jobs.c.next_check_at, jobs.c.id)
    .limit(_MOST)
)
_WATCHED = (
    sa.select(*(jobs.c[name] for name in WATCHED), job_batches)
    .join(job_batches, job_batches.c.job_id == jobs.c.id)
    .where(jobs.c.id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(jobs.c.id, job_batches.c.position)
)
_ONE = sa.update(poll_groups).where(poll_groups.c.secret_id == sa.bindparam("group"))
_MINE = _ONE.where(poll_groups.c.owner == _ME, poll_groups.c.epoch == sa.bindparam("held"))
_RENEW = _MINE.values(until=_TILL)
_RELEASE = _MINE.values(owner=None, until=None)
_REST = _MINE
_STIR = _ONE.values(not_before=None, failures=0, last_error=None, owner=None, until=None, epoch=poll_groups.c.epoch + 1)

_firsts = sa.select(
    _FIRST_DUE.label("first"),
    poll_groups.c.not_before,
    sa.case((poll_groups.c.owner != _ME, poll_groups.c.until)).label("held"),
).subquery()
_rested = sa.case((_firsts.c.not_before > _firsts.c.first, _firsts.c.not_before), else_=_firsts.c.first)
_NEXT_DUE = sa.select(
    sa.func.min(sa.case((_firsts.c.held > _rested, _firsts.c.held), else_=_rested), type_=UtcTime).label("moment")
).where(_firsts.c.first.is_not(None))
