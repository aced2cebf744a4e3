from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from teckochecker.domain import backoff, events
from teckochecker.domain.batch import Batch, BatchError, BatchMissing, BatchReport, BatchStatus, Looked, LookUpFailed
from teckochecker.domain.completion import payload
from teckochecker.domain.editing import edited
from teckochecker.domain.errors import InvalidTransition
from teckochecker.domain.job import PollingJob
from teckochecker.domain.status import DONE, MOVES, JobStatus, with_failures
from teckochecker.domain.values import BatchId, JobId
from tests.builders import AT, HOUR, MINUTE, SECOND, a_job, some_batches

LOST = timedelta(seconds=600)
CHANCE = 0.5


def said(batch: str, status: str) -> BatchReport:
    return BatchReport(batch_id=BatchId(batch), status=BatchStatus(status))


def two(**changes: Any) -> PollingJob:
    return a_job(batches=tuple(Batch(id=BatchId(name)) for name in ("batch_1", "batch_2")), **changes)


def looked(job: PollingJob, *answers: Looked, at: datetime = AT, lost_after: timedelta = LOST) -> PollingJob:
    return job.observe(answers, at=at, asked_at=at, lost_after=lost_after, chance=CHANCE)


@pytest.mark.parametrize(
    ("written", "status", "terminal"),
    [
        ("Validating", "validating", False),
        ("InProgress", "in_progress", False),
        ("finalizing", "finalizing", False),
        ("canceling", "cancelling", False),
        ("canceled", "cancelled", True),
        ("complete", "completed", True),
        ("EXPIRED", "expired", True),
        ("failed", "failed", True),
        ("hibernating", "hibernating", False),
        (" ", "unknown", False),
    ],
)
def test_every_spelling_of_a_status_is_understood(written: str, status: str, terminal: bool) -> None:
    found = BatchStatus(written)
    assert (found, found.terminal) == (status, terminal)


def test_an_ended_batch_stays_as_it_ended() -> None:
    ended = Batch(id=BatchId("batch_1"), status=BatchStatus.COMPLETED, ended_at=AT)
    assert ended.reported(said("batch_1", "in_progress"), at=AT) is ended
    assert ended.missed(at=AT, lost_after=LOST) is ended


def test_the_last_batch_makes_the_job_trigger() -> None:
    job = looked(two(), said("batch_1", "completed"), said("batch_2", "in_progress"))
    assert (job.status, job.completion, job.completed_count) == (JobStatus.ACTIVE, None, 1)
    job = looked(job, said("batch_2", "expired"))
    assert (job.status, job.next_check_at, job.failed_count) == (JobStatus.TRIGGERING, None, 1)
    assert job.completion is not None
    assert job.completion.status is JobStatus.COMPLETED_WITH_FAILURES


def test_a_batch_without_an_answer_keeps_the_job_due() -> None:
    job = looked(two(), said("batch_1", "in_progress"))
    assert job.next_check_at == AT


def test_a_job_that_is_paused_takes_no_answer() -> None:
    job = a_job().pause(at=AT)
    assert looked(job, said("batch_1", "completed")) is job


def test_a_lost_batch_was_seen_before() -> None:
    unseen = looked(a_job(), BatchMissing(batch_id=BatchId("batch_1")))
    later = looked(unseen, BatchMissing(batch_id=BatchId("batch_1")), at=AT + 60 * MINUTE)
    assert (later.status, later.next_check_at) == (JobStatus.ACTIVE, AT + 62 * MINUTE)
    seen = looked(a_job(), said("batch_1", "in_progress"))
    missed = looked(seen, BatchMissing(batch_id=BatchId("batch_1")), at=AT + 2 * MINUTE)
    assert missed.next_check_at == AT + 3 * MINUTE
    lost = looked(missed, BatchMissing(batch_id=BatchId("batch_1")), at=AT + 2 * MINUTE + LOST)
    assert (lost.status, lost.batches[0].status) == (JobStatus.TRIGGERING, "lost")


