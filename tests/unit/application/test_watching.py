from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta

from attrs import evolve, frozen

from teckochecker.application.change import JobChange
from teckochecker.application.keeping import Portion
from teckochecker.application.ports import Store, UnitOfWork
from teckochecker.application.watching import WatchPolicy
from teckochecker.domain.batch import Batch, BatchMissing, BatchReport, BatchStatus, RequestCounts
from teckochecker.domain.secret import Credential, SecretType
from teckochecker.domain.status import JobStatus
from teckochecker.domain.values import BatchId
from tests.builders import AT, a_job
from tests.unit.application.app import LEASE, App, turns

MINUTE = timedelta(minutes=1)


async def test_a_job_triggers_when_its_last_batch_has_ended_and_not_before(app: App) -> None:
    app.batches.will("batch_1", BatchStatus.COMPLETED, after=MINUTE * 3)
    app.batches.will("batch_2", BatchStatus.EXPIRED, after=MINUTE * 61)
    await app.a_job("batch_1", "batch_2")
    await app.advance(MINUTE * 60)
    assert ((await app.job()).job.completed_count, len(app.keboola.runs)) == (1, 0)
    await app.advance(MINUTE * 5)
    assert ((await app.job()).job.status, len(app.keboola.runs)) == (JobStatus.COMPLETED_WITH_FAILURES, 1)


async def test_a_batch_that_ended_is_asked_for_no_more(app: App) -> None:
    app.batches.put("batch_1", BatchStatus.COMPLETED)
    app.batches.put("batch_2", BatchStatus.IN_PROGRESS)
    await app.a_job("batch_1", "batch_2")
    await app.advance(MINUTE * 10)
    assert (app.looks("batch_1"), app.looks("batch_2")) == (1, 6)


async def test_counts_are_shown_while_they_grow(app: App) -> None:
    app.batches.put("batch_1", BatchStatus.IN_PROGRESS, counts=RequestCounts(10, 4, 1))
    await app.a_job()
    await app.run()
    assert (await app.job()).job.batches[0].counts == RequestCounts(10, 4, 1)


