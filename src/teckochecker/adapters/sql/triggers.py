"""Triggers in SQL, with their attempts and runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from attrs import frozen

from teckochecker.adapters.sql.session import Session, free_at, is_free, portions
from teckochecker.adapters.sql.tables import UtcTime, runs, trigger_attempts, triggers
from teckochecker.adapters.sql.trigger_rows import (
    attempt_of,
    attempt_values,
    run_of,
    run_values,
    trigger_of,
    trigger_values,
)
from teckochecker.application.errors import Conflict, NotFound
from teckochecker.application.ports import TriggerClaim
from teckochecker.domain.evidence import completed, with_evidence
from teckochecker.domain.run import Attempt, KeboolaRun
from teckochecker.domain.secret import SecretId
from teckochecker.domain.trigger import Trigger
from teckochecker.domain.values import JobId

_FREED = {"owner": None, "until": None}


@frozen(eq=False)
class SqlTriggers:
    """Triggers with their attempts and runs."""

    _session: Session

    async def add(self, trigger: Trigger) -> None:
        """Store a new trigger.

        Raises:
            Conflict: the job has a trigger of this generation, or one that is still open.
        """
        try:
            await self._session.change(sa.insert(triggers), {"id": trigger.id, **trigger_values(trigger)})
        except Conflict as taken:
            raise Conflict(f"Job {trigger.job_id} has a trigger already") from taken
        await self._write_parts(trigger)
        self._session.told += trigger.events

    async def get(self, trigger_id: UUID, *, lock: bool = False) -> Trigger:
        """One trigger."""
        found = await self._read(_ALL.where(triggers.c.id == trigger_id), lock)
        if not found:
            raise NotFound(f"Trigger {trigger_id} not found")
        return found[0]

    async def of_job(self, job_id: JobId, *, lock: bool = False) -> Sequence[Trigger]:
        """All triggers of a job, the latest generation first."""
        return await self._read(_ALL.where(triggers.c.job_id == job_id).order_by(triggers.c.generation.desc()), lock)

    async def of_jobs(self, job_ids: Collection[JobId]) -> Mapping[JobId, Trigger]:
        """The latest trigger of each of these jobs that has one."""
        found: list[Trigger] = []
        for ids in portions(job_ids):
            found += await self._whole(await self._session.rows(_LATEST, {"ids": ids}))
        return {trigger.job_id: trigger for trigger in found}

    async def of_secret(self, secret_id: SecretId, *, lock: bool = False) -> Sequence[Trigger]:
        """Triggers with a step due, now or later, that need this Keboola secret."""
        waiting = _ALL.where(triggers.c.secret_id == secret_id, triggers.c.due_at.is_not(None))
        return await self._read(waiting.order_by(triggers.c.id), lock)

    async def claim(self, owner: str, *, lease: timedelta, limit: int) -> Sequence[TriggerClaim]:
        """Take due triggers that are in nobody's hand, the longest due first."""
        now = await self._session.now()
        free = await self._session.rows(FREE, {**free_at(now, lease), "most": limit})
        if free:
            ids = [row.id for row in free]
            await self._session.change(_TAKE, {"ids": ids, "me": owner, "till": now + lease})
        return [
            TriggerClaim(trigger=trigger, owner=owner, epoch=row.epoch + 1)
            for row, trigger in zip(free, await self._whole(free), strict=True)
        ]

    async def save(self, trigger: Trigger, claim: TriggerClaim | None = None, *, release: bool = False) -> None:
        """Write a trigger, fenced by its claim when there is one. What others recorded meanwhile stays."""
        row, stored = await self._locked(trigger.id)
        if claim and (row.owner, row.epoch) != (claim.owner, claim.epoch):
            raise self._session.lose(f"Trigger {trigger.id} is no longer in the hand of {claim.owner}")
        hand: Mapping[str, Any] = _FREED | {"epoch": row.epoch + 1} if claim is None else _FREED if release else {}
        new = completed(trigger, stored)
        await self._session.change(_one(trigger.id).values(**trigger_values(new), **hand))
        await self._write_parts(new, stored)
        self._session.told += trigger.events

    async def record(self, trigger_id: UUID, evidence: Attempt | KeboolaRun, *, at: datetime) -> None:
        """Keep what became known after the lease was lost, and make the trigger due."""
        _, stored = await self._locked(trigger_id)
        new = with_evidence(stored, evidence, at=at)
        await self._session.change(_one(trigger_id).values(due_at=new.due_at))
        await self._write_parts(new, stored)

    async def release(self, claim: TriggerClaim) -> None:
        """Give the trigger back, if it is still ours."""
        await self._session.change(_MINE.values(_FREED), _key(claim))

    async def beat(
        self, owner: str, claims: Collection[TriggerClaim], *, lease: timedelta
    ) -> Collection[tuple[UUID, int]]:
        """Renew the leases in hand. Returns the keys of the claims that still hold."""
        till = await self._session.now() + lease
        ours = sorted((claim for claim in claims if claim.owner == owner), key=lambda claim: claim.trigger.id)
        return [claim.key for claim in ours if await self._session.change(_RENEW, {**_key(claim), "till": till})]

    async def next_due(self) -> datetime | None:
        """When the next trigger wants a step."""
        moment: datetime | None = (await self._session.rows(_NEXT_DUE))[0].moment
        return moment

    async def _locked(self, trigger_id: UUID) -> tuple[sa.Row[Any], Trigger]:
        rows = await self._session.rows(self._session.to_lock(_ALL.where(triggers.c.id == trigger_id)))
        if not rows:
            raise NotFound(f"Trigger {trigger_id} not found")
        return rows[0], (await self._whole(rows))[0]

    async def _read(self, statement: sa.Select[Any], lock: bool) -> list[Trigger]:
        return await self._whole(await self._session.rows(self._session.to_lock(statement) if lock else statement))

    async def _whole(self, rows: Sequence[sa.Row[Any]]) -> list[Trigger]:
        attempts: dict[UUID, list[Attempt]] = {row.id: [] for row in rows}
        known: dict[UUID, list[KeboolaRun]] = {row.id: [] for row in rows}
        for ids in portions(attempts):
            for row in await self._session.rows(_ATTEMPTS, {"ids": ids}):
                attempts[row.trigger_id].append(attempt_of(row))
            for row in await self._session.rows(_RUNS, {"ids": ids}):
                known[row.trigger_id].append(run_of(row))
        return [trigger_of(row, attempts[row.id], known[row.id]) for row in rows]

    async def _write_parts(self, new: Trigger, stored: Trigger | None = None) -> None:
        """Attempts and runs are few: where they differ they are written whole. The trigger's row is locked."""
        if stored is None or new.attempts != stored.attempts:
            await self._session.change(sa.delete(trigger_attempts).where(trigger_attempts.c.trigger_id == new.id))
            rows = [attempt_values(new.id, attempt) for attempt in new.attempts]
            await self._session.write(sa.insert(trigger_attempts), rows)
        if stored is None or new.runs != stored.runs:
            await self._session.change(sa.delete(runs).where(runs.c.trigger_id == new.id))
            rows = [run_values(new.id, position, run) for position, run in enumerate(new.runs)]
            await self._session.write(sa.insert(runs), rows)