def test_a_failed_look_waits_for_what_the_service_asked() -> None:
    failed = LookUpFailed(batch_id=BatchId("batch_1"), error="slow down", retry_at=AT + 30 * MINUTE)
    job = looked(a_job(), failed)
    assert (job.next_check_at, job.failures, job.last_error) == (AT + 30 * MINUTE, 1, "slow down")
    assert (job.last_check_at, job.events) == (AT, (events.ChecksFailing(at=AT, job_id=JobId(1), error="slow down"),))
    again = looked(job, evolve(failed, retry_at=None), at=AT + 30 * MINUTE)
    assert (again.failures, again.last_error, again.events) == (2, "slow down", job.events)
    assert again.next_check_at == AT + 30 * MINUTE + backoff.after_failed_looks(2, 2 * MINUTE, CHANCE)
    later = AT + HOUR
    well = looked(evolve(again, next_check_at=later, events=()), said("batch_1", "in_progress"), at=later)
    assert (well.failures, well.last_error, well.last_check_at) == (0, None, later)
    assert events.ChecksRecovered(at=later, job_id=JobId(1), failures=2) in well.events


@pytest.mark.parametrize(
    "news",
    [
        {"batches": some_batches("in_progress")},
        {"status": JobStatus.PAUSED},
        {"failures": 1},
        {"last_error": "slow down"},
        {"overdue_at": AT},
    ],
    ids=str,
)
def test_a_look_that_brought_news_is_written_whole(news: dict[str, Any]) -> None:
    job = a_job()
    assert evolve(job, last_check_at=AT, next_check_at=AT + HOUR).same_but_for_time(job)
    assert not evolve(job, **news).same_but_for_time(job)


def test_each_look_leaves_its_time_behind() -> None:
    for answers in ([said("batch_1", "in_progress")], [said("batch_1", "completed"), said("batch_2", "completed")]):
        assert looked(two(), *answers, at=AT + MINUTE).last_check_at == AT + MINUTE


def test_a_batch_that_is_not_found_is_looked_for_often_for_ten_minutes() -> None:
    gone = BatchMissing(batch_id=BatchId("batch_1"))
    job = looked(a_job(interval=HOUR), gone)
    assert job.next_check_at == AT + MINUTE
    soon, late = AT + 10 * MINUTE - SECOND, AT + 10 * MINUTE
    assert looked(evolve(job, next_check_at=soon), gone, at=soon).next_check_at == soon + MINUTE
    assert looked(evolve(job, next_check_at=late), gone, at=late).next_check_at == late + HOUR
    hidden = looked(a_job(interval=HOUR), said("batch_1", "in_progress"))
    missed = looked(evolve(hidden, next_check_at=late), gone, at=late)
    assert (
        looked(evolve(missed, next_check_at=late + SECOND), gone, at=late + SECOND).next_check_at == late + 61 * SECOND
    )
    found = looked(evolve(job, next_check_at=soon), said("batch_1", "in_progress"), at=soon)
    assert found.next_check_at == soon + HOUR


def test_a_batch_that_was_seen_is_looked_for_often_until_it_counts_as_lost() -> None:
    hidden = BatchMissing(batch_id=BatchId("batch_1"))
    job = looked(two(interval=HOUR), said("batch_1", "in_progress"), said("batch_2", "in_progress"))
    for minutes in (0, 30):
        at = AT + timedelta(minutes=minutes)
        job = looked(
            evolve(job, next_check_at=at), hidden, said("batch_2", "in_progress"), at=at, lost_after=timedelta(days=1)
        )
        assert job.next_check_at == at + MINUTE
    at = AT + timedelta(days=2)
    lost = looked(evolve(job, next_check_at=at), hidden, said("batch_2", "in_progress"), at=at)
    assert (lost.batches[0].status, lost.next_check_at) == ("lost", at + HOUR)