async def test_a_failing_service_fails_no_job(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.batches.fail("OpenAI answers 500", times=3)
    await app.run()
    view = await app.job()
    assert (view.job.status, view.job.failures, view.job.last_error) == (JobStatus.ACTIVE, 1, "OpenAI answers 500")
    await app.advance(MINUTE * 10)
    assert (await app.job()).job.status is JobStatus.COMPLETED
    assert app.kinds("ChecksFailing", "ChecksRecovered") == ["ChecksFailing"]


async def test_recovered_checks_are_told(app: App) -> None:
    await app.a_job(status=BatchStatus.IN_PROGRESS)
    app.batches.fail(times=2)
    await app.advance(MINUTE * 10)
    assert app.kinds("ChecksFailing", "ChecksRecovered") == ["ChecksFailing", "ChecksRecovered"]
    assert (await app.job()).job.failures == 0


async def test_the_service_is_not_asked_before_it_said(app: App) -> None:
    await app.a_job(status=BatchStatus.IN_PROGRESS)
    app.batches.fail("slow down", times=1, retry_after=MINUTE * 20)
    await app.advance(MINUTE * 19)
    assert app.looks("batch_1") == 1
    await app.advance(MINUTE * 2)
    assert app.looks("batch_1") == 2


async def test_a_refused_key_holds_its_jobs_and_tries_again_by_itself(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.batches.revoke("sk-first")
    await app.run()
    view = await app.job()
    assert (view.job.status, view.held_reason) == (JobStatus.ACTIVE, "OpenAI refuses this key (401)")
    await app.advance(MINUTE * 30)
    assert app.kinds("CredentialHeld") == ["CredentialHeld"]
    app.batches.accept("sk-first")
    await app.advance(MINUTE * 70)
    assert (await app.job()).job.status is JobStatus.COMPLETED
    assert app.kinds("CredentialReleased") == ["CredentialReleased"]


async def test_a_key_replaced_during_the_look_is_not_held_for_its_predecessor(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.batches.revoke("sk-first")
    app.batches.latency = MINUTE
    looking = asyncio.create_task(app.run())
    await app.clock.advance(MINUTE / 2)
    await app.secrets.replace("openai", Credential("sk-second"))
    await app.clock.advance(MINUTE)
    await app.clock.advance(MINUTE)
    await looking
    assert (await app.job()).job.status is JobStatus.COMPLETED
    assert not app.kinds("CredentialHeld")


async def test_a_secret_that_does_not_open_is_held_with_the_cure(app: App) -> None:
    await app.a_job(status=BatchStatus.IN_PROGRESS)
    app.cipher.key = "new"
    await app.service.watching.tick()
    await app.service.watching.settle()
    assert "put the former key back" in ((await app.job()).held_reason or "")


async def test_a_batch_that_is_not_found_starts_nothing_and_says_so(app: App) -> None:
    await app.a_job("batch_typo")
    await app.advance(MINUTE * 9)
    view = await app.job()
    assert (view.job.status, app.looks("batch_typo")) == (JobStatus.ACTIVE, 10)
    assert view.held_reason is not None
    assert view.held_reason.startswith("not found with this key: batch_typo")
    app.batches.put("batch_right", BatchStatus.COMPLETED)
    await app.jobs.edit(1, JobChange(batch_ids=["batch_right"]))
    await app.run()
    assert (await app.job()).job.status is JobStatus.COMPLETED


async def test_a_batch_that_vanished_is_lost_after_ten_minutes_and_counts_as_failed(app: App) -> None:
    await app.a_job(status=BatchStatus.IN_PROGRESS)
    app.batches.vanish("batch_1", after=MINUTE)
    await app.advance(MINUTE * 11)
    assert (await app.job()).job.status is JobStatus.ACTIVE
    await app.advance(MINUTE * 5)
    view = await app.job()
    assert (view.job.status, view.job.batches[0].status) == (JobStatus.COMPLETED_WITH_FAILURES, "lost")


async def test_when_all_batches_of_a_key_vanish_at_once_the_key_is_doubted(app: App) -> None:
    await app.a_job("batch_1", "batch_2", status=BatchStatus.IN_PROGRESS)
    await app.run()
    app.batches.vanish("batch_1")
    app.batches.vanish("batch_2")
    await app.advance(MINUTE * 60)
    view = await app.job()
    assert view.job.status is JobStatus.ACTIVE
    assert view.held_reason is not None


async def test_pausing_during_a_look_wins_over_its_late_answer(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.batches.latency = MINUTE
    looking = asyncio.create_task(app.run())
    await turns()
    await app.jobs.pause(1)
    await app.clock.advance(MINUTE)
    await looking
    view = await app.job()
    assert (view.job.status, view.job.batches[0].status, app.keboola.runs) == (JobStatus.PAUSED, "queued", ())


async def test_an_edit_during_a_look_wins_over_its_late_answer(app: App) -> None:
    app.batches.put("batch_2", BatchStatus.IN_PROGRESS)
    await app.a_job(status=BatchStatus.COMPLETED)
    app.batches.latency = MINUTE
    looking = asyncio.create_task(app.run())
    await turns()
    await app.jobs.edit(1, JobChange(batch_ids=["batch_2"]))
    for _ in range(3):
        await app.clock.advance(MINUTE)
    await looking
    view = await app.job()
    assert ([batch.id for batch in view.job.batches], view.job.status) == (["batch_2"], JobStatus.ACTIVE)


async def test_a_job_given_another_key_during_a_look_is_not_judged_by_the_old_one(app: App) -> None:
    await app.secrets.add("second", SecretType.OPENAI, Credential("sk-second"))
    app.batches.latency = MINUTE
    await app.a_job("batch_1")
    looking = asyncio.create_task(app.run())
    await turns()
    await app.jobs.edit(1, JobChange(openai_secret="second"))
    await app.clock.advance(MINUTE)
    assert (await app.job()).job.batches[0].missing_since is None
    await app.clock.advance(MINUTE)
    await looking


async def test_deleting_during_a_look_wins_over_its_late_answer(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.batches.latency = MINUTE
    looking = asyncio.create_task(app.run())
    await turns()
    await app.jobs.delete(1)
    await app.clock.advance(MINUTE)
    await looking
    assert not app.keboola.runs


async def test_asking_for_a_check_during_a_look_is_not_lost(app: App) -> None:
    await app.a_job(status=BatchStatus.IN_PROGRESS)
    app.batches.latency = MINUTE
    looking = asyncio.create_task(app.run())
    await turns()
    await app.clock.advance(MINUTE / 2)
    await app.jobs.check_now(1)
    for _ in range(3):
        await app.clock.advance(MINUTE)
    await looking
    assert app.looks("batch_1") == 2


async def test_a_slow_batch_holds_back_no_other_job(app: App) -> None:
    app.batches.portion = 1
    app.batches.latency = MINUTE / 4
    await app.a_job("batch_1", status=BatchStatus.COMPLETED)
    await app.a_job("batch_2", status=BatchStatus.COMPLETED)
    stop = asyncio.Event()
    running = asyncio.create_task(app.service.run(stop))
    await app.clock.advance(MINUTE / 3)
    assert (await app.job(1)).job.status is JobStatus.COMPLETED
    assert (await app.job(2)).job.status is JobStatus.ACTIVE
    await app.clock.advance(MINUTE)
    assert (await app.job(2)).job.status is JobStatus.COMPLETED
    stop.set()
    await app.clock.advance(MINUTE)
    await running


async def test_many_jobs_are_kept_in_portions() -> None:
    app = await App().with_secrets()
    app.new_service("small", watch=WatchPolicy(lease=LEASE, keep_most=2, jobs_most=3))
    for number in range(7):
        await app.a_job(f"batch_{number}", status=BatchStatus.COMPLETED)
    await app.services[1].run_until_idle()
    assert len(app.keboola.runs) == 7


async def test_two_instances_share_the_work_and_nobody_looks_twice(app: App) -> None:
    second = app.new_service("second")
    await app.a_job(status=BatchStatus.IN_PROGRESS)
    app.batches.latency = MINUTE
    await app.service.watching.tick()
    await second.watching.tick()
    await second.run_until_idle()
    await app.clock.advance(MINUTE)
    await app.service.watching.settle()
    assert app.looks("batch_1") == 1


async def test_the_work_of_a_dead_instance_is_taken_over_when_its_lease_has_run_out(app: App) -> None:
    second = app.new_service("second")
    await app.a_job(status=BatchStatus.COMPLETED)
    app.batches.latency = MINUTE * 60
    await app.service.watching.tick()  # and then it is never heard of again
    app.batches.latency = timedelta(0)
    await app.clock.advance(LEASE + timedelta(seconds=1))
    await second.run_until_idle()
    assert (await app.job()).job.status is JobStatus.COMPLETED
    await app.service.watching.close()


async def test_a_lease_is_kept_while_its_look_takes_long(app: App) -> None:
    second = app.new_service("second")
    await app.a_job(status=BatchStatus.IN_PROGRESS)
    app.batches.latency = MINUTE * 2
    await app.service.watching.tick()
    for _ in range(10):
        await app.clock.advance(timedelta(seconds=10))
        await app.service.watching.beat()
        await second.run_until_idle()
    assert app.service.watching.in_flight == 1
    await app.clock.advance(MINUTE)
    await app.service.watching.settle()
    assert app.batches.looks == {"batch_1": 1}


async def test_a_look_whose_lease_was_lost_changes_nothing(app: App) -> None:
    second = app.new_service("second")
    await app.a_job(status=BatchStatus.IN_PROGRESS)
    app.batches.latency = MINUTE
    await app.service.watching.tick()
    await turns()
    app.batches.latency = timedelta(0)
    await app.clock.advance(LEASE + timedelta(seconds=1))
    await second.run_until_idle()
    checked = (await app.job()).job.last_check_at
    await app.clock.advance(MINUTE)
    await app.service.watching.settle()
    assert (await app.job()).job.last_check_at == checked
    assert not app.kinds("FaultMet")


async def test_a_lost_look_is_stopped_by_the_beat(app: App) -> None:
    second = app.new_service("second")
    await app.a_job(status=BatchStatus.IN_PROGRESS)
    app.batches.latency = MINUTE * 60
    await app.service.watching.tick()
    await turns()
    app.batches.latency = timedelta(0)
    await app.clock.advance(LEASE + timedelta(seconds=1))
    await second.run_until_idle()
    await app.service.watching.beat()
    await turns()
    assert app.service.watching.in_flight == 0
    await app.service.watching.beat()


async def test_a_fault_in_one_look_is_told_and_the_work_taken_up_again(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    whole = app.service.watching.batches
    app.service.watching.batches = None  # type: ignore[assignment]
    await app.service.watching.tick()
    await app.service.watching.settle()
    assert app.kinds("FaultMet") == ["FaultMet"]
    app.told.clear()
    app.service.watching.batches = whole
    await app.run()  # its lease has not run out yet, so that there is nothing to do
    assert (await app.job()).job.status is JobStatus.ACTIVE
    await app.clock.advance(LEASE + timedelta(seconds=1))
    await app.run()
    assert (await app.job()).job.status is JobStatus.COMPLETED


def test_missing_batches_wait_for_the_others_before_they_are_believed() -> None:
    job = a_job(batches=tuple(Batch(id=BatchId(name)) for name in ("batch_1", "batch_2")))
    portion = Portion([job], picked_at=AT)
    portion.take([BatchMissing(batch_id=BatchId("batch_1"))])
    assert portion.ready_count == 0
    portion.take([BatchReport(batch_id=BatchId("batch_2"), status=BatchStatus.COMPLETED)])
    portion.close()
    assert (portion.believes_missing, portion.ready_count) == (True, 1)


async def test_a_triggering_job_without_open_batches_is_sent_without_a_look(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.revoke("901-first")
    await app.run()
    await app.jobs.pause(1)
    app.keboola.accept("901-first")
    await app.jobs.resume(1)
    await app.run()
    assert app.looks("batch_1") == 1
    assert len(app.keboola.runs) == 1


async def test_a_hold_is_told_again_only_when_its_reason_changes(app: App) -> None:
    await app.a_job(status=BatchStatus.IN_PROGRESS)
    app.batches.revoke("sk-first")
    await app.advance(MINUTE * 200)
    assert app.kinds("CredentialHeld") == ["CredentialHeld"]
    async with app.store.work() as work:
        secret = await work.secrets.named("openai", lock=True)
        await work.secrets.save(evolve(secret, held_reason="another"))
        await work.commit()
    await app.advance(MINUTE * 70)
    assert app.kinds("CredentialHeld") == ["CredentialHeld", "CredentialHeld"]


async def test_a_look_that_another_was_quicker_than_intends_no_second_run(app: App) -> None:
    job = (await app.a_job(status=BatchStatus.COMPLETED)).job
    async with app.store.work() as work:
        claim = (await work.groups.claim("first", lease=LEASE, limit=1))[0]
        await work.commit()
    found = [(job, [BatchReport(batch_id=BatchId("batch_1"), status=BatchStatus.COMPLETED)])]
    keeping, portion = app.service.watching.keeping, Portion([job], picked_at=app.clock.now())
    await keeping.keep(claim, found, portion)
    await keeping.keep(claim, found, portion)
    assert app.kinds("TriggerIntended") == ["TriggerIntended"]


@frozen(eq=False)
class Unhurried:
    """A store whose views let others take turns before they answer, as a database does."""

    inner: Store

    def work(self) -> AbstractAsyncContextManager[UnitOfWork]:
        return self.inner.work()

    @asynccontextmanager
    async def view(self) -> AsyncGenerator[UnitOfWork]:
        await turns()
        async with self.inner.view() as view:
            yield view


async def test_a_group_that_is_lost_while_its_due_jobs_are_read_is_left_to_its_new_holder(app: App) -> None:
    await app.a_job(status=BatchStatus.IN_PROGRESS)
    watching = app.service.watching
    watching.store = Unhurried(app.store)
    await watching.tick()
    await app.clock.advance(LEASE + timedelta(seconds=1))
    await app.jobs.check_now(1)
    second = app.new_service("second").watching
    await second.tick()
    await second.settle()
    await app.jobs.check_now(1)
    looks = app.looks("batch_1")
    await asyncio.gather(watching.tick(), watching.beat())
    await watching.settle()
    assert app.looks("batch_1") == looks