def _key(claim: TriggerClaim) -> dict[str, object]:
    return {"trigger": claim.trigger.id, "me": claim.owner, "held": claim.epoch}


def _one(trigger_id: UUID) -> sa.Update:
    return sa.update(triggers).where(triggers.c.id == trigger_id)


_ME = sa.bindparam("me", type_=sa.Text)
_NOW = sa.bindparam("now", type_=UtcTime)
_TILL = sa.bindparam("till", type_=UtcTime)
_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)

_ALL = sa.select(triggers)
_ATTEMPTS = sa.select(trigger_attempts).where(trigger_attempts.c.trigger_id.in_(_IDS)).order_by(trigger_attempts.c.n)
_RUNS = sa.select(runs).where(runs.c.trigger_id.in_(_IDS)).order_by(runs.c.position)
_older = triggers.alias()
_LATEST = _ALL.where(
    triggers.c.job_id.in_(_IDS),
    triggers.c.generation
    == sa.select(sa.func.max(_older.c.generation)).where(_older.c.job_id == triggers.c.job_id).scalar_subquery(),
)
FREE = (
    _ALL.where(is_free(triggers), triggers.c.due_at <= _NOW)
    .order_by(triggers.c.due_at, triggers.c.id)
    .limit(sa.bindparam("most", type_=sa.Integer))
    .with_for_update(skip_locked=True)
)
_TAKE = sa.update(triggers).where(triggers.c.id.in_(_IDS)).values(owner=_ME, until=_TILL, epoch=triggers.c.epoch + 1)
_MINE = sa.update(triggers).where(
    triggers.c.id == sa.bindparam("trigger", type_=sa.Uuid),
    triggers.c.owner == _ME,
    triggers.c.epoch == sa.bindparam("held"),
)
_RENEW = _MINE.values(until=_TILL)
_NEXT_DUE = sa.select(
    sa.func.min(
        sa.case((triggers.c.until > triggers.c.due_at, triggers.c.until), else_=triggers.c.due_at), type_=UtcTime
    ).label("moment")
).where(triggers.c.due_at.is_not(None))
