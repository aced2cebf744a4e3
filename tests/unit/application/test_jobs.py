from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from teckochecker.adapters.scripted import Operation
from teckochecker.application.change import JobChange
from teckochecker.application.errors import (
    EditedMeanwhile,
    JobNotFound,
    OtherStack,
    OutcomeUnknown,
    Rejected,
    SecretNotFound,
    Unavailable,
)
from teckochecker.application.ports import JobQuery
from teckochecker.domain.batch import BatchStatus
from teckochecker.domain.errors import InvalidTransition, InvalidValue, JobIsBusy
from teckochecker.domain.protocol import TriggerState
from teckochecker.domain.secret import Credential, SecretId, SecretType
from teckochecker.domain.status import JobStatus
from teckochecker.domain.values import JobId, StackUrl
from tests.builders import AT, a_spec, a_target
from tests.unit.application.app import App

MINUTE = timedelta(minutes=1)


async def test_a_new_job_is_due_at_once(app: App) -> None:
    view = await app.a_job()
    assert (view.job.status, view.job.next_check_at) == (JobStatus.ACTIVE, app.clock.now())


async def test_a_secret_of_the_other_type_is_refused_by_name(app: App) -> None:
    with pytest.raises(
        SecretNotFound, match="'keboola' is of type keboola, and one of type openai is needed"
    ) as refused:
        await app.a_job(openai_secret="keboola")
    assert refused.value.field == "openai_secret"
    assert (await app.jobs.find(JobQuery())).total == 0


async def test_an_unknown_secret_is_told_with_the_way_to_list_them(app: App) -> None:
    with pytest.raises(SecretNotFound, match="Secret not found: 'nobody'"):
        await app.a_job(openai_secret="nobody")


async def test_an_interval_outside_the_bounds_is_refused(app: App) -> None:
    with pytest.raises(InvalidValue, match="between 30 and 3600 seconds"):
        await app.a_job(poll_interval_seconds=29)


async def test_a_stack_that_the_operator_allows_passes(app: App) -> None:
    view = await app.a_job(keboola_stack_url="http://127.0.0.1:9")
    assert view.job.target.stack_url == "http://127.0.0.1:9"


async def test_a_keboola_secret_is_sent_to_its_own_stack_alone(app: App) -> None:
    await app.secrets.add(
        "bound", SecretType.KEBOOLA, Credential("901-x"), base_url="https://connection.eu-central-1.keboola.com"
    )
    with pytest.raises(OtherStack, match="belongs to https"):
        await app.a_job(keboola_secret="bound")
    job = (await app.a_job()).job
    with pytest.raises(OtherStack, match="belongs to"):
        await app.jobs.edit(job.id, JobChange(keboola_secret="bound"))
    own = "https://connection.eu-central-1.keboola.com"
    await app.jobs.edit(job.id, JobChange(keboola_secret="bound", keboola_stack_url=own))
    with pytest.raises(OtherStack, match="belongs to"):
        await app.jobs.edit(job.id, JobChange(keboola_stack_url="https://connection.keboola.com"))


async def test_jobs_are_listed_newest_first(app: App) -> None:
    await app.a_job("batch_1")
    await app.a_job("batch_2")
    page = await app.jobs.find(JobQuery(limit=1))
    assert ([view.job.id for view in page.jobs], page.total, page.more) == ([2], 2, True)


async def test_several_jobs_are_read_at_once_without_those_that_are_gone(app: App) -> None:
    for number in (1, 2, 3):
        await app.a_job(f"batch_{number}")
    await app.jobs.delete(2)
    assert [view.job.id for view in await app.jobs.these([3, 2, 1, 9])] == [1, 3]


async def test_the_history_tells_what_happened(app: App) -> None:
    await app.a_job()
    await app.jobs.pause(1)
    assert [entry.event.kind for entry in await app.jobs.history(1)] == ["JobPaused", "JobCreated"]


