"""Lists of more jobs than are looked up one by one: each way to narrow and to sort them, against plain counting."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from itertools import product
from pathlib import Path
from typing import Any, Final

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from teckochecker.adapters.sql.engine import open_engine
from teckochecker.adapters.sql.finding import in_order
from teckochecker.adapters.sql.migrations import upgrade
from teckochecker.adapters.sql.tables import job_batches, jobs
from teckochecker.application.ports import JobQuery, JobSort
from teckochecker.domain.secret import SecretId
from teckochecker.domain.status import JobStatus, with_failures
from tests.adapters.sql.stores import store_on
from tests.adapters.sql.test_plans import plan
from tests.benchmarks.many import fill
from tests.databases import postgresql_server

JOBS: Final = 40_000
PAGE: Final = 50
TEXTS: Final = ("reviews", "Batch_68", "batch_6803", "batch_96")
SORTS: Final = (JobSort.NEWEST, JobSort.OLDEST, JobSort.NAME, JobSort.STATUS_DOWN, JobSort.NEXT_CHECK)
COMPLETED: Final = with_failures([JobStatus.COMPLETED])
OPENAI, KEBOOLA = SecretId(3), SecretId(11)
NARROWED: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"statuses": COMPLETED},
    {"statuses": frozenset({JobStatus.ACTIVE})},
    {"statuses": frozenset({JobStatus.PAUSED})},
    {"secret_id": OPENAI},
    {"secret_id": KEBOOLA},
    {"secret_id": KEBOOLA, "statuses": COMPLETED},
)
CHANGES: Final = (
    # these watch other batches, and half of them is named like the ids that they have no more
    "UPDATE job_batches SET batch_id = replace(batch_id, 'batch_68', 'batch_96') WHERE job_id % 300 = 7",
    "UPDATE jobs SET name = 'Batch_68 ' || id, folded_name = 'batch_68 ' || id WHERE id % 150 = 7",
    "UPDATE jobs SET keboola_secret_id = NULL WHERE status = 'completed' AND id % 100 = 9",
    "UPDATE jobs SET deleted_at = created_at, next_check_at = NULL WHERE id % 500 = 3",
    "UPDATE job_batches SET shared = NULL WHERE job_id % 500 = 3",
)


@pytest.fixture(params=["sqlite", "postgresql"])
async def many(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[AsyncEngine]:
    sqlite = request.param == "sqlite"
    engine = open_engine(f"sqlite:///{tmp_path}/many.db" if sqlite else postgresql_server().database())
    await upgrade(engine)
    await fill(engine, JOBS)
    async with engine.begin() as connection:
        for change in CHANGES:
            await connection.exec_driver_sql(change.replace("%", "%" if sqlite else "%%"))
    yield engine
    await engine.dispose()


async def stored(engine: AsyncEngine) -> Sequence[Any]:
    """All jobs that were not deleted, each with the ids of its batches."""
    batches: dict[int, list[str]] = {}
    async with engine.connect() as connection:
        for job_id, batch_id in await connection.execute(sa.select(job_batches.c.job_id, job_batches.c.batch_id)):
            batches.setdefault(job_id, []).append(batch_id)
        rows = await connection.execute(sa.select(jobs).where(jobs.c.deleted_at.is_(None)))
        return [(row, batches[row.id]) for row in rows]


def fits(job: Any, batches: Sequence[str], query: JobQuery) -> bool:
    """Whether a job belongs in a list."""
    text = (query.text or "").casefold()
    return (
        (not query.statuses or job.status in query.statuses)
        and (query.secret_id is None or query.secret_id in (job.openai_secret_id, job.keboola_secret_id))
        and (job.folded_name.startswith(text) or any(batch.startswith(text) for batch in batches))
    )


def in_their_order(found: Sequence[Any], sort: JobSort) -> list[int]:
    """The ids of these jobs, sorted."""
    if sort.key == "next_check_at":
        watched = sorted((job.next_check_at, job.id) for job in found if job.next_check_at)
        return [id for _, id in watched] + sorted((job.id for job in found if not job.next_check_at), reverse=True)
    name = {"created_at": "id", "name": "folded_name", "status": "status"}[sort.key]
    return [id for _, id in sorted(((getattr(job, name), job.id) for job in found), reverse=sort.down)]


async def test_a_list_of_lots_of_jobs_has_what_it_should_however_it_is_read(many: AsyncEngine) -> None:
    everything = await stored(many)
    async with store_on(many).view() as view:
        for text, narrowed in product(TEXTS, NARROWED):
            found = [job for job, batches in everything if fits(job, batches, JobQuery(text=text, **narrowed))]
            for sort in SORTS:
                wanted = in_their_order(found, sort)
                seen: list[int] = []
                for after in (None, *wanted[PAGE - 1 : PAGE]):
                    page = await view.jobs.find(
                        JobQuery(text=text, sort=sort, limit=PAGE, after=after, **narrowed)  # type: ignore[arg-type]
                    )
                    seen += [job.id for job in page.jobs]
                    assert (page.total, page.more) == (len(wanted), len(seen) < len(wanted)), (text, narrowed, sort)
                assert seen == wanted[: 2 * PAGE], (text, narrowed, sort)


@pytest.mark.parametrize("sort", [JobSort.NAME, JobSort.STATUS_DOWN])
async def test_sqlite_reads_a_list_of_many_jobs_in_its_order(engine: AsyncEngine, sort: JobSort) -> None:
    key = jobs.c.folded_name if sort is JobSort.NAME else jobs.c.status
    ids = sa.select(jobs.c.id).where(jobs.c.deleted_at.is_(None), jobs.c.openai_secret_id == 1)
    ids = ids.order_by(key.desc() if sort.down else key, jobs.c.id.desc() if sort.down else jobs.c.id)
    query = JobQuery(sort=sort, limit=10)
    few, lots = [await plan(engine, in_order(ids, query, total), {}) for total in (100, 101)]
    assert any("USE TEMP B-TREE" in step for step in few), few
    assert not any("USE TEMP B-TREE" in step for step in lots), lots