@pytest.mark.parametrize("status", sorted(set(JobStatus) - {JobStatus.ACTIVE}))
def test_only_an_active_job_can_be_checked_now(status: JobStatus) -> None:
    with pytest.raises(InvalidTransition, match="cannot be checked"):
        a_job(status=status, next_check_at=None).check_now(at=AT)


def test_whoever_asks_for_completed_jobs_means_those_with_failures_too() -> None:
    assert with_failures([JobStatus.COMPLETED, JobStatus.PAUSED]) == DONE | {JobStatus.PAUSED}
    assert with_failures([JobStatus.COMPLETED_WITH_FAILURES]) == {JobStatus.COMPLETED_WITH_FAILURES}


@pytest.mark.parametrize("status", sorted(DONE | {JobStatus.FAILED, JobStatus.PAUSED, JobStatus.TRIGGERING}))
def test_only_an_active_job_can_be_paused(status: JobStatus) -> None:
    job = a_job(status=status, next_check_at=None)
    if JobStatus.PAUSED in MOVES[status]:
        assert job.pause(at=AT).status is JobStatus.PAUSED
    else:
        with pytest.raises(InvalidTransition, match=f"Job 'Nightly reviews' is {status.value}"):
            job.pause(at=AT)


def test_only_a_paused_job_can_be_resumed() -> None:
    with pytest.raises(InvalidTransition, match="cannot be resumed"):
        a_job().resume(at=AT)


def test_only_a_finished_job_runs_again() -> None:
    with pytest.raises(InvalidTransition, match="cannot be run again"):
        a_job().again(at=AT)


def test_an_edit_that_changes_nothing_is_none() -> None:
    job = a_job()
    assert edited(job, {"name": job.name}, at=AT) is job


def test_a_finished_job_keeps_all_but_its_name() -> None:
    job = a_job(status=JobStatus.COMPLETED, next_check_at=None)
    assert edited(job, {"name": "Other"}, at=AT).name == "Other"
    with pytest.raises(InvalidTransition, match="cannot be edited except for its name"):
        edited(job, {"interval": MINUTE}, at=AT)


def test_a_job_whose_run_is_being_started_keeps_all_but_its_name_and_interval() -> None:
    job = a_job(status=JobStatus.TRIGGERING, next_check_at=None)
    new = edited(job, {"name": "Other", "interval": 5 * MINUTE}, at=AT)
    assert (new.name, new.interval, new.next_check_at) == ("Other", 5 * MINUTE, None)
    with pytest.raises(InvalidTransition, match="cannot be edited except for its name"):
        edited(job, {"keboola_secret_id": 9}, at=AT)


def test_an_edit_tells_what_it_changed_and_begins_anew() -> None:
    failing = a_job(failures=3, last_error="slow down", next_check_at=AT + HOUR)
    assert edited(failing, {"name": "Other"}, at=AT).next_check_at == AT + HOUR
    new = edited(failing, {"name": "Other", "interval": 5 * MINUTE}, at=AT)
    assert (new.next_check_at, new.failures, new.last_error, new.version) == (AT, 0, None, 2)
    assert new.events == (events.JobEdited(at=AT, job_id=JobId(1), changed=("interval", "name")),)


def test_late_answers_about_a_job_that_went_on_change_nothing() -> None:
    job = a_job(status=JobStatus.COMPLETED, next_check_at=None, batches=some_batches("completed"))
    assert job.completed(at=AT) is job
    assert job.failed("no", at=AT) is job
    open = a_job(status=JobStatus.TRIGGERING, next_check_at=None)
    assert open.completed(at=AT) is open


def test_a_failed_job_that_is_retried_has_nothing_of_its_failure_left() -> None:
    failed = a_job(status=JobStatus.FAILED, next_check_at=None, last_error="refused", completed_at=AT, generation=2)
    again = failed.retry(at=AT + HOUR)
    assert (again.status, again.next_check_at) == (JobStatus.ACTIVE, AT + HOUR)
    sent = evolve(failed, batches=some_batches("completed")).retry(at=AT + HOUR)
    assert (sent.status, sent.next_check_at) == (JobStatus.TRIGGERING, None)
    for job in (again, sent):
        assert (job.last_error, job.completed_at, job.version) == (None, None, 2)
        assert job.events == (events.JobRetried(at=AT + HOUR, job_id=JobId(1), generation=2),)


