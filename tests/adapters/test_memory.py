"""What memory is stricter about than its contract, so that tests on it find what would fail elsewhere."""

from __future__ import annotations

import pytest

from teckochecker.adapters.clock import ManualClock
from teckochecker.adapters.memory import Memory, MemoryStore, MemoryWakeups
from teckochecker.adapters.publisher import Publisher
from teckochecker.domain.events import Event
from teckochecker.domain.secret import Sealed, SecretType
from teckochecker.domain.values import JobId
from tests.builders import AT, a_job


@pytest.fixture
def store() -> MemoryStore:
    memory = Memory(ManualClock(AT))
    return MemoryStore(memory, Publisher(_fail), MemoryWakeups(memory))


def _fail(error: Exception, event: Event) -> None:
    raise error


async def _keep_a_job(store: MemoryStore) -> None:
    async with store.work() as work:
        await work.jobs.add(a_job())
        await work.commit()


async def test_a_job_that_was_not_read_for_writing_cannot_be_saved(store: MemoryStore) -> None:
    await _keep_a_job(store)
    async with store.work() as work:
        job = await work.jobs.get(JobId(1))
        with pytest.raises(RuntimeError, match="PollingJob 1 was saved, but not read with lock=True"):
            await work.jobs.save([job])


async def test_a_secret_that_was_not_read_for_writing_cannot_be_saved(store: MemoryStore) -> None:
    async with store.work() as work:
        await work.secrets.add(name="key", type=SecretType.OPENAI, sealed=Sealed("s"), base_url=None, at=AT)
        await work.commit()
    async with store.work() as work:
        secret = await work.secrets.named("key")
        with pytest.raises(RuntimeError, match="Secret 1 was saved"):
            await work.secrets.save(secret)


async def test_what_was_added_can_be_saved_in_the_same_unit_of_work(store: MemoryStore) -> None:
    async with store.work() as work:
        await work.jobs.add(a_job())
        await work.jobs.save([a_job().pause(at=AT)])
        await work.commit()
    async with store.view() as view:
        assert (await view.jobs.get(JobId(1))).status == "paused"


async def test_a_view_cannot_be_written_to(store: MemoryStore) -> None:
    await _keep_a_job(store)
    async with store.view() as view:
        with pytest.raises(RuntimeError, match="A view only reads"):
            await view.jobs.get(JobId(1), lock=True)
        with pytest.raises(RuntimeError, match="A view only reads"):
            await view.jobs.add(a_job(2))
        with pytest.raises(RuntimeError, match="A view only reads"):
            await view.commit()


async def test_a_unit_of_work_that_was_left_is_over(store: MemoryStore) -> None:
    async with store.work() as work:
        await work.jobs.add(a_job())
    with pytest.raises(RuntimeError, match="is over"):
        await work.commit()
    async with store.view() as view:
        assert await view.jobs.get_many([JobId(1)]) == []


async def test_one_commit_is_heard_by_every_instance() -> None:
    memory = Memory(ManualClock(AT))
    ears = [MemoryWakeups(memory) for _ in range(3)]
    await _keep_a_job(MemoryStore(memory, Publisher(_fail), ears[0]))
    assert [ear.signal.is_set() for ear in ears] == [True, True, True]


async def test_a_commit_that_changes_nothing_wakes_nobody() -> None:
    memory = Memory(ManualClock(AT))
    wakeups = MemoryWakeups(memory)
    async with MemoryStore(memory, Publisher(_fail), wakeups).work() as work:
        await work.groups.claim("one", lease=AT - AT, limit=1)
        await work.commit()
    assert not wakeups.signal.is_set()
