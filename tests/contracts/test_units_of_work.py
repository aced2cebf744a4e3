"""The contract of Store and UnitOfWork: all or nothing, one after the other, and nobody waits to read."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext

import pytest
from attrs import evolve

from teckochecker.adapters.clock import ManualClock
from teckochecker.domain import decisions
from teckochecker.domain.status import JobStatus
from tests.builders import AT, MINUTE, SECOND
from tests.contracts.instances import Instance, later
from tests.contracts.storages import ONE_WRITER


async def test_leaving_without_a_commit_undoes_everything(one: Instance) -> None:
    job = await one.add_job()
    trigger = await one.add_trigger()
    async with one.store.work() as work:
        await work.jobs.save([(await work.jobs.get(job.id, lock=True)).pause(at=AT)])
        await work.triggers.save(decisions.withdraw(trigger, at=AT))
        await work.groups.claim("one", lease=MINUTE, limit=1)
        await work.secrets.delete((await work.secrets.named("openai")).id)
    assert await one.job(job.id) == job
    assert await one.trigger(trigger) == trigger
    assert await one.claim_group()


async def test_a_failure_inside_undoes_everything_and_reaches_the_caller(one: Instance) -> None:
    job = await one.add_job()

    async def fail() -> None:
        async with one.store.work() as work:
            await work.jobs.save([(await work.jobs.get(job.id, lock=True)).pause(at=AT)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await one.job(job.id) == job


async def test_a_unit_of_work_sees_what_it_wrote(one: Instance) -> None:
    job = await one.add_job()
    async with one.store.work() as work:
        await work.jobs.save([(await work.jobs.get(job.id, lock=True)).pause(at=AT)])
        assert (await work.jobs.get(job.id)).status is JobStatus.PAUSED
        assert (await work.jobs.count())[JobStatus.PAUSED] == 1


async def test_a_view_sees_nothing_that_is_not_committed_and_waits_for_nobody(one: Instance, other: Instance) -> None:
    job = await one.add_job()
    async with one.store.work() as work:
        await work.jobs.save([(await work.jobs.get(job.id, lock=True)).pause(at=AT)])
        assert await one.job(job.id) == job
        assert await other.job(job.id) == job
        await work.commit()
    assert (await other.job(job.id)).status is JobStatus.PAUSED


async def test_no_write_is_lost_when_many_write_at_once(one: Instance, other: Instance) -> None:
    job = await one.add_job()

    async def raise_version(instance: Instance) -> None:
        async with instance.store.work() as work:
            read = await work.jobs.get(job.id, lock=True)
            await asyncio.sleep(0)
            await work.jobs.save([evolve(read, version=read.version + 1)])
            await work.commit()

    await asyncio.gather(*(raise_version(instance) for _ in range(5) for instance in (one, other)))
    assert (await one.job(job.id)).version == job.version + 10


@pytest.mark.parametrize("start", ONE_WRITER, indirect=True, ids=lambda storage: storage.__name__)
async def test_writers_of_one_process_take_turns_in_the_order_in_which_they_came(one: Instance) -> None:
    await one.secret()
    came: list[int] = []

    async def write(number: int) -> None:
        async with one.store.work() as work:
            await work.jobs.next_id()
            came.append(number)
            await work.commit()

    async with one.store.work():
        writers = [asyncio.create_task(write(number)) for number in range(5)]
        await asyncio.sleep(0)
        assert came == []
    await asyncio.gather(*writers)
    assert came == [0, 1, 2, 3, 4]


async def test_a_cancelled_writer_leaves_nothing_behind(one: Instance, other: Instance) -> None:
    job = await one.add_job()
    inside = asyncio.Event()

    async def write() -> None:
        async with one.store.work() as work:
            await work.jobs.save([(await work.jobs.get(job.id, lock=True)).pause(at=AT)])
            inside.set()
            await asyncio.Event().wait()

    writer = asyncio.create_task(write())
    await inside.wait()
    writer.cancel()
    await asyncio.gather(writer, return_exceptions=True)
    assert await other.change(job.id, lambda job: job.check_now(at=later(1))) == evolve(job, next_check_at=later(1))


async def test_one_unit_of_work_may_keep_its_work_in_two_parts(one: Instance) -> None:
    job = await one.add_job()
    async with one.store.work() as work:
        paused = (await work.jobs.get(job.id, lock=True)).pause(at=AT)
        await work.jobs.save([paused])
        await work.commit()
        told = list(one.told)
        await work.jobs.next_id()
        await work.commit()
    assert one.told == told == list(paused.events)


async def test_the_clock_of_leases_is_the_one_that_passes(one: Instance, clock: ManualClock) -> None:
    async with one.store.work() as work:
        assert await work.now() == AT
    await clock.advance(90 * SECOND)
    async with one.store.view() as view:
        assert await view.now() == AT + 90 * SECOND


async def test_a_commit_wakes_whoever_waits_in_this_process(one: Instance) -> None:
    job = await one.add_job()
    one.wakeups.signal.clear()
    async with one.store.work() as work:
        await work.jobs.save([(await work.jobs.get(job.id, lock=True)).pause(at=AT)])
        assert not one.wakeups.signal.is_set()
        await work.commit()
    assert one.wakeups.signal.is_set()


def listening(instance: Instance) -> AbstractAsyncContextManager[object]:
    """Some hints come only while somebody listens for them."""
    wakeups: object = instance.wakeups
    return wakeups if isinstance(wakeups, AbstractAsyncContextManager) else nullcontext()


async def test_a_commit_reaches_other_instances_within_a_second(
    one: Instance, other: Instance, clock: ManualClock
) -> None:
    job = await one.add_job()
    async with listening(other):
        await clock.advance(SECOND)
        other.wakeups.signal.clear()
        await clock.advance(SECOND)
        assert not other.wakeups.signal.is_set()
        await one.change(job.id, lambda job: job.pause(at=AT))
        await clock.advance(SECOND)
        await asyncio.wait_for(other.wakeups.signal.wait(), 5)


async def test_what_was_undone_and_what_was_only_read_wakes_nobody(one: Instance) -> None:
    job = await one.add_job()
    one.wakeups.signal.clear()
    async with one.store.work() as work:
        await work.jobs.save([(await work.jobs.get(job.id, lock=True)).pause(at=AT)])
    await one.job(job.id)
    assert not one.wakeups.signal.is_set()
