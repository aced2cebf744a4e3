"""A service left alone removes what nobody needs any more, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest
from attrs import evolve

from teckochecker.adapters.memory import MemoryStore, MemoryWakeups
from teckochecker.adapters.publisher import Publisher
from teckochecker.application.errors import JobNotFound, StorageUnavailable
from teckochecker.application.housekeeping import Housekeeping
from teckochecker.application.ports import Address, Once, UnitOfWork
from teckochecker.domain.batch import BatchStatus
from teckochecker.domain.events import CredentialReleased
from teckochecker.domain.status import JobStatus
from teckochecker.domain.values import JobId
from tests.builders import AT, HOUR
from tests.unit.application.app import App

DAY = timedelta(days=1)


def housekeeping(app: App, kept: timedelta = 30 * DAY) -> Housekeeping:
    """As the service has it."""
    return Housekeeping(store=app.store, clock=app.clock, crew=app.service.watching.crew, kept=kept)


@asynccontextmanager
async def at_work(app: App) -> AsyncGenerator[None]:
    """The service runs and keeps house."""
    app.service.housekeeping = housekeeping(app, 5 * HOUR)
    stop = asyncio.Event()
    running = asyncio.create_task(app.service.run(stop))
    yield
    stop.set()
    await app.clock.advance(HOUR)
    await running


async def test_a_deleted_job_goes_in_time_and_a_finished_one_stays(app: App) -> None:
    done = await app.a_job("batch_1", status=BatchStatus.COMPLETED)
    gone = await app.a_job("batch_2", status=BatchStatus.IN_PROGRESS)
    await app.run()
    await app.jobs.delete(gone.job.id)
    async with at_work(app):
        await app.clock.advance(4 * HOUR)
        async with app.store.view() as view:
            assert (await view.jobs.get(gone.job.id, deleted=True)).deleted_at
        await app.clock.advance(2 * HOUR)
    async with app.store.view() as view:
        with pytest.raises(JobNotFound):
            await view.jobs.get(gone.job.id, deleted=True)
        assert await view.history.of_job(gone.job.id, limit=9) == []
        assert await view.history.of_job(done.job.id, limit=9)
    assert (await app.job(done.job.id)).job.status is JobStatus.COMPLETED


async def test_it_goes_on_in_portions_until_nothing_old_is_left(app: App) -> None:
    async with app.store.work() as work:
        for number in range(1200):
            await work.once.add("anna", Once(key=str(number), body="e3b0"), JobId(1), at=AT)
        await work.commit()
    await app.clock.advance(31 * DAY)
    sweeping = asyncio.create_task(housekeeping(app).sweep())
    await app.clock.advance(HOUR)
    await sweeping
    async with app.store.view() as view:
        assert [await view.once.made("anna", str(number)) for number in range(1200)] == [None] * 1200


async def test_one_sweep_takes_notices_and_the_history_of_no_job_as_well(app: App) -> None:
    told = MemoryStore(app.memory, Publisher(app._report), MemoryWakeups(app.memory), lambda _: (Address("mail", AT),))
    async with told.work() as work:
        await work.history.add([CredentialReleased(at=AT + day * DAY, secret="openai") for day in (0, 20)])
        await work.commit()
    await app.clock.advance(31 * DAY)
    sweeping = asyncio.create_task(housekeeping(app).sweep())
    await app.clock.advance(HOUR)
    await sweeping
    assert [(await left(app)), [row.notice.event.at for row in app.memory.notices.values()]] == [[AT + 20 * DAY]] * 2


async def left(app: App) -> list[datetime]:
    """When what is still in the history happened."""
    async with app.store.view() as view:
        return [entry.event.at for entry in await view.history.since(0, limit=9) if not entry.event.job_id]


async def test_a_storage_that_was_away_is_swept_the_next_time(app: App) -> None:
    async with app.store.work() as work:
        await work.once.add("anna", Once(key="nightly", body="e3b0"), JobId(1), at=AT - 40 * DAY)
        await work.commit()

    class Away:
        """A storage that does not answer in the first hour."""

        @asynccontextmanager
        async def work(self) -> AsyncGenerator[UnitOfWork]:
            if app.clock.now() < AT + 1.5 * HOUR:
                raise StorageUnavailable("gone for a while")
            async with app.store.work() as work:
                yield work

        view = work

    keeping = asyncio.create_task(evolve(housekeeping(app), store=Away()).run())
    for hours, left in ((1.2, True), (1, False)):
        await app.clock.advance(hours * HOUR)
        async with app.store.view() as view:
            assert bool(await view.once.made("anna", "nightly")) is left
    keeping.cancel()
    assert not app.kinds("FaultMet")
