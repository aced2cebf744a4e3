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
from teckochecker.domain.status import JobStatus

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
_ORDERED: Final = {"name": "ix_jobs_named", "status": "ix_jobs_listed"}
_MANY: Final = 10  # times as many as one page shows
_LOTS: Final = 30_000  # jobs: a third of a full house
_LAST: Final = "\U0010ffff"  # sorts after every other sign


async def matching(session: Session, query: JobQuery) -> tuple[Conditions, int]:
    """What jobs that were not deleted have to be to be in a list, and how many there are."""
    fits = await _conditions(session, query)
    text = query.text or ""
    if text.lower().startswith(_BATCH) and len(text) > len(_BATCH):
        begun, total = await _search(session, query, fits)
        return [*fits, begun], total
    if not _BATCH.startswith(text.lower()):  # how every batch id begins narrows nothing
        fits.append(_named(text))
    return fits, await _number(session, sa.select(jobs.c.id).where(ALIVE, *fits))


def in_order(ids: sa.Select[Any], query: JobQuery, total: int) -> sa.Select[Any]:
    """This piece of a list, read in its order on SQLite too when many jobs are in all of the list.

    Where any condition has an index, SQLite would rather sort all jobs that fit.
    """
    index = _ORDERED.get(query.sort.key)
    return ids.with_hint(jobs, f"INDEXED BY {index}", "sqlite") if index and total > _MANY * query.limit else ids


async def _conditions(session: Session, query: JobQuery) -> Conditions:
    fits: Conditions = []
    if query.statuses:
        fits.append(jobs.c.status.in_(sorted(query.statuses)))
    if query.secret_id is not None:
        fits.append(await _secret_column(session, query.secret_id) == query.secret_id)
    if query.held:
        fits.append(jobs.c.id.in_(_HELD))
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
    if (last and value is None) or (query.statuses and JobStatus.ACTIVE not in query.statuses):
        return [others]
    return [watched, others]


def _stretch(
    columns: Sequence[sa.ColumnElement[Any]], down: bool, *seen: Any, when: sa.ColumnElement[bool] = ALIVE
) -> Stretch:
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


async def _search(session: Session, query: JobQuery, others: Conditions) -> tuple[sa.ColumnElement[bool], int]:
    """What a job needs for a name or a batch id to begin so, and how many have that and fit the others.

    Of lots of them, a page is soon full in every order: older and newer ones than all of them are left out.
    """
    text = query.text or ""
    watching, named = _begun(text)
    # counted apart, since SQLite writes the ids of both down before it looks one job up
    spans = [await _watching(session, others, watching)]
    if await _number(session, named.limit(1)):  # with others, SQLite would go by them, and seldom finds a name
        spans.append(await _span(session, named.where(*others)))
    spans = [span for span in spans if span.number]
    if not spans:
        return sa.false(), 0
    total = sum(span.number for span in spans)
    ids = sa.select(sa.union_all(watching, named).subquery())
    if total <= _LOTS and await _number(session, ids.limit(_LOTS + 1)) <= _LOTS:
        return jobs.c.id.in_(ids), total
    reach = jobs.c.id.between(min(span.first for span in spans), max(span.last for span in spans))
    return sa.and_(reach, sa.or_(_named(text), _watches(text))), total


async def _watching(session: Session, others: Conditions, watching: sa.Select[Any]) -> sa.Row[Any]:
    """How many of these jobs fit the others, the first and the last.

    PostgreSQL makes a hash table of the jobs that it looks for: of those that do not fit when these are fewer. SQLite
    looks up each.
    """
    if not others:
        return await _span(session, watching)
    # no job of a batch that can be found was deleted, but asked so, an index alone has the answer
    fitting = sa.select(jobs.c.id).where(ALIVE, *others)
    if session.on_server and await _number(session, fitting.limit(_LOTS)) == _LOTS:
        rest = sa.exists().where(jobs.c.id == job_batches.c.job_id, ALIVE, sa.and_(*others).is_not(True))
        return await _span(session, watching.where(~rest))
    return await _span(session, watching.join(jobs, jobs.c.id == job_batches.c.job_id).where(ALIVE, *others))


def _begun(text: str) -> tuple[sa.Select[Any], sa.Select[Any]]:
    """The ids of jobs that have a batch id that begins so, and of all others whose name does, each once."""
    start = _batch(text)
    shares = [0, *range(len(_BATCH), len(start))]  # no two batch ids share less than how all of them begin
    watching = sa.select(job_batches.c.job_id.label("id")).where(
        job_batches.c.shared.in_(shares), _starts(job_batches.c.batch_id, start)
    )
    return watching, sa.select(jobs.c.id).where(ALIVE, _named(text), ~_watches(text))


def _watches(text: str) -> sa.Exists:
    """The offset of 0 keeps PostgreSQL from a hash table of all jobs that do: they are asked one by one."""
    begins = _starts(job_batches.c.batch_id, _batch(text))
    return sa.select(sa.true()).where(job_batches.c.job_id == jobs.c.id, begins).offset(0).correlate(jobs).exists()


def _batch(text: str) -> str:
    """How a batch id begins. Capitals count, but in what all of them have in common."""
    return _BATCH + text[len(_BATCH) :]


def _named(text: str) -> sa.ColumnElement[bool]:
    return _starts(jobs.c.folded_name, text.casefold())


async def _span(session: Session, found: sa.Select[Any]) -> sa.Row[Any]:
    ids = found.subquery().c.id
    spanned = sa.select(
        sa.func.count().label("number"), sa.func.min(ids).label("first"), sa.func.max(ids).label("last")
    )
    return (await session.rows(spanned))[0]


async def _number(session: Session, found: sa.Select[Any]) -> int:
    counted = sa.select(sa.func.count().label("number")).select_from(found.subquery())
    return int((await session.rows(counted))[0].number)


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
