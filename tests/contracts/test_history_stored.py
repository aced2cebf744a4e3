"""The contract of History: what was saved is told, in its order, and only what was committed."""

from __future__ import annotations

from teckochecker.domain import decisions
from teckochecker.domain.events import CredentialHeld, DuplicateRun, Event, JobCreated, JobEdited, JobFailed, JobPaused
from teckochecker.domain.values import JobId
from tests.builders import AT, SECOND
from tests.contracts.instances import Instance, later


async def keep(instance: Instance, *events: Event) -> None:
    """Write events that belong to nothing saved."""
    async with instance.store.work() as work:
        await work.history.add(events)
        await work.commit()


async def since(instance: Instance, entry_id: int = 0, *, limit: int = 100) -> list[Event]:
    """What happened after an entry."""
    async with instance.store.view() as view:
        return [entry.event for entry in await view.history.since(entry_id, limit=limit)]


async def test_an_event_is_read_back_as_it_was_told(one: Instance) -> None:
    events = [
        CredentialHeld(at=AT, secret="klíč", reason="‘401’"),
        JobEdited(at=later(1), job_id=JobId(7), changed=("batches", "name")),
        DuplicateRun(at=later(2), job_id=JobId(7), run_ids=("1", "2")),
    ]
    await keep(one, *events)
    assert await since(one) == events


async def test_what_a_saved_job_tells_goes_to_the_history_with_it(one: Instance) -> None:
    job = await one.add_job(events=(told := JobCreated(at=AT, job_id=JobId(1), name="x", batch_count=1),))
    await one.change(job.id, lambda job: job.pause(at=later(1)))
    assert await since(one) == [told, JobPaused(at=later(1), job_id=job.id)]


async def test_what_a_saved_trigger_tells_goes_to_the_history_with_it(one: Instance) -> None:
    trigger = await one.add_trigger()
    withdrawn = decisions.withdraw(trigger, at=later(1))
    await one.save_trigger(withdrawn)
    assert await since(one) == list(withdrawn.events)


async def test_what_is_written_without_news_tells_nothing(one: Instance) -> None:
    job = await one.add_job()
    await one.change(job.id, lambda job: job.check_now(at=later(1)))
    assert await since(one) == []


async def test_entries_count_up_in_the_order_in_which_they_were_told(one: Instance, other: Instance) -> None:
    told = [JobPaused(at=AT + number * SECOND, job_id=JobId(number)) for number in range(4)]
    await keep(one, *told[:2])
    await keep(other, *told[2:])
    async with one.store.view() as view:
        entries = await view.history.since(0, limit=10)
    assert [entry.event for entry in entries] == told
    assert [entry.id for entry in entries] == sorted({entry.id for entry in entries})


async def test_the_history_is_read_on_from_an_entry(one: Instance) -> None:
    told = [JobPaused(at=AT, job_id=JobId(number)) for number in range(4)]
    await keep(one, *told)
    async with one.store.view() as view:
        first, second, *_ = await view.history.since(0, limit=2)
    assert await since(one, first.id, limit=2) == told[1:3]
    assert await since(one, second.id) == told[2:]


async def test_a_job_has_its_own_history_newest_first(one: Instance) -> None:
    mine = [JobPaused(at=later(number), job_id=JobId(1)) for number in range(3)]
    await keep(one, mine[0], JobPaused(at=AT, job_id=JobId(2)), *mine[1:])
    async with one.store.view() as view:
        assert [entry.event for entry in await view.history.of_job(JobId(1), limit=2)] == [mine[2], mine[1]]
        assert list(await view.history.of_job(JobId(3), limit=2)) == []


async def test_the_history_knows_its_end_and_its_length(one: Instance) -> None:
    async with one.store.view() as view:
        assert (await view.history.last_id(), await view.history.count()) == (0, 0)
    await keep(one, *[JobPaused(at=AT, job_id=JobId(number)) for number in range(3)])
    async with one.store.view() as view:
        entries = await view.history.since(0, limit=10)
        assert (await view.history.last_id(), await view.history.count()) == (entries[-1].id, 3)


async def test_events_are_published_once_they_are_committed(one: Instance, other: Instance) -> None:
    async with one.store.work() as work:
        await work.history.add([paused := JobPaused(at=AT, job_id=JobId(1))])
        assert one.told == []
        await work.commit()
        assert one.told == [paused]
    assert (one.told, other.told) == ([paused], [])


async def test_what_was_undone_was_never_told(one: Instance) -> None:
    async with one.store.work() as work:
        await work.history.add([JobPaused(at=AT, job_id=JobId(1))])
    assert (await since(one), one.told) == ([], [])


async def test_what_is_recalled_comes_before_what_is_told_and_nobody_hears_of_it(one: Instance) -> None:
    past = JobFailed(at=later(-60), job_id=JobId(1), reason="Once")  # of which there would be a notice, were it news
    now = JobPaused(at=later(1), job_id=JobId(1))
    async with one.store.work() as work:
        await work.history.add([now])
        await work.history.recall([past])
        await work.commit()
    assert await since(one) == [past, now]
    assert one.told == [now]
    async with one.store.view() as view:
        assert await view.notices.undelivered(limit=10) == []


async def test_what_is_recalled_is_undone_with_the_rest(one: Instance) -> None:
    async with one.store.work() as work:
        await work.history.recall([JobPaused(at=AT, job_id=JobId(1))])
    assert await since(one) == []
