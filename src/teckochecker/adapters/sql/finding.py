"""Lists of jobs, narrowed and in order: each narrowing goes by an index, so that 100,000 jobs make it no slower."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from teckochecker.adapters.sql.session import Session
from teckochecker.adapters.sql.tables import job_batches, jobs, secrets, triggers
from teckochecker.application.ports import JobQuery
from teckochecker.domain.protocol import OPEN, TriggerState
from teckochecker.domain.secret import SecretId, SecretType

ALIVE: Final = jobs.c.deleted_at.is_(None)
"""The job was not deleted."""

Conditions = list[sa.ColumnElement[bool]]
Stretch = tuple[list[sa.UnaryExpression[Any]], Conditions]
"""A piece of a list that an index has in its order: the order, and which jobs are in it."""

_BATCH: Final = "batch_"  # how every batch id begins, so that every job has one that does
_COLUMNS: Final[Mapping[str, sa.Column[Any]]] = {
    "name": jobs.c.folded_name,
    "status": jobs.c.status,
    "next_check_at": jobs.c.next_check_at,
}
_LAST: Final = "\U0010ffff"  # sorts after every other sign


async def conditions(session: Session, query: JobQuery) -> Conditions:
    """What jobs that were not deleted have to be to be in a list."""
    fits: Conditions = []
    if query.statuses:
        fits.append(jobs.c.status.in_(sorted(query.statuses)))
    if query.secret_id is not None:
        fits.append(await _secret_column(session, query.secret_id) == query.secret_id)
    if query.held:
        fits.append(jobs.c.id.in_(_HELD))
    if query.text is not None:
        fits += _text(query.text)
    return fits


async def stretches(session: Session, query: JobQuery) -> Sequence[Stretch]:
    """The list after the last job seen, in stretches that follow one another."""
    key, down, after = query.sort.key, query.sort.down, query.after
    if key == "created_at":
        return [_stretch([jobs.c.id], down, after)]
    last = await session.rows(_LAST_SEEN, {"last": after}) if after is not None else []
    if after is not None and not last:
        return []
    value = getattr(last[0], _COLUMNS[key].name) if last else None
    columns = [_COLUMNS[key], jobs.c.id]
    if key != "next_check_at":
        return [_stretch(columns, down, value, after)]
    others = _stretch([jobs.c.id], True, None if value else after, when=sa.and_(ALIVE, jobs.c.next_check_at.is_(None)))
    # none of them was deleted, and without a question for it one index has all that is asked for
    watched = _stretch(columns, down, value, after, when=jobs.c.next_check_at.is_not(None))
    return [others] if last and value is None else [watched, others]


def _stretch(columns: list[sa.Column[Any]], down: bool, *seen: Any, when: sa.ColumnElement[bool] = ALIVE) -> Stretch:
    order = [column.desc() if down else column.asc() for column in columns]
    fits = [when]
    if seen[0] is not None:
        here = sa.tuple_(*columns)
        last = sa.tuple_(*(sa.literal(value, column.type) for value, column in zip(seen, columns, strict=True)))
        fits.append(here < last if down else here > last)
    return order, fits


async def _secret_column(session: Session, secret_id: SecretId) -> sa.Column[Any]:
    found = await session.rows(_TYPE, {"secret": secret_id})
    keboola = bool(found) and found[0].type == SecretType.KEBOOLA
    return jobs.c.keboola_secret_id if keboola else jobs.c.openai_secret_id


def _text(text: str) -> Conditions:
    if _BATCH.startswith(text.lower()):
        return []
    named = _starts(jobs.c.folded_name, text.casefold())
    if not text.lower().startswith(_BATCH):
        return [named]
    by_batch = sa.select(job_batches.c.job_id).where(_starts(job_batches.c.batch_id, _BATCH + text[len(_BATCH) :]))
    return [jobs.c.id.in_(sa.union(by_batch, sa.select(jobs.c.id).where(named)))]


def _starts(column: sa.Column[str], start: str) -> sa.ColumnElement[bool]:
    """A range, as an index takes it. These columns sort by their signs alone, on every database."""
    return sa.and_(column >= start, column < start + _LAST)


_TYPE = sa.select(secrets.c.type).where(secrets.c.id == sa.bindparam("secret"))
_LAST_SEEN = sa.select(jobs.c.folded_name, jobs.c.status, jobs.c.next_check_at).where(jobs.c.id == sa.bindparam("last"))
_HELD_TRIGGERS = sa.select(triggers.c.job_id).where(
    triggers.c.state.in_(sorted(OPEN)),
    sa.or_(
        triggers.c.state == TriggerState.HELD,
        sa.and_(triggers.c.state == TriggerState.INTENT, triggers.c.reason.is_not(None)),
    ),
)
_REFUSED = sa.select(jobs.c.id).where(
    jobs.c.next_check_at.is_not(None),
    jobs.c.openai_secret_id.in_(sa.select(secrets.c.id).where(secrets.c.held_reason.is_not(None))),
)
_MISSING = (
    sa.select(job_batches.c.job_id)
    .join(jobs, jobs.c.id == job_batches.c.job_id)
    .where(
        job_batches.c.missing_since.is_not(None), job_batches.c.ended_at.is_(None), jobs.c.next_check_at.is_not(None)
    )
)
_HELD = sa.union(_HELD_TRIGGERS, _REFUSED, _MISSING)
