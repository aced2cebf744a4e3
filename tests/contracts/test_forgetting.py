"""What is forgotten of each store, a bounded part at a time, and what is never forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from teckochecker.application.errors import JobNotFound, NotFound
from teckochecker.application.ports import Once, UnitOfWork
from teckochecker.domain import decisions
from teckochecker.domain.events import CredentialReleased, JobFailed
from teckochecker.domain.findings import Checked
from teckochecker.domain.job import PollingJob
from teckochecker.domain.protocol import TriggerState
from teckochecker.domain.values import JobId
from tests.builders import AT
from tests.contracts.instances import Instance, later

Forget = Callable[[UnitOfWork], Awaitable[int]]


async def forget(instance: Instance, step: Forget) -> int:
    """One part of it. Returns how much went."""
    async with instance.store.work() as work:
        gone = await step(work)
        await work.commit()
    return gone


def jobs(minutes: int = 10, *, limit: int = 100) -> Forget:
    return lambda work: work.jobs.forget(later(minutes), limit=limit)


async def deleted(instance: Instance, minutes: int = 1) -> PollingJob:
    """A job that somebody deleted."""
    job = await instance.add_job()
    return await instance.change(job.id, lambda job: job.delete(at=later(minutes)))


async def entries(instance: Instance) -> int:
    async with instance.store.view() as view:
        return await view.history.count()


async def test_a_deleted_job_goes_for_good_with_all_of_its_own(one: Instance) -> None:
    job = await one.add_job()
    trigger = await one.add_trigger(job=job)
    async with one.store.work() as work:
        await work.triggers.save(decisions.abandon(await work.triggers.get(trigger.id, lock=True), at=later(1)))
        await work.checks.keep(job.id, Checked(at=AT, findings=()))
        await work.history.add([JobFailed(at=AT, job_id=job.id, reason="404")])
        await work.commit()
    await one.change(job.id, lambda job: job.delete(at=later(1)))
    while await forget(one, jobs()):
        pass
    with pytest.raises(JobNotFound):
        await one.job(job.id, deleted=True)
    async with one.store.view() as view:
        assert (await view.checks.of_jobs([job.id]), await view.notices.undelivered(limit=9)) == ({}, [])
        with pytest.raises(NotFound):
            await view.triggers.get(trigger.id)
    assert await entries(one) == 0
    assert (await one.add_job()).id > job.id


async def test_a_job_that_was_deleted_lately_or_not_at_all_stays(one: Instance) -> None:
    lately, alive = await deleted(one, minutes=10), await one.add_job()
    assert await forget(one, jobs()) == 0
    assert (await one.job(lately.id, deleted=True)).deleted_at
    assert await one.job(alive.id) == alive


@pytest.mark.parametrize("state", [TriggerState.SENT, TriggerState.ACCEPTED], ids=["to be found", "to be followed"])
async def test_a_run_that_is_looked_after_keeps_its_job(one: Instance, state: TriggerState) -> None:
    job = await one.add_job()
    trigger = await one.add_trigger(job=job, state=state)
    await one.change(job.id, lambda job: job.delete(at=later(1)))
    assert await forget(one, jobs()) == 0
    assert await one.trigger(trigger) == trigger


async def test_of_a_long_history_a_part_goes_before_its_job(one: Instance) -> None:
    job = await deleted(one)
    async with one.store.work() as work:
        await work.history.recall([JobFailed(at=AT, job_id=job.id, reason=str(n)) for n in range(5)])
        await work.commit()
    assert [await forget(one, jobs(limit=4)) for _ in range(3)] == [4, 2 + 1, 0]
    assert await entries(one) == 0


async def test_no_more_jobs_go_at_once_than_wanted(one: Instance) -> None:
    for _ in range(3):
        await deleted(one)
    parts = [await forget(one, jobs(limit=2)) for _ in range(5)]
    assert (sum(parts), max(parts) <= 2 + 2, parts[-1], await entries(one)) == (3 + 3, True, 0, 0)


async def test_two_instances_forget_the_same_at_once(one: Instance, other: Instance) -> None:
    for _ in range(4):
        await deleted(one)
    gone = await asyncio.gather(*(forget(instance, jobs()) for instance in (one, other)))
    assert sum(gone) == 4 + 4
    assert await entries(one) == 0


async def test_history_of_no_job_goes_and_that_of_jobs_stays(one: Instance) -> None:
    kept = JobFailed(at=AT, job_id=JobId(1), reason="404")
    async with one.store.work() as work:
        await work.history.add([kept, *(CredentialReleased(at=later(n), secret=f"key {n}") for n in range(4))])
        await work.commit()

    def step(work: UnitOfWork) -> Awaitable[int]:
        return work.history.forget(later(3), limit=2)

    assert [await forget(one, step) for _ in range(3)] == [2, 1, 0]
    async with one.store.view() as view:
        left = await view.history.since(0, limit=9)
        assert [entry.event for entry in left] == [kept, CredentialReleased(at=later(3), secret="key 3")]
        assert await view.history.since(left[0].id, limit=9) == left[1:]
        assert await view.history.last_id() == left[1].id


async def test_notices_of_long_ago_go_whatever_became_of_them(one: Instance) -> None:
    async with one.store.work() as work:
        await work.history.add([JobFailed(at=later(n), job_id=JobId(n), reason="404") for n in (1, 2)])
        await work.commit()

    def step(work: UnitOfWork) -> Awaitable[int]:
        return work.notices.forget(later(2), limit=1)

    assert [await forget(one, step) for _ in range(3)] == [1, 1, 0]
    async with one.store.view() as view:
        assert {notice.event.job_id for notice in await view.notices.undelivered(limit=9)} == {2}


async def test_keys_that_were_used_long_ago_make_new_jobs_again(one: Instance) -> None:
    async with one.store.work() as work:
        for n in range(4):
            await work.once.add("anna", Once(key=f"key {n}", body="e3b0"), JobId(7), at=later(n))
        await work.commit()

    def step(work: UnitOfWork) -> Awaitable[int]:
        return work.once.forget(later(3), limit=2)

    assert [await forget(one, step) for _ in range(3)] == [2, 1, 0]
    async with one.store.view() as view:
        assert [bool(await view.once.made("anna", f"key {n}")) for n in range(4)] == [False, False, False, True]