def test_every_decision_of_a_person_counts_as_one() -> None:
    done = a_job(status=JobStatus.COMPLETED, next_check_at=None)
    again = done.again(at=AT)
    assert (again.version, again.generation, again.status) == (2, 2, JobStatus.COMPLETED)
    assert again.events == (events.JobRetried(at=AT, job_id=JobId(1), generation=2),)
    gone = a_job().delete(at=AT)
    assert (gone.version, gone.deleted_at, gone.next_check_at) == (2, AT, None)
    paused = a_job().pause(at=AT)
    assert (paused.version, paused.next_check_at, paused.resume(at=AT).version) == (2, None, 3)
    told = [job.events[-1] for job in (gone, paused, paused.resume(at=AT))]
    kinds = (events.JobDeleted, events.JobPaused, events.JobResumed)
    assert told == [kind(at=AT, job_id=JobId(1)) for kind in kinds]


def test_an_end_is_kept_and_told_with_its_moment() -> None:
    batches = some_batches("completed", "failed", "completed")
    job = a_job(status=JobStatus.TRIGGERING, next_check_at=None, last_error="slow down", batches=batches)
    done, refused = job.completed(at=AT + HOUR), job.failed("no such component", at=AT + HOUR)
    status = JobStatus.COMPLETED_WITH_FAILURES
    assert (done.status, done.completed_at, done.last_error) == (status, AT + HOUR, None)
    told: dict[str, Any] = {"at": AT + HOUR, "job_id": JobId(1)}
    assert done.events == (events.JobCompleted(**told, status=status.value, completed=2, failed=1),)
    assert (refused.status, refused.completed_at) == (JobStatus.FAILED, AT + HOUR)
    assert refused.last_error == "no such component"
    assert refused.events == (events.JobFailed(**told, reason="no such component"),)


def test_a_batch_that_goes_on_counts_as_neither_completed_nor_failed() -> None:
    job = a_job(batches=some_batches("completed", "in_progress", "expired", "failed"))
    assert (job.completed_count, job.failed_count, job.completion) == (1, 2, None)


def test_a_refused_decision_says_what_cannot_be_done() -> None:
    gone = a_job(status=JobStatus.PAUSED, next_check_at=None, openai_secret_id=None)
    with pytest.raises(InvalidTransition, match="has no OpenAI secret to be resumed with"):
        gone.resume(at=AT)
    with pytest.raises(InvalidTransition, match="has no OpenAI secret to be retried with"):
        evolve(gone, status=JobStatus.FAILED).retry(at=AT)


def test_a_job_whose_trigger_was_called_off_is_due_at_once() -> None:
    job = a_job(status=JobStatus.TRIGGERING, next_check_at=None).withdrawn(at=AT)
    assert (job.status, job.next_check_at) == (JobStatus.ACTIVE, AT)


def test_keboola_is_told_in_texts_that_are_never_empty() -> None:
    ended = (
        Batch(id=BatchId("batch_1"), status=BatchStatus.COMPLETED, output_file_id="file-1"),
        Batch(id=BatchId("batch_2"), status=BatchStatus.FAILED, errors=(BatchError(code="empty_file"),) * 9),
    )
    told = payload(UUID(int=1), JobId(7), "Nightly", ended, {"colour": "red"})
    assert all(isinstance(value, str) and value for value in told.values())
    assert json.loads(told["batch_ids_failed"]) == ["batch_2"]
    details = json.loads(told["batches_json"])
    assert (details[0]["output_file_id"], len(details[1]["errors"])) == ("file-1", 3)


