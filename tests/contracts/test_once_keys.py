"""The contract of OnceKeys: under one key of an actor one job is made, by whichever instance."""

from __future__ import annotations

import asyncio

import pytest

from teckochecker.application.errors import KeyTaken
from teckochecker.application.ports import Made, Once
from teckochecker.domain.values import JobId
from tests.builders import AT
from tests.contracts.instances import Instance, later

NIGHTLY = Once(key="nightly-1", body="e3b0")


async def add(instance: Instance, actor: str = "anna", once: Once = NIGHTLY, job_id: int = 7, minutes: int = 0) -> None:
    """Use a key."""
    async with instance.store.work() as work:
        await work.once.add(actor, once, JobId(job_id), at=later(minutes))
        await work.commit()


async def made(instance: Instance, actor: str = "anna", key: str = "nightly-1") -> Made | None:
    """What was made under a key."""
    async with instance.store.view() as view:
        return await view.once.made(actor, key)


async def test_a_key_leads_to_the_job_that_was_made_under_it(one: Instance, other: Instance) -> None:
    await add(one)
    assert await made(other) == Made(body="e3b0", job_id=JobId(7))
    assert await made(other, key="nightly-2") is None


async def test_each_actor_has_keys_of_their_own(one: Instance) -> None:
    await add(one, "anna", job_id=7)
    assert await made(one, "boris") is None
    await add(one, "boris", job_id=8)
    assert await made(one, "boris") == Made(body="e3b0", job_id=JobId(8))


async def test_a_key_is_used_once(one: Instance, other: Instance) -> None:
    await add(one)
    with pytest.raises(KeyTaken, match="nightly-1"):
        await add(other, job_id=8)
    assert await made(one) == Made(body="e3b0", job_id=JobId(7))


async def test_of_two_that_use_a_key_at_the_same_time_one_is_refused(one: Instance, other: Instance) -> None:
    async def use(instance: Instance, job_id: int) -> bool:
        try:
            await add(instance, job_id=job_id)
        except KeyTaken:
            return False
        return True

    assert sorted(await asyncio.gather(use(one, 7), use(other, 8))) == [False, True]


async def test_a_key_goes_with_a_unit_of_work_that_is_undone(one: Instance) -> None:
    async with one.store.work() as work:
        await work.once.add("anna", NIGHTLY, JobId(7), at=AT)
    assert await made(one) is None