async def test_an_unknown_job_has_no_history(app: App) -> None:
    with pytest.raises(JobNotFound, match="Job with ID 7 not found"):
        await app.jobs.history(7)


async def test_a_paused_job_is_left_alone_until_it_is_resumed(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    assert (await app.jobs.pause(1)).job.status is JobStatus.PAUSED
    await app.advance(MINUTE * 60)
    assert not app.batches.looks
    assert (await app.jobs.resume(1)).job.status is JobStatus.ACTIVE
    await app.run()
    assert (await app.job()).job.status is JobStatus.COMPLETED


async def test_a_check_can_be_asked_for_at_once(app: App) -> None:
    await app.a_job(status=BatchStatus.IN_PROGRESS)
    await app.run()
    await app.jobs.check_now(1)
    await app.run()
    assert app.looks("batch_1") == 2


async def test_asking_for_a_check_of_a_triggering_job_takes_its_next_step(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.revoke("901-first")
    await app.run()
    app.keboola.accept("901-first")
    await app.jobs.check_now(1)
    await app.run()
    assert (await app.job()).job.status is JobStatus.COMPLETED


async def test_every_part_of_a_job_can_be_changed(app: App) -> None:
    await app.a_job(status=BatchStatus.IN_PROGRESS)
    await app.secrets.add("openai-2", SecretType.OPENAI, Credential("sk-second"))
    await app.secrets.add("keboola-2", SecretType.KEBOOLA, Credential("901-second"))
    change = JobChange(
        name="Other",
        batch_ids=["batch_1", "batch_2"],
        openai_secret="openai-2",
        keboola_secret="keboola-2",
        keboola_stack_url="https://connection.north-europe.azure.keboola.com",
        keboola_component_id="keboola.flow",
        keboola_configuration_id="77",
        poll_interval_seconds=300,
        branch_id="5",
        row_ids=("1",),
        variables={"colour": "red"},
    )
    job = (await app.jobs.edit(1, change, version=1)).job
    assert (job.name, len(job.batches), job.openai_secret_name, job.keboola_secret_name, job.version) == (
        "Other",
        2,
        "openai-2",
        "keboola-2",
        2,
    )
    assert (job.openai_secret_id, job.keboola_secret_id, job.interval) == (3, 4, MINUTE * 5)
    assert job.target == a_target(
        stack_url=StackUrl("https://connection.north-europe.azure.keboola.com"),
        component_id="keboola.flow",
        configuration_id="77",
        branch_id="5",
        row_ids=("1",),
        variables={"colour": "red"},
    )


async def test_an_edit_of_an_older_version_is_refused(app: App) -> None:
    await app.a_job()
    await app.jobs.edit(1, JobChange(name="Second"))
    with pytest.raises(EditedMeanwhile, match="was changed meanwhile"):
        await app.jobs.edit(1, JobChange(name="Third"), version=1)


async def test_editing_a_target_calls_off_a_run_that_was_not_sent(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.revoke("901-first")
    await app.run()
    await app.jobs.edit(1, JobChange(keboola_configuration_id="9"))
    app.keboola.accept("901-first")
    await app.run()
    assert [run.target.configuration_id for run in app.keboola.runs] == ["9"]


async def test_pausing_calls_off_a_run_that_was_not_sent_and_resuming_sends_it(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.revoke("901-first")
    await app.run()
    await app.jobs.pause(1)
    app.keboola.accept("901-first")
    await app.advance(MINUTE * 120)
    assert not app.keboola.runs
    await app.jobs.resume(1)
    await app.run()
    assert len(app.keboola.runs) == 1


async def test_nothing_is_changed_while_a_run_may_exist(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, OutcomeUnknown("the connection broke"), times=1)
    await app.run()
    with pytest.raises(JobIsBusy, match="may exist already"):
        await app.jobs.pause(1)
    with pytest.raises(JobIsBusy):
        await app.jobs.edit(1, JobChange(keboola_configuration_id="9"))
    job = (await app.jobs.edit(1, JobChange(name="Renamed", poll_interval_seconds=300))).job
    assert (job.name, job.interval, job.status) == ("Renamed", 5 * MINUTE, JobStatus.TRIGGERING)


async def test_what_a_state_forbids_is_said_in_the_words_of_what_was_asked(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.revoke("901-first")
    await app.run()
    with pytest.raises(InvalidTransition, match="is triggering, so it cannot be resumed"):
        await app.jobs.resume(1)
    app.keboola.accept("901-first")
    await app.jobs.retry(1)
    await app.run()
    with pytest.raises(InvalidTransition, match="is completed, so it cannot be paused"):
        await app.jobs.pause(1)


async def test_an_edit_is_held_to_the_rules_of_a_new_job(app: App) -> None:
    before = (await app.a_job()).job
    for change, rule in (
        (JobChange(poll_interval_seconds=5), "between 30 and 3600 seconds"),
        (JobChange(keboola_stack_url="https://connection.example.com"), "stack"),
        (JobChange(name=" "), "name"),
        (JobChange(batch_ids=()), "At least one batch ID is required"),
        (JobChange(row_ids=("7 8",)), "row ID"),
        (JobChange(variables={"job_id": "7"}), "is one of ours"),
    ):
        with pytest.raises(InvalidValue, match=rule):
            await app.jobs.edit(1, change)
    assert (await app.job()).job == before


async def test_a_refused_run_is_sent_again_after_the_cure(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, Rejected("Configuration not found", http=400), times=1)
    await app.run()
    assert (await app.job()).job.status is JobStatus.FAILED
    await app.jobs.edit(1, JobChange(keboola_configuration_id="9"))
    await app.jobs.retry(1)
    await app.run()
    view = await app.job()
    assert (view.job.status, view.trigger and view.trigger.generation) == (JobStatus.COMPLETED, 1)
    assert [run.target.configuration_id for run in app.keboola.runs] == ["9"]


async def _came_as(app: App, status: JobStatus) -> None:
    """The job was taken over from elsewhere in this status, without any trigger."""
    async with app.store.work() as work:
        job = await work.jobs.get(JobId(1), lock=True)
        batches = tuple(evolve(batch, status=BatchStatus.COMPLETED, ended_at=AT) for batch in job.batches)
        await work.jobs.save([evolve(job, status=status, next_check_at=None, batches=batches)])
        await work.commit()


async def test_a_failed_job_that_came_without_a_run_gets_one(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    await _came_as(app, JobStatus.FAILED)
    await app.jobs.retry(1)
    await app.run()
    assert (await app.job()).job.status is JobStatus.COMPLETED
    assert len(app.keboola.runs) == 1


async def test_a_failed_job_with_a_new_batch_is_watched_before_it_is_sent(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, Rejected("no", http=400), times=1)
    await app.run()
    app.batches.will("batch_2", BatchStatus.COMPLETED, after=MINUTE * 10)
    await app.jobs.edit(1, JobChange(batch_ids=["batch_1", "batch_2"]))
    await app.jobs.retry(1)
    await app.run()
    assert (await app.job()).job.status is JobStatus.ACTIVE
    await app.advance(MINUTE * 15)
    assert (await app.job()).job.status is JobStatus.COMPLETED


async def test_a_held_run_is_nudged_by_a_retry(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.revoke("901-first")
    await app.run()
    app.keboola.accept("901-first")
    await app.jobs.retry(1)
    await app.run()
    assert (await app.job()).job.status is JobStatus.COMPLETED


async def test_a_person_may_send_a_held_run_again(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.revoke("901-first")
    await app.run()
    app.keboola.accept("901-first")
    await app.jobs.retry(1, send=True)
    await app.run()
    assert (await app.job()).job.status is JobStatus.COMPLETED


async def test_a_finished_job_runs_again_only_on_purpose(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.run()
    with pytest.raises(InvalidTransition, match="cannot be retried"):
        await app.jobs.retry(1)
    for generation in (2, 3):
        again = (await app.jobs.retry(1, again=True)).job
        assert (again.generation, again.status) == (generation, JobStatus.COMPLETED)
        with pytest.raises(InvalidTransition, match="is still to be started; wait for it"):
            await app.jobs.retry(1, again=True)
        await app.run()
        view = await app.job()
        assert (len(app.keboola.runs), view.trigger and view.trigger.generation) == (generation, generation)
        assert view.job.status is JobStatus.COMPLETED


async def test_a_completed_job_that_came_without_a_run_can_be_given_one(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    await _came_as(app, JobStatus.COMPLETED)
    await app.jobs.retry(1, again=True)
    await app.run()
    assert len(app.keboola.runs) == 1


async def test_a_job_that_never_triggered_has_nothing_to_retry(app: App) -> None:
    await app.a_job()
    with pytest.raises(InvalidTransition):
        await app.jobs.retry(1)


async def test_a_deleted_job_is_gone_and_never_sent(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.revoke("901-first")
    await app.run()
    await app.jobs.delete(1)
    app.keboola.accept("901-first")
    await app.advance(MINUTE * 120)
    assert not app.keboola.runs
    with pytest.raises(JobNotFound):
        await app.job()


async def test_a_deleted_job_whose_run_may_exist_is_looked_after_and_never_sent_again(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, OutcomeUnknown("the connection broke"), times=1)
    await app.run()
    await app.jobs.delete(1)
    await app.advance(MINUTE * 60)
    assert not app.keboola.runs
    async with app.store.view() as view:
        assert (await view.triggers.of_job(1))[0].state is TriggerState.WITHDRAWN


async def test_the_run_of_a_deleted_job_is_adopted_and_then_left_alone(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, OutcomeUnknown("the answer got lost"), times=1, after_effect=True)
    await app.run()
    await app.jobs.delete(1)
    await app.advance(MINUTE * 60)
    async with app.store.view() as view:
        trigger = (await view.triggers.of_job(1))[0]
    assert (trigger.state, trigger.due_at, len(app.keboola.runs)) == (TriggerState.ACCEPTED, None, 1)


async def test_a_failed_job_whose_secret_is_gone_can_still_be_given_another_target(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, Rejected("no", http=400), times=1)
    await app.run()
    await app.secrets.delete("keboola")
    job = (await app.jobs.edit(1, JobChange(keboola_configuration_id="9"))).job
    assert (job.keboola_secret_id, job.target.configuration_id) == (None, "9")
    await app.jobs.retry(1)
    await app.run()
    assert "deleted" in ((await app.job()).held_reason or "")


async def test_deleting_a_job_whose_run_is_about_to_be_sent_again_calls_it_off(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, OutcomeUnknown("the connection broke"), times=1)
    app.keboola.fail(Operation.START, Unavailable("maintenance"))
    await app.advance(MINUTE * 10)
    assert (await app.job()).job.status is JobStatus.TRIGGERING
    await app.jobs.delete(1)
    app.keboola.recover()
    await app.advance(MINUTE * 60)
    assert not app.keboola.runs


async def test_a_secret_that_goes_by_its_id_is_named_by_that_field_when_it_is_missing(app: App) -> None:
    view = await app.jobs.create(a_spec(openai_secret=SecretId(1), keboola_secret=SecretId(2)))
    assert (view.job.openai_secret_name, view.job.keboola_secret_name) == ("openai", "keboola")
    with pytest.raises(SecretNotFound) as missing:
        await app.jobs.create(a_spec(openai_secret=SecretId(9)))
    assert (missing.value.field, str(missing.value)) == ("openai_secret_id", "Secret with ID 9 not found")


async def test_an_empty_branch_leads_back_to_the_main_one(app: App) -> None:
    view = await app.jobs.create(a_spec(branch_id="6", row_ids=("7",)))
    assert (view.job.target.branch_id, view.job.target.row_ids) == ("6", ("7",))
    assert (await app.jobs.edit(view.job.id, JobChange(branch_id=""))).job.target.branch_id is None
