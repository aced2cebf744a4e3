"""A database with many jobs, as a busy installation has after some months."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import sqlalchemy as sa
from attrs import evolve
from sqlalchemy.ext.asyncio import AsyncEngine

from teckochecker.adapters.sql.rows import batch_rows, job_values, secret_values
from teckochecker.adapters.sql.tables import job_batches, job_ids, jobs, poll_groups, secrets
from teckochecker.domain.batch import Batch, BatchStatus
from teckochecker.domain.job import PollingJob
from teckochecker.domain.secret import Sealed, Secret, SecretType
from teckochecker.domain.status import JobStatus
from teckochecker.domain.values import BatchId
from tests.builders import AT, HOUR, a_job, a_secret

BATCHES: Final = 3
"""Batches of each job."""

_ACTIVE: Final = 20  # one job in so many is watched, and one as often has failed; all others are completed
_PORTION: Final = 2_500
"""Jobs that are made one by one; all others are copies of them, so that nobody waits for them long."""

_KEYS: Final = 10
_FIRST: Final = "batch_6800"
_SEALED: Final = Sealed("sealed")


async def fill(engine: AsyncEngine, count: int, seal: Callable[[SecretType], Sealed] = lambda _: _SEALED) -> None:
    """Store so many jobs, most of them finished long ago, under ten OpenAI keys and one Keboola token.

    Their batch ids grow with time, as OpenAI's do. `seal` gives the values of the secrets.
    """
    sealed = seal(SecretType.OPENAI)
    keys = [a_secret(number, name=f"openai-{number}", sealed=sealed) for number in range(1, _KEYS + 1)]
    token = a_secret(_KEYS + 1, SecretType.KEBOOLA, sealed=seal(SecretType.KEBOOLA))
    async with engine.begin() as connection:
        rows = [{"id": secret.id, **secret_values(secret)} for secret in [*keys, token]]
        await connection.execute(sa.insert(secrets), rows)
        await connection.execute(sa.insert(poll_groups), [{"secret_id": key.id} for key in keys])
        made = [_job(number, keys, token) for number in range(1, min(count, _PORTION) + 1)]
        await connection.execute(sa.insert(job_ids), [{"id": job.id} for job in made])
        await connection.execute(sa.insert(jobs), [{"id": job.id, **job_values(job)} for job in made])
        await connection.execute(sa.insert(job_batches), [row for job in made for row in batch_rows(job)])
        for first in range(_PORTION, count, _PORTION):
            most = min(_PORTION, count - first)
            for table, key in ((job_ids, "id"), (jobs, "id"), (job_batches, "job_id")):
                await connection.execute(_copied(table, key, by=first, most=most))
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        # what PostgreSQL's autovacuum does by itself within a minute of so many new rows
        vacuum = "VACUUM ANALYZE" if engine.dialect.name == "postgresql" else "ANALYZE"
        await connection.execute(sa.text(vacuum))


def _copied(table: sa.Table, key: str, *, by: int, most: int) -> sa.Insert:
    """The first rows once more, each under a key that is higher by so much, with batch ids of their own."""
    begins = _FIRST[:-2] + f"{by // _PORTION:02x}"
    changes = {key: table.c[key] + by}
    if table is job_batches:
        changes["batch_id"] = sa.func.replace(table.c.batch_id, _FIRST, begins)
    rows = sa.select(*(changes.get(column.name, column) for column in table.c)).where(table.c[key] <= most)
    return sa.insert(table).from_select([column.name for column in table.c], rows)


def _job(number: int, keys: list[Secret], token: Secret) -> PollingJob:
    at = AT - number * HOUR / 100
    job = a_job(number, openai=keys[number % _KEYS], keboola=token, at=at, name=f"Reviews of region {number % 977}")
    status = {0: JobStatus.ACTIVE, 1: JobStatus.FAILED}.get(number % _ACTIVE, JobStatus.COMPLETED)
    active = status is JobStatus.ACTIVE
    return evolve(
        job,
        status=status,
        batches=tuple(_batch(number, place, active) for place in range(BATCHES)),
        next_check_at=at + timedelta(days=3650) if active else None,
        completed_at=None if active else at,
    )


def _batch(number: int, place: int, active: bool) -> Batch:
    status = BatchStatus.IN_PROGRESS if active else BatchStatus.COMPLETED
    name = BatchId(f"{_FIRST}{number:04x}{number * 7919 % 999_983:06x}{place}")
    return Batch(id=name, status=BatchStatus(status), changed_at=AT, ended_at=None if active else AT)
