"""The contract of JobRepository."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from teckochecker.application.errors import JobNotFound
from teckochecker.application.ports import JobQuery, JobSort
from teckochecker.domain.batch import Batch, BatchError, BatchStatus, RequestCounts
from teckochecker.domain.editing import edited
from teckochecker.domain.errors import InvalidValue
from teckochecker.domain.job import PollingJob
from teckochecker.domain.secret import SecretType
from teckochecker.domain.status import JobStatus
from teckochecker.domain.values import BatchId, JobId
from tests.builders import AT, MINUTE, SECOND, a_target, some_batches
from tests.contracts.instances import Instance, later

RICH_BATCH = Batch(
    id=BatchId("batch_rich"),
    status=BatchStatus("a_status_from_the_future"),
    counts=RequestCounts(10, 7, 1),
    output_file_id="file-out",
    error_file_id="file-err",
    errors=(BatchError("bad_line", "Line 7 is no JSON: ‘ř’", None, 7), BatchError()),
    created_at=AT - timedelta(hours=1),
    in_progress_at=AT - timedelta(minutes=50),
    finalizing_at=AT - timedelta(minutes=2),
    expires_at=AT + timedelta(hours=23),
    missing_since=AT + timedelta(microseconds=1),
    changed_at=AT,
)


async def found(instance: Instance, **wanted: Any) -> list[JobId]:
    """The ids on the first page."""
    async with instance.store.view() as view:
        return [job.id for job in (await view.jobs.find(JobQuery(**wanted))).jobs]


async def postpone(instance: Instance, job: PollingJob, *, picked_at: Any = AT) -> PollingJob:
    """What the watching writes of a job in which nothing changed: looked at a second after the pick, due in an hour."""
    async with instance.store.work() as work:
        await work.jobs.postpone(later(60), [job.id], at=AT + SECOND, picked_at=picked_at)
        await work.commit()
    return await instance.job(job.id)


# Reading and writing


async def test_a_number_that_no_id_can_be_finds_nothing(one: Instance) -> None:
    async with one.store.view() as view:
        with pytest.raises((JobNotFound, InvalidValue), match=r"not found|there is nothing of that ID"):
            await view.jobs.get(JobId(2**63))


async def test_a_job_is_read_back_as_it_was_stored(one: Instance) -> None:
    job = await one.add_job(
        name="Příliš 'žluťoučký' 100% _kůň_",
        batches=(RICH_BATCH, *some_batches("completed", "queued", "lost")),
        target=a_target(branch_id="7", row_ids=("1", "2"), variables={"tone": "dry ‘ř’"}),
        last_check_at=AT - SECOND,
        failures=3,
        last_error="no answer",
        version=4,
        generation=2,
    )
    assert await one.job(job.id) == job


async def test_what_one_instance_stored_another_reads(one: Instance, other: Instance) -> None:
    job = await one.add_job()
    assert await other.job(job.id) == job


async def test_a_saved_job_replaces_the_stored_one(one: Instance) -> None:
    job = await one.add_job(batches=some_batches("in_progress", "completed"))
    paused = await one.change(job.id, lambda job: job.pause(at=later()))
    assert await one.job(job.id) == paused


async def test_an_edit_may_change_the_batches_and_their_order(one: Instance) -> None:
    job = await one.add_job(batches=some_batches("in_progress", "completed"))
    wanted = ("batch_new", "batch_2")
    changed = await one.change(job.id, lambda job: edited(job, {"batches": wanted}, at=later()))
    assert [batch.id for batch in (await one.job(job.id)).batches] == ["batch_new", "batch_2"]
    assert await one.job(job.id) == changed


async def test_the_newest_job_of_a_key_is_found_by_it(one: Instance) -> None:
    jobs = [await one.add_job(key=key) for key in ("nightly", "nightly", "weekly", "gone")]
    await one.change(jobs[3].id, lambda job: job.delete(at=AT))
    async with one.store.view() as view:
        assert await view.jobs.keyed(["nightly", "weekly", "gone", "never"]) == {"nightly": jobs[1], "weekly": jobs[2]}
        assert await view.jobs.keyed([]) == {}


async def test_several_jobs_are_saved_at_once(one: Instance) -> None:
    jobs = [await one.add_job() for _ in range(3)]
    async with one.store.work() as work:
        locked = await work.jobs.get_many([job.id for job in jobs], lock=True)
        await work.jobs.save([job.pause(at=AT) for job in locked])
        await work.commit()
    assert {(await one.job(job.id)).status for job in jobs} == {JobStatus.PAUSED}


async def test_a_stored_job_has_nothing_left_to_tell(one: Instance) -> None:
    job = await one.add_job()
    await one.change(job.id, lambda job: job.pause(at=AT))
    assert (await one.job(job.id)).events == ()


async def test_a_job_that_is_not_there_is_not_found(one: Instance) -> None:
    with pytest.raises(JobNotFound, match="Job with ID 9 not found"):
        await one.job(JobId(9))


async def test_a_deleted_job_is_seen_only_by_those_who_ask_for_it(one: Instance) -> None:
    job = await one.add_job()
    deleted = await one.change(job.id, lambda job: job.delete(at=later()))
    with pytest.raises(JobNotFound):
        await one.job(job.id)
    assert await one.job(job.id, deleted=True) == deleted
    async with one.store.view() as view:
        assert list(await view.jobs.get_many([job.id])) == []
    assert await found(one) == []


async def test_many_jobs_come_in_the_order_of_their_ids_without_those_that_do_not_exist(one: Instance) -> None:
    first, second = await one.add_job(), await one.add_job()
    async with one.store.view() as view:
        jobs = await view.jobs.get_many([JobId(99), second.id, first.id, second.id])
    assert list(jobs) == [first, second]


async def test_no_id_is_given_out_twice(one: Instance, other: Instance) -> None:
    ids = [(await instance.add_job()).id for instance in (one, other, one)]
    last = ids[-1]
    await one.change(last, lambda job: job.delete(at=AT))
    ids.append((await other.add_job()).id)
    assert len(set(ids)) == 4


# Postponing


async def test_a_postponed_job_was_looked_at_and_is_due_again(one: Instance) -> None:
    job = await one.add_job()
    assert await postpone(one, job) == evolve(job, next_check_at=later(60), last_check_at=AT + SECOND)


async def test_postponing_several_jobs_leaves_the_others_alone(one: Instance) -> None:
    first, second, third = [await one.add_job() for _ in range(3)]
    async with one.store.work() as work:
        await work.jobs.postpone(later(60), [first.id, third.id], at=AT, picked_at=AT)
        await work.commit()
    assert [(await one.job(job.id)).next_check_at for job in (first, second, third)] == [later(60), AT, later(60)]


async def test_a_pause_during_the_look_wins(one: Instance, other: Instance) -> None:
    job = await one.add_job()
    paused = await other.change(job.id, lambda job: job.pause(at=AT + SECOND))
    assert await postpone(one, job) == paused


async def test_a_resume_during_the_look_keeps_the_job_due(one: Instance, other: Instance) -> None:
    job = await one.add_job()
    await other.change(job.id, lambda job: job.pause(at=AT + SECOND))
    resumed = await other.change(job.id, lambda job: job.resume(at=AT + 2 * SECOND))
    assert await postpone(one, job) == resumed


async def test_an_edit_during_the_look_keeps_the_job_due(one: Instance, other: Instance) -> None:
    job = await one.add_job()
    changed = await other.change(job.id, lambda job: edited(job, {"interval": MINUTE}, at=AT + SECOND))
    assert await postpone(one, job) == changed


async def test_a_hint_during_the_look_keeps_the_job_due(one: Instance, other: Instance) -> None:
    job = await one.add_job()
    async with other.store.work() as work:
        await work.jobs.hint(BatchId("batch_1"), at=AT + SECOND, apart=SECOND)
        await work.commit()
    assert (await postpone(one, job)).next_check_at == AT + SECOND


async def test_a_deletion_during_the_look_wins(one: Instance, other: Instance) -> None:
    job = await one.add_job()
    deleted = await other.change(job.id, lambda job: job.delete(at=AT + SECOND))
    async with one.store.work() as work:
        await work.jobs.postpone(later(60), [job.id], at=AT + SECOND, picked_at=AT)
        await work.commit()
    assert await one.job(job.id, deleted=True) == deleted


async def test_what_was_set_at_the_very_moment_of_the_pick_was_picked(one: Instance) -> None:
    job = await one.add_job(due=AT + SECOND)
    assert (await postpone(one, job, picked_at=AT + SECOND)).next_check_at == later(60)


# Hints and wake-ups


async def test_a_hint_makes_due_the_active_jobs_that_wait_for_the_batch(one: Instance) -> None:
    waiting = await one.add_job(due=later(60), batches=some_batches("in_progress", "completed"))
    also = await one.add_job(due=later(60))
    assert await hint(one, "batch_1", at=later(1)) == 2
    assert [(await one.job(job.id)).next_check_at for job in (waiting, also)] == [later(1), later(1)]


async def hint(instance: Instance, batch_id: str, *, at: Any) -> int:
    """Somebody says that a batch has moved."""
    async with instance.store.work() as work:
        count = await work.jobs.hint(BatchId(batch_id), at=at, apart=5 * SECOND)
        await work.commit()
    return count


async def test_a_hint_leaves_alone_whoever_does_not_wait_for_the_batch(one: Instance) -> None:
    ended = await one.add_job(due=later(60), batches=some_batches("completed", "in_progress"))
    paused = await one.add_job(status="paused")
    deleted = await one.add_job()
    await one.change(deleted.id, lambda job: job.delete(at=AT))
    assert await hint(one, "batch_1", at=later(1)) == 0
    assert [await one.job(job.id) for job in (ended, paused)] == [ended, paused]


async def test_a_hint_moves_a_job_that_was_due_before_to_its_own_moment(one: Instance) -> None:
    job = await one.add_job(due=AT)
    await hint(one, "batch_1", at=later(1))
    assert (await one.job(job.id)).next_check_at == later(1)


async def test_a_hint_comes_no_sooner_after_a_look_than_hints_may_follow_each_other(one: Instance) -> None:
    job = await one.add_job()
    await postpone(one, job)
    await hint(one, "batch_1", at=AT + 4 * SECOND)
    assert (await one.job(job.id)).next_check_at == AT + 9 * SECOND
    await hint(one, "batch_1", at=AT + 6 * SECOND)
    assert (await one.job(job.id)).next_check_at == AT + 6 * SECOND


async def test_waking_makes_due_the_active_jobs_of_one_openai_secret(one: Instance) -> None:
    woken = await one.add_job(due=later(60))
    elsewhere = await one.add_job(openai="another", due=later(60))
    paused = await one.add_job(status="paused")
    async with one.store.work() as work:
        await work.jobs.wake((await one.secret()).id, at=later(1))
        await work.commit()
    assert (await one.job(woken.id)).next_check_at == later(1)
    assert [await one.job(job.id) for job in (elsewhere, paused)] == [elsewhere, paused]


# Lists


async def test_a_list_shows_the_newest_first(one: Instance) -> None:
    first, second = await one.add_job(), await one.add_job()
    assert await found(one) == [second.id, first.id]


async def test_a_list_goes_on_after_its_last_job(one: Instance) -> None:
    first, second, third = [await one.add_job() for _ in range(3)]
    async with one.store.view() as view:
        page = await view.jobs.find(JobQuery(limit=2))
        assert ([job.id for job in page.jobs], page.total, page.more) == ([third.id, second.id], 3, True)
        rest = await view.jobs.find(JobQuery(limit=2, after=second.id))
        assert ([job.id for job in rest.jobs], rest.total, rest.more) == ([first.id], 3, False)


@pytest.mark.parametrize("sort", list(JobSort))
async def test_a_list_is_sorted_and_goes_on_in_its_order(one: Instance, sort: JobSort) -> None:
    made = [
        await one.add_job(name="banana", due=later(2)),
        await one.add_job(name="Apple", status="paused"),
        await one.add_job(name="Älter", due=later(1)),
        await one.add_job(name="apple", status="failed"),
        await one.add_job(name="zebra", due=later(1)),
    ]
    first, second, third, fourth, fifth = [job.id for job in made]
    wanted = {
        JobSort.OLDEST: [first, second, third, fourth, fifth],
        JobSort.NEWEST: [fifth, fourth, third, second, first],
        JobSort.NAME: [second, fourth, first, fifth, third],
        JobSort.NAME_DOWN: [third, fifth, first, fourth, second],
        JobSort.STATUS: [first, third, fifth, fourth, second],
        JobSort.STATUS_DOWN: [second, fourth, fifth, third, first],
        JobSort.NEXT_CHECK: [third, fifth, first, fourth, second],
        JobSort.NEXT_CHECK_DOWN: [first, fifth, third, fourth, second],
    }[sort]
    assert await found(one, sort=sort) == wanted
    for place, job_id in enumerate(wanted):
        assert await found(one, sort=sort, after=job_id, limit=2) == wanted[place + 1 : place + 3]


@pytest.mark.parametrize("sort", [JobSort.NAME, JobSort.STATUS_DOWN, JobSort.NEXT_CHECK])
async def test_nothing_comes_after_the_place_that_no_job_ever_had(one: Instance, sort: JobSort) -> None:
    await one.add_job()
    assert await found(one, sort=sort, after=JobId(99)) == []


async def test_a_list_goes_on_after_a_job_that_was_deleted_meanwhile(one: Instance) -> None:
    first, second, third = [await one.add_job(name=name) for name in ("a", "b", "c")]
    await one.change(second.id, lambda job: job.delete(at=AT))
    assert await found(one, sort=JobSort.NAME, after=second.id) == [third.id]
    assert await found(one, after=second.id) == [first.id]


async def test_every_batch_id_begins_alike_so_that_its_beginning_finds_all(one: Instance) -> None:
    job = await one.add_job()
    for text in ("", "b", "BATCH", "batch_", "BATCH_1"):
        assert await found(one, text=text) == [job.id]


async def test_a_list_can_be_narrowed_by_status(one: Instance) -> None:
    await one.add_job()
    paused, failed = await one.add_job(status="paused"), await one.add_job(status="failed")
    wanted = frozenset({JobStatus.PAUSED, JobStatus.FAILED})
    assert await found(one, statuses=wanted) == [failed.id, paused.id]


async def test_a_list_can_be_narrowed_by_either_secret(one: Instance) -> None:
    mine = await one.add_job()
    elsewhere = await one.add_job(openai="another")
    openai = await one.secret()
    keboola = await one.secret("keboola", SecretType.KEBOOLA)
    assert await found(one, secret_id=openai.id) == [mine.id]
    assert await found(one, secret_id=keboola.id) == [elsewhere.id, mine.id]


@pytest.mark.parametrize("text", ["night", "NIGHT", "batch_x1", "Nightly%"])
async def test_a_list_can_be_narrowed_by_how_a_name_or_a_batch_id_begins(one: Instance, text: str) -> None:
    wanted = await one.add_job(name="Nightly% reviews", batches=(Batch(id=BatchId("batch_x1")),))
    await one.add_job(name="Over night")
    assert await found(one, text=text) == [wanted.id]


@pytest.mark.parametrize("text", ["%", "_", "N%", "batch%1", "reviews"])
async def test_signs_of_a_search_are_taken_as_they_are(one: Instance, text: str) -> None:
    await one.add_job()
    assert await found(one, text=text) == []


def watching(*ids: str) -> tuple[Batch, ...]:
    """Batches of these ids."""
    return tuple(Batch(id=BatchId(f"batch_{name}")) for name in ids)


@pytest.mark.parametrize("sort", [JobSort.OLDEST, JobSort.NAME_DOWN], ids=["by time", "by name"])
@pytest.mark.parametrize("limit", [1, 100], ids=["of many", "of few"])
@pytest.mark.parametrize("narrowed", [{}, {"statuses": frozenset({JobStatus.ACTIVE})}], ids=["alone", "with a status"])
async def test_a_search_counts_and_pages_each_job_once_however_many_of_its_ids_begin_so(
    one: Instance, sort: JobSort, limit: int, narrowed: dict[str, Any]
) -> None:
    jobs = [await one.add_job(name=f"Name {n:02}", batches=watching("a2", "a1", f"b{n}")) for n in range(12, 0, -1)]
    jobs.append(await one.add_job(name="batch_a, and b", batches=watching("a3", "c")))
    jobs.append(await one.add_job(name="batch_a by its name alone", batches=watching("e")))
    paused = [
        await one.add_job(name=name, batches=watching(batch), status="paused")
        for name, batch in (("Paused", "a1"), ("batch_a paused", "e"))
    ]
    jobs += [] if narrowed else paused
    await one.add_job(name="Other", batches=watching("b", "d"))
    gone = await one.add_job(name="batch_a too", batches=watching("a1"))
    await one.change(gone.id, lambda job: job.delete(at=AT))
    last, seen = None, []
    async with one.store.view() as view:
        while True:
            query = JobQuery(text="Batch_a", sort=sort, limit=limit, after=last, **narrowed)
            page = await view.jobs.find(query)
            seen += [job.id for job in page.jobs]
            last = page.jobs[-1].id
            assert (page.total, page.more) == (len(jobs), len(seen) < len(jobs))
            if not page.more:
                break
    wanted = sorted(jobs, key=lambda job: job.name.casefold(), reverse=True) if sort.key == "name" else jobs
    assert seen == [job.id for job in wanted]


async def test_a_search_goes_by_the_batches_that_a_job_has_now(one: Instance) -> None:
    job = await one.add_job(batches=watching("a", "b"))
    await one.change(job.id, lambda job: evolve(job, batches=watching("b", "c")))
    for text, ids in {"batch_a": [], "batch_b": [job.id], "batch_c": [job.id]}.items():
        assert await found(one, text=text) == ids


async def hold(instance: Instance, name: str) -> None:
    """A service refuses this secret."""
    async with instance.store.work() as work:
        secret = await work.secrets.get((await instance.secret(name)).id, lock=True)
        await work.secrets.save(secret.held("OpenAI refuses this key (401)", at=AT))
        await work.commit()


async def test_a_list_can_be_narrowed_to_what_waits_for_a_person(one: Instance) -> None:
    missing = Batch(id=BatchId("batch_1"), missing_since=AT)
    wanted = [await one.add_job(openai="refused"), await one.add_job(batches=(missing,))]
    for number, changes in enumerate(({"state": "held", "reason": "401"}, {"reason": "not taken 3 times"}), start=1):
        wanted.append(await one.add_job(status="triggering", batches=some_batches("completed")))
        await one.add_trigger(number, job=wanted[-1], **changes)
    await hold(one, "refused")
    await one.add_job()
    await one.add_job(openai="refused", status="paused")
    await one.add_job(status="paused", batches=(missing,))
    await one.add_job(batches=(Batch(id=BatchId("batch_1"), status=BatchStatus.LOST, missing_since=AT, ended_at=AT),))
    await one.add_trigger(3)
    await one.add_trigger(4, state="refused", reason="no such configuration")
    assert await found(one, held=True) == [job.id for job in reversed(wanted)]


async def test_each_status_is_counted_without_the_deleted(one: Instance) -> None:
    for status in ("paused", "paused", "failed"):
        await one.add_job(status=status)
    deleted = await one.add_job()
    await one.change(deleted.id, lambda job: job.delete(at=AT))
    async with one.store.view() as view:
        counts = await view.jobs.count()
    assert counts == dict.fromkeys(JobStatus, 0) | {JobStatus.PAUSED: 2, JobStatus.FAILED: 1}


# Who needs a secret


async def using(instance: Instance, name: str, type: SecretType = SecretType.OPENAI) -> list[JobId]:
    """The jobs that need this secret."""
    secret = await instance.secret(name, type)
    async with instance.store.view() as view:
        return [job.id for job in await view.jobs.using(secret.id)]


async def test_unfinished_jobs_need_their_secrets(one: Instance) -> None:
    active = await one.add_job()
    paused = await one.add_job(status="paused")
    triggering = await one.add_job(status="triggering")
    for status in ("completed", "completed_with_failures", "failed"):
        await one.add_job(status=status)
    deleted = await one.add_job()
    await one.change(deleted.id, lambda job: job.delete(at=AT))
    needing = [active.id, paused.id, triggering.id]
    assert await using(one, "openai") == needing
    assert await using(one, "keboola", SecretType.KEBOOLA) == needing


async def test_the_unfinished_jobs_of_each_secret_are_counted(one: Instance) -> None:
    await one.add_job()
    await one.add_job(openai="another", status="paused")
    await one.add_job(status="failed")
    deleted = await one.add_job()
    await one.change(deleted.id, lambda job: job.delete(at=AT))
    async with one.store.view() as view:
        names = {secret.id: secret.name for secret in await view.secrets.all()}
        users = await view.jobs.users()
    assert {names[secret_id]: count for secret_id, count in users.items()} == {"openai": 1, "another": 1, "keboola": 2}


@pytest.mark.parametrize(("state", "needs"), [("unknown", True), ("intent", True), ("ended", False)])
async def test_a_finished_job_needs_its_keboola_secret_while_a_further_run_is_unsettled(
    one: Instance, state: str, needs: bool
) -> None:
    job = await one.add_job(status="completed", batches=some_batches("completed"), generation=2)
    await one.add_trigger(job=job, state=state)
    assert await using(one, "keboola", SecretType.KEBOOLA) == ([job.id] if needs else [])
    assert await using(one, "openai") == []


async def test_a_deleted_job_needs_its_keboola_secret_until_its_run_is_settled(one: Instance) -> None:
    job = await one.add_job(status="triggering", batches=some_batches("completed"))
    await one.add_trigger(job=job, state="unknown")
    await one.change(job.id, lambda job: job.delete(at=AT))
    assert await using(one, "keboola", SecretType.KEBOOLA) == [job.id]