def test_every_event_has_a_sentence_and_comes_back_from_storage() -> None:
    told = [
        events.JobEdited(at=AT, job_id=JobId(1), changed=("name", "target")),
        events.TriggerRefused(at=AT, trigger_id="t", reason="no", exception_id="ex-1"),
        events.TriggerAccepted(at=AT, trigger_id="t", run_id="9", adopted=True, waited_s=4.5),
        events.DuplicateRun(at=AT, run_ids=("1", "2")),
        events.RunEnded(at=AT, run_id="9", status="error", message="out of memory"),
        events.JobPaused(at=AT, job_id=JobId(1)),
    ]
    for event in told:
        assert str(event)
        assert events.recall(event.kind, event.data, at=event.at, job_id=event.job_id) == event


@given(st.integers(1, 400), st.floats(0, 1, exclude_max=True))
def test_no_wait_is_negative_or_without_end(times: int, chance: float) -> None:
    waits = [
        backoff.after_failed_looks(times, MINUTE, chance),
        backoff.after_refused_credential(times, chance),
        backoff.after_failed_sends(times, MINUTE, chance),
        backoff.between_searches(times),
        backoff.between_follows(times),
    ]
    assert all(timedelta(0) < wait <= timedelta(hours=1.1) for wait in waits)


def test_an_edit_keeps_what_was_looked_at_already() -> None:
    job = looked(two(), said("batch_1", "completed"), said("batch_2", "in_progress"))
    new = edited(job, {"batches": (BatchId("batch_1"), BatchId("batch_3"))}, at=AT)
    assert [batch.status for batch in new.batches] == ["completed", "queued"]
    assert new.next_check_at == AT


EXPIRES = AT + 24 * HOUR


def waiting(**changes: Any) -> PollingJob:
    """Both batches run, the first until `EXPIRES`, the second a minute longer."""
    runs = BatchStatus.IN_PROGRESS
    first = Batch(id=BatchId("batch_1"), status=runs, expires_at=EXPIRES)
    second = Batch(id=BatchId("batch_2"), status=runs, expires_at=EXPIRES + MINUTE)
    return a_job(batches=(first, second), **changes)


def running(job: PollingJob, *, at: datetime) -> PollingJob:
    return looked(evolve(job, next_check_at=at, events=()), *(said(b, "in_progress") for b in job.open_batches), at=at)


def test_a_batch_an_hour_past_its_expiry_is_told_once_for_its_job() -> None:
    on_time = running(waiting(), at=EXPIRES + HOUR)
    assert (on_time.overdue_at, on_time.events) == (None, ())
    late = running(on_time, at=EXPIRES + HOUR + SECOND)
    assert late.overdue_at == EXPIRES + HOUR + SECOND
    (told,) = late.events
    assert told.job_id == late.id
    assert str(told) == "Batch batch_1 should have ended more than an hour ago, and is still in_progress"
    assert not late.same_but_for_time(on_time)
    later = running(late, at=EXPIRES + 3 * HOUR)
    assert (later.overdue_at, later.events) == (late.overdue_at, ())


def test_a_batch_is_overdue_also_when_it_cannot_be_looked_at() -> None:
    at = EXPIRES + 2 * HOUR
    failed = looked(
        waiting(next_check_at=at), *(LookUpFailed(batch_id=b, error="503") for b in waiting().open_batches), at=at
    )
    assert failed.overdue_at == at


def test_a_batch_that_has_ended_is_never_overdue() -> None:
    ended = looked(waiting(next_check_at=EXPIRES + 2 * HOUR), said("batch_1", "expired"), at=EXPIRES + HOUR + SECOND)
    assert ended.overdue_at is None


def test_other_batches_may_be_overdue_anew() -> None:
    late = running(waiting(), at=EXPIRES + 2 * HOUR)
    anew = edited(late, {"batches": (BatchId("batch_3"),)}, at=EXPIRES + 2 * HOUR)
    assert (late.overdue_at is None, anew.overdue_at) == (False, None)
