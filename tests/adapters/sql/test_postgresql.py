"""What PostgreSQL does by itself: the clock of leases, and telling who listens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sized
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from teckochecker.adapters.clock import ManualClock, SystemClock
from teckochecker.adapters.publisher import Publisher
from teckochecker.adapters.sql.engine import open_engine, transaction
from teckochecker.adapters.sql.migrations import upgrade
from teckochecker.adapters.sql.survey import refuse_in_use
from teckochecker.adapters.sql.wakeups import SqlWakeups
from teckochecker.adapters.sql.work import SqlStore
from teckochecker.application.errors import StorageUnavailable
from teckochecker.application.ports import Once, UnitOfWork
from teckochecker.domain.events import Event, JobFailed, JobPaused
from teckochecker.domain.values import JobId
from tests.adapters.sql.stores import add_secret, names, opened, store_on
from tests.builders import AT
from tests.contracts.instances import LEASE, Instance, later
from tests.contracts.storages import postgresql
from tests.databases import postgresql_server


@pytest.fixture
def address() -> str:
    return postgresql_server().database()


@pytest.fixture
async def engine(address: str) -> AsyncGenerator[AsyncEngine]:
    made = open_engine(address)
    await upgrade(made)
    yield made
    await made.dispose()


async def test_leases_are_judged_by_the_servers_clock(engine: AsyncEngine) -> None:
    wrong = ManualClock(AT)
    store = SqlStore(engine, wrong, Publisher(print), SqlWakeups(engine, wrong))
    async with store.view() as view:
        now = await view.now()
    assert abs(now - datetime.now(UTC)) < timedelta(minutes=1)
    assert now.utcoffset() == timedelta(0)


async def test_a_commit_reaches_whoever_listens_on_another_connection(engine: AsyncEngine, address: str) -> None:
    async with SqlWakeups(engine, SystemClock()) as wakeups, opened(address) as other:
        await add_secret(other)
        await asyncio.wait_for(wakeups.signal.wait(), 5)


DELAY = """
CREATE FUNCTION stay() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN IF NEW.job_id = 1 THEN PERFORM pg_sleep(0.5); END IF; RETURN NEW; END$$
"""
STAYS = "CREATE TRIGGER stays AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION stay()"
SLEEPING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"


async def test_whoever_reads_on_misses_nothing_of_a_commit_that_takes_longer_than_a_later_one(
    engine: AsyncEngine, address: str
) -> None:
    async with engine.begin() as connection:
        await connection.execute(sa.text(DELAY))
        await connection.execute(sa.text(STAYS))

    async def told(store: SqlStore, number: int) -> None:
        async with store.work() as work:
            await work.history.add([JobPaused(at=AT, job_id=JobId(number))])
            await work.commit()

    async with opened(address) as one, opened(address) as other:
        slow = asyncio.create_task(told(one, 1))
        async with asyncio.timeout(10), engine.connect() as watcher:
            while not (await watcher.execute(sa.text(SLEEPING))).scalar_one():
                await watcher.rollback()  # what is going on is told anew in each transaction
        await told(other, 2)  # its id is the later one, and no reader may be there before the earlier one is
        async with other.view() as view:
            assert [entry.event.job_id for entry in await view.history.since(0, limit=10)] == [1, 2]
        await slow


async def test_several_instances_may_make_the_tables_at_once(address: str) -> None:
    engines = [open_engine(address) for _ in range(3)]
    assert sorted(await asyncio.gather(*map(upgrade, engines))) == [False, False, True]
    for made in engines:
        await made.dispose()


async def somebody_waits(connection: AsyncConnection, for_a: str) -> None:
    """Wait until another session waits for a lock of this type."""
    waits = sa.text("SELECT count(*) FROM pg_locks WHERE locktype = :type AND NOT granted")
    async with asyncio.timeout(20):
        while not (await connection.execute(waits, {"type": for_a})).scalar_one():
            await asyncio.sleep(0.02)


async def test_nobody_begins_work_on_a_database_that_is_taken_as_a_whole(engine: AsyncEngine) -> None:
    async with transaction(engine) as whole:
        await refuse_in_use(whole, at=datetime.now(UTC))
        beginning = asyncio.create_task(add_secret(store_on(engine)))
        await somebody_waits(whole, "relation")
        assert not beginning.done()
    await beginning


async def test_a_migration_waits_for_that_of_another_process(address: str) -> None:
    fresh = open_engine(address)
    async with fresh.connect() as other:
        await other.execute(sa.text("SELECT pg_advisory_xact_lock(7316042)"))
        migrating = asyncio.create_task(upgrade(fresh))
        await somebody_waits(other, "advisory")
        assert not migrating.done()
        await other.rollback()
    assert await migrating
    await fresh.dispose()


async def test_a_database_without_tables_says_how_to_make_them(address: str) -> None:
    async with opened(address) as store:
        with pytest.raises(StorageUnavailable, match="make it with `teckochecker init`"):
            await names(store)


@pytest.mark.parametrize("hours", [-24, -1, 1, 24])
async def test_a_machine_whose_clock_is_wrong_neither_takes_nor_loses_a_lease(engine: AsyncEngine, hours: int) -> None:
    right, wrong = SystemClock(), ManualClock(datetime.now(UTC) + timedelta(hours=hours))
    one = SqlStore(engine, right, Publisher(_fail), SqlWakeups(engine, right))
    other = SqlStore(engine, wrong, Publisher(_fail), SqlWakeups(engine, wrong))
    asked = Instance("one", ManualClock(AT), one, SqlWakeups(engine, right))
    await asked.add_job()
    for holder, rival in ((one, other), (other, one)):
        async with holder.work() as work:
            (claim,) = await work.groups.claim("holder", lease=timedelta(seconds=30), limit=10)
            await work.commit()
        async with rival.work() as work:
            assert await work.groups.claim("rival", lease=timedelta(seconds=30), limit=10) == []
        async with holder.work() as work:
            await work.groups.fence(claim, lease=timedelta(seconds=30))
            await work.groups.release(claim)
            await work.commit()


def _fail(error: Exception, event: Event) -> None:
    raise error


@pytest.mark.parametrize(
    "take",
    [
        lambda work: work.groups.claim("me", lease=LEASE, limit=9),
        lambda work: work.triggers.claim("me", lease=LEASE, limit=9),
        lambda work: work.notices.claim("me", ["mail"], lease=LEASE, limit=9),
        lambda work: work.notices.forget(later(9), limit=9),
        lambda work: work.once.forget(later(9), limit=9),
        lambda work: work.jobs.forget(later(9), limit=9),
    ],
    ids=["groups", "triggers", "notices", "old notices", "old keys", "deleted jobs"],
)
async def test_what_one_instance_is_taking_the_others_pass_over_without_waiting(
    take: Callable[[UnitOfWork], Awaitable[Sized | int]], tmp_path: Path
) -> None:
    async with postgresql(ManualClock(AT), tmp_path) as start:
        one, other = start("one"), start("other")
        await one.add_job()
        await one.add_trigger()
        gone = await one.add_job()
        await one.change(gone.id, lambda job: job.delete(at=AT))
        async with one.store.work() as work:
            await work.history.add([JobFailed(at=AT, job_id=gone.id, reason="404")])
            await work.once.add("anna", Once(key="nightly", body="e3b0"), gone.id, at=AT)
            await work.commit()
        async with one.store.work() as taking, asyncio.timeout(10), other.store.work() as passing:
            assert await take(taking)
            assert not await take(passing)
