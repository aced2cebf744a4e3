from __future__ import annotations

from datetime import timedelta

from teckochecker.adapters.scripted import Operation
from teckochecker.application.errors import (
    CredentialRejected,
    OutcomeUnknown,
    Rejected,
    StorageUnavailable,
    Unavailable,
)
from teckochecker.application.ports import RunRequest
from teckochecker.domain.batch import BatchStatus
from teckochecker.domain.protocol import Hold, TriggerPolicy, TriggerState
from teckochecker.domain.run import KeboolaRun
from teckochecker.domain.secret import Credential, Project
from teckochecker.domain.status import JobStatus
from teckochecker.domain.trigger import Trigger
from tests.unit.application.app import LEASE, App, HourAhead, turns

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


async def latest(app: App) -> Trigger:
    async with app.store.view() as view:
        trigger: Trigger = (await view.triggers.of_job(1))[0]
        return trigger


def worked(app: App) -> int:
    return sum(run.begun_at is not None for run in app.keboola.runs)


async def test_keboola_receives_who_completed_and_who_failed(app: App) -> None:
    app.batches.put("batch_1", BatchStatus.COMPLETED)
    app.batches.put("batch_2", BatchStatus.FAILED)
    await app.a_job("batch_1", "batch_2", variables={"colour": "red"})
    await app.run()
    sent = app.keboola.runs[0].variables
    assert (sent["batch_ids_completed"], sent["batch_ids_failed"], sent["batch_count_total"], sent["colour"]) == (
        '["batch_1"]',
        '["batch_2"]',
        "2",
        "red",
    )


async def test_a_run_is_followed_to_its_end(app: App) -> None:
    app.keboola.duration, app.keboola.ending, app.keboola.message = MINUTE * 20, "error", "out of memory"
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.advance(MINUTE)
    assert (await latest(app)).state is TriggerState.ACCEPTED
    await app.advance(MINUTE * 30)
    trigger = await latest(app)
    assert (trigger.state, trigger.run and trigger.run.status) == (TriggerState.ENDED, "error")
    assert (await app.job()).job.status is JobStatus.COMPLETED


async def test_a_day_without_keboola_needs_no_person(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, Unavailable("maintenance"))
    await app.advance(MINUTE * 60 * 24)
    view = await app.job()
    assert view.job.status is JobStatus.TRIGGERING
    assert "has not taken the request" in (view.held_reason or "")
    app.keboola.recover()
    await app.advance(MINUTE * 20)
    assert ((await app.job()).job.status, worked(app)) == (JobStatus.COMPLETED, 1)


async def test_keboola_is_not_asked_before_it_said(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    until = app.clock.now() + MINUTE * 45
    app.keboola.fail(Operation.START, Unavailable("maintenance", retry_at=until), times=1)
    await app.advance(MINUTE * 44)
    assert not app.keboola.runs
    await app.advance(MINUTE * 2)
    assert worked(app) == 1


async def test_a_refusal_fails_the_job_with_keboolas_own_words(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, Rejected("Configuration 9 not found", http=400, exception_id="ex-1"), times=1)
    await app.run()
    view = await app.job()
    assert (view.job.status, view.job.last_error) == (JobStatus.FAILED, "Configuration 9 not found")
    assert (await latest(app)).attempts[0].exception_id == "ex-1"


async def test_an_answer_that_got_lost_makes_no_second_run(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.index_lag = MINUTE
    app.keboola.fail(Operation.START, OutcomeUnknown("the connection broke"), times=1, after_effect=True)
    await app.run()
    assert (await latest(app)).state is TriggerState.UNKNOWN
    await app.advance(MINUTE * 30)
    assert ((await app.job()).job.status, len(app.keboola.runs)) == (JobStatus.COMPLETED, 1)


async def test_a_request_that_never_arrived_is_sent_again_with_a_delay(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, OutcomeUnknown("the connection broke"), times=1)
    await app.advance(MINUTE * 30)
    trigger = await latest(app)
    assert ((await app.job()).job.status, worked(app), len(trigger.attempts)) == (JobStatus.COMPLETED, 1, 2)
    assert trigger.attempts[1].delay == timedelta(seconds=360)


async def test_a_run_that_surfaces_after_the_second_request_is_the_only_one_that_works(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.index_lag = timedelta(seconds=200)
    app.keboola.fail(Operation.START, OutcomeUnknown("the connection broke"), times=1, after_effect=True)
    await app.advance(MINUTE * 60)
    assert ([run.status_at(app.clock.now()) for run in app.keboola.runs], worked(app)) == (
        ["success", "cancelled"],
        1,
    )
    assert (await app.job()).job.status is JobStatus.COMPLETED


async def test_a_failed_kill_is_found_out_by_the_next_look(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.index_lag = timedelta(seconds=200)
    app.keboola.fail(Operation.START, OutcomeUnknown("the connection broke"), times=1, after_effect=True)
    app.keboola.fail(Operation.KILL, Unavailable("no answer"), times=1, after_effect=True)
    await app.advance(MINUTE * 60)
    assert (worked(app), (await app.job()).job.status) == (1, JobStatus.COMPLETED)


async def test_a_kill_that_did_not_arrive_is_asked_for_again(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.index_lag = timedelta(seconds=200)
    app.keboola.fail(Operation.START, OutcomeUnknown("the connection broke"), times=1, after_effect=True)
    app.keboola.fail(Operation.KILL, Unavailable("no connection"), times=3)
    await app.advance(MINUTE * 60)
    assert (worked(app), (await app.job()).job.status) == (1, JobStatus.COMPLETED)


async def test_a_request_that_arrives_after_the_second_one_has_its_run_and_the_second_is_undone(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, OutcomeUnknown("the connection broke"), times=1)
    await app.advance(MINUTE * 3)
    [second] = app.keboola.runs
    app.keboola.index_lag, app.keboola.startup = MINUTE, SECOND * 50
    request = RunRequest(target=second.target, variables=second.variables)
    app.keboola.by_hand(request, token_id=second.token_id, project_id=second.project_id)
    await app.advance(MINUTE * 60)
    assert [run.status_at(app.clock.now()) for run in app.keboola.runs] == ["cancelled", "success"]
    assert (await latest(app)).run_id == app.keboola.runs[1].id


async def test_a_run_that_the_search_shows_as_it_was_is_judged_as_it_is(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.index_lag = app.keboola.duration = MINUTE
    app.keboola.startup = SECOND * 30
    app.keboola.fail(Operation.START, OutcomeUnknown("the connection broke"), times=1, after_effect=True)
    await app.run()
    while (trigger := await latest(app)).state is not TriggerState.ACCEPTED:
        await app.advance(SECOND * 5)
    assert trigger.run
    assert trigger.run.status == "processing"


async def test_the_next_look_is_not_late_where_our_own_clock_is_an_hour_ahead(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, OutcomeUnknown("the connection broke"), times=1, after_effect=True)
    ahead = app.new_service("ahead", clock=HourAhead(app.clock))
    await ahead.run_until_idle()
    due = (await latest(app)).due_at
    assert due
    assert due - app.clock.now() < MINUTE


async def test_the_operator_may_choose_to_be_asked_instead() -> None:
    app = await App(policy=TriggerPolicy(resend=False)).with_secrets()
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, OutcomeUnknown("the connection broke"), times=1)
    await app.advance(MINUTE * 30)
    assert ((await latest(app)).hold, app.keboola.runs) == (Hold.UNKNOWN_OUTCOME, ())
    await app.jobs.retry(1, send=True)
    await app.advance(MINUTE * 30)
    assert ((await app.job()).job.status, worked(app)) == (JobStatus.COMPLETED, 1)


async def test_nobody_is_asked_about_the_run_of_a_job_that_was_deleted() -> None:
    app = await App(policy=TriggerPolicy(resend=False)).with_secrets()
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, OutcomeUnknown("the connection broke"), times=1)
    await app.run()
    await app.jobs.delete(1)
    await app.advance(MINUTE * 5)
    trigger = await latest(app)
    assert (trigger.state, trigger.due_at) == (TriggerState.WITHDRAWN, None)


async def test_a_process_that_died_with_its_request_out_sends_no_second_one(app: App) -> None:
    second = app.new_service("second")
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.slow(Operation.START, after=MINUTE * 10)
    await app.service.watching.tick()
    await app.service.watching.settle()
    await app.service.triggering.tick()
    await turns()
    assert (await latest(app)).state is TriggerState.SENT
    await app.service.triggering.close()
    app.keboola.recover()
    await app.clock.advance(LEASE + SECOND)
    await second.run_until_idle()
    await app.clock.advance(MINUTE)
    await second.run_until_idle()
    assert ((await app.job()).job.status, len(app.keboola.runs)) == (JobStatus.COMPLETED, 1)


async def test_a_search_that_fails_says_nothing(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, OutcomeUnknown("the connection broke"), times=1, after_effect=True)
    app.keboola.fail(Operation.FIND, Unavailable("no answer"))
    await app.advance(MINUTE * 60)
    assert ((await latest(app)).state, len(app.keboola.runs)) == (TriggerState.UNKNOWN, 1)
    app.keboola.recover()
    await app.advance(MINUTE * 5)
    assert (await app.job()).job.status is JobStatus.COMPLETED


async def test_a_refused_search_is_held_and_tried_again(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, OutcomeUnknown("the connection broke"), times=1, after_effect=True)
    app.keboola.fail(Operation.FIND, CredentialRejected("may not search", http=403))
    await app.run()
    assert (await latest(app)).hold is Hold.SEARCH_REFUSED
    app.keboola.recover()
    await app.advance(MINUTE * 5)
    assert ((await app.job()).job.status, len(app.keboola.runs)) == (JobStatus.COMPLETED, 1)


async def test_a_search_that_is_refused_for_good_waits_for_a_person_who_may_name_the_run(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, OutcomeUnknown("the connection broke"), times=1, after_effect=True)
    app.keboola.fail(Operation.FIND, Rejected("no such endpoint", http=410))
    await app.run()
    assert ((await latest(app)).hold, len(app.keboola.runs)) == (Hold.SEARCH_REFUSED, 1)
    assert "the search for the run is refused (no such endpoint)" in ((await app.job()).held_reason or "")
    await app.runs.adopt(1, app.keboola.runs[0].id)
    assert (await app.job()).job.status is JobStatus.COMPLETED


async def test_a_run_that_keboola_does_not_know_any_more_while_it_is_confirmed_is_lost_from_sight_in_the_end(
    app: App,
) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, OutcomeUnknown("the connection broke"), times=1)
    await app.advance(MINUTE * 4)
    assert (await latest(app)).state is TriggerState.CONFIRMING
    app.keboola.fail(Operation.GET, Rejected("not found", http=404))
    await app.advance(MINUTE * 90)
    trigger = await latest(app)
    assert (trigger.state, trigger.reason, len(trigger.attempts)) == (TriggerState.ENDED, "not found", 2)
    assert ((await app.job()).job.status, worked(app)) == (JobStatus.COMPLETED, 1)
    assert app.kinds("RunLost", "DuplicateRun") == ["RunLost"]


async def test_a_run_that_keboola_did_not_know_for_a_moment_is_the_one_all_the_same(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.index_lag = SECOND
    app.keboola.fail(Operation.START, OutcomeUnknown("the connection broke"), times=1, after_effect=True)
    app.keboola.fail(Operation.GET, Rejected("not found", http=404), times=2)
    await app.advance(MINUTE * 30)
    trigger = await latest(app)
    assert (trigger.state, trigger.run and trigger.run.status, worked(app)) == (TriggerState.ENDED, "success", 1)


async def test_a_revoked_token_during_a_search_is_told_as_such(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, OutcomeUnknown("the connection broke"), times=1, after_effect=True)
    app.keboola.index_lag = MINUTE
    await app.run()
    app.keboola.revoke("901-first")
    await app.advance(MINUTE)
    assert (await latest(app)).hold is Hold.CREDENTIAL
    app.keboola.accept("901-first")
    await app.advance(MINUTE * 70)
    assert (await app.job()).job.status is JobStatus.COMPLETED


async def test_absence_is_believed_in_the_same_project_alone(app: App) -> None:
    app.keboola.knows("901-first", Project(id="901", name="First", token_id="1"))
    app.keboola.knows("902-second", Project(id="902", name="Second", token_id="2"))
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, OutcomeUnknown("the connection broke"), times=1, after_effect=True)
    app.keboola.index_lag = MINUTE
    await app.run()
    await app.secrets.replace("keboola", Credential("902-second"))
    await app.advance(MINUTE * 30)
    assert ((await latest(app)).hold, len(app.keboola.runs)) == (Hold.OTHER_PROJECT, 1)


async def test_a_token_that_is_refused_when_sending_holds_the_run_and_goes_on_by_itself(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, CredentialRejected("no right to run this", http=403), times=1)
    await app.run()
    assert ((await app.job()).held_reason, (await latest(app)).hold) == ("no right to run this", Hold.CREDENTIAL)
    await app.advance(MINUTE * 5)
    assert (await app.job()).job.status is JobStatus.COMPLETED


async def test_a_verification_that_fails_is_tried_again(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.IDENTIFY, Unavailable("no answer"), times=1)
    app.keboola.fail(Operation.IDENTIFY, Rejected("no such stack", http=404), times=1)
    await app.advance(MINUTE * 10)
    assert (await app.job()).job.status is JobStatus.COMPLETED


async def test_following_survives_every_kind_of_silence(app: App) -> None:
    app.keboola.duration = MINUTE * 90
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.run()
    app.keboola.fail(Operation.GET, Unavailable("no answer"), times=2)
    app.keboola.fail(Operation.GET, Rejected("not found", http=404), times=1)
    await app.advance(MINUTE * 2)
    app.keboola.revoke("901-first")
    await app.advance(MINUTE * 10)
    app.keboola.accept("901-first")
    await app.advance(MINUTE * 200)
    assert (await latest(app)).state is TriggerState.ENDED


async def test_a_run_that_keboola_forgot_is_lost_from_sight_after_an_hour(app: App) -> None:
    app.keboola.duration = MINUTE * 600
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.run()
    app.keboola.fail(Operation.GET, Rejected("not found", http=404))
    await app.advance(MINUTE * 70)
    assert app.kinds("RunLost") == ["RunLost"]


async def test_a_run_whose_secret_was_deleted_is_lost_from_sight(app: App) -> None:
    app.keboola.duration = MINUTE * 600
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.run()
    await app.secrets.delete("keboola")
    await app.advance(MINUTE * 10)
    assert app.kinds("RunLost") == ["RunLost"]


async def test_an_answer_that_comes_after_the_lease_was_lost_is_kept_as_evidence(app: App) -> None:
    second = app.new_service("second")
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.service.watching.tick()
    await app.service.watching.settle()
    app.keboola.slow(Operation.START, after=MINUTE)
    await app.service.triggering.tick()
    await turns()
    app.keboola.recover()
    await app.clock.advance(LEASE + SECOND)
    app.keboola.index_lag = MINUTE * 10
    await second.triggering.tick()
    await second.triggering.settle()
    assert (await latest(app)).state is TriggerState.UNKNOWN
    await app.clock.advance(MINUTE)
    await app.service.triggering.settle()
    await second.run_until_idle()
    assert ((await app.job()).job.status, len(app.keboola.runs)) == (JobStatus.COMPLETED, 1)


async def test_a_request_is_not_sent_once_the_lease_has_run_out(app: App) -> None:
    second = app.new_service("second")
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.service.watching.tick()
    await app.service.watching.settle()
    app.keboola.slow(Operation.START, before=MINUTE)
    await app.service.triggering.tick()
    await turns()
    app.keboola.recover()
    await app.clock.advance(MINUTE * 2)
    await app.service.triggering.settle()
    assert not app.keboola.runs
    await second.run_until_idle()
    assert len(app.keboola.runs) == 1
    assert (await latest(app)).attempts[1].delay == timedelta(0)


async def test_the_beat_keeps_a_trigger_while_its_request_takes_long(app: App) -> None:
    second = app.new_service("second")
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.service.watching.tick()
    await app.service.watching.settle()
    app.keboola.slow(Operation.START, before=MINUTE)
    await app.service.triggering.beat()
    await app.service.triggering.tick()
    for _ in range(7):
        await app.clock.advance(timedelta(seconds=10))
        await app.service.triggering.beat()
        await second.triggering.tick()
    await app.service.triggering.settle()
    assert ((await app.job()).job.status, len(app.keboola.runs)) == (JobStatus.COMPLETED, 1)


async def test_the_beat_tells_a_lost_trigger_that_it_is_lost(app: App) -> None:
    second = app.new_service("second")
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.service.watching.tick()
    await app.service.watching.settle()
    app.keboola.slow(Operation.START, before=MINUTE)
    await app.service.triggering.tick()
    await turns()
    await app.clock.advance(LEASE + SECOND)
    await second.triggering.tick()
    await app.service.triggering.beat()
    await app.clock.advance(MINUTE)
    await app.service.triggering.settle()
    assert not app.keboola.runs
    await second.triggering.close()


async def test_a_lost_request_stays_lost_when_its_instance_takes_the_trigger_up_again(app: App) -> None:
    second = app.new_service("second")
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.service.watching.tick()
    await app.service.watching.settle()
    app.keboola.slow(Operation.START, before=LEASE + SECOND * 20)
    await app.service.triggering.tick()
    await turns()
    await app.clock.advance(LEASE + SECOND)
    await second.triggering.tick()
    await second.triggering.settle()
    app.keboola.recover()
    app.keboola.slow(Operation.FIND, before=MINUTE)
    await app.service.triggering.tick()
    await turns()
    assert app.service.triggering.in_flight == 2
    await app.service.triggering.beat()
    await app.clock.advance(MINUTE)
    await app.service.triggering.settle()
    assert not app.keboola.runs
    app.keboola.recover()
    await app.advance(MINUTE * 30)
    assert len(app.keboola.runs) == 1


async def test_an_answer_waits_for_a_storage_that_is_away(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.service.watching.tick()
    await app.service.watching.settle()
    steps = app.service.triggering.steps
    away = Away(app.store, after=3, times=2)
    object.__setattr__(steps, "store", away)
    await app.service.triggering.tick()
    await turns()
    await app.clock.advance(SECOND * 3)
    await app.service.triggering.settle()
    assert ((await app.job()).job.status, away.refused) == (JobStatus.COMPLETED, 2)


async def test_an_answer_is_kept_as_evidence_when_the_storage_is_away_for_longer_than_the_lease(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.service.watching.tick()
    await app.service.watching.settle()
    app.keboola.index_lag = MINUTE * 60
    away = Away(app.store, after=3, times=40)
    object.__setattr__(app.service.triggering.steps, "store", away)
    await app.service.triggering.tick()
    await turns()
    await app.clock.advance(MINUTE)
    await app.service.triggering.settle()
    assert away.refused == 40
    await app.run()
    assert ((await app.job()).job.status, len(app.keboola.runs)) == (JobStatus.COMPLETED, 1)


async def test_no_more_triggers_are_taken_than_there_is_room_for(app: App) -> None:
    small = app.new_service("small", at_once=1)
    for number in range(3):
        await app.a_job(f"batch_{number}", status=BatchStatus.COMPLETED)
    await small.watching.tick()
    await small.watching.settle()
    app.keboola.slow(Operation.START, before=SECOND)
    await small.triggering.tick()
    await small.triggering.tick()
    assert small.triggering.in_flight == 1
    await app.clock.advance(SECOND)
    await small.triggering.settle()
    app.keboola.recover()
    await small.run_until_idle()
    assert len(app.keboola.runs) == 3


async def test_late_evidence_on_a_finished_trigger_is_kept_and_wakes_nobody_for_long(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.advance(MINUTE * 5)
    trigger = await latest(app)
    assert trigger.state is TriggerState.ENDED
    async with app.store.work() as work:
        await work.triggers.record(trigger.id, KeboolaRun(id="9999", status="success"), at=app.clock.now())
        await work.commit()
    await app.run()
    after = await latest(app)
    assert (after.due_at, len(after.runs)) == (None, 2)


async def test_a_second_run_that_is_recorded_late_is_undone(app: App) -> None:
    app.keboola.duration = MINUTE * 30
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.run()
    trigger = await latest(app)
    twin = app.keboola.rerun(trigger.run_id or "", token_id="1")
    async with app.store.work() as work:
        await work.triggers.record(trigger.id, twin.seen_at(app.clock.now()), at=app.clock.now())
        await work.commit()
    await app.advance(MINUTE * 60)
    assert twin.status_at(app.clock.now()) == "cancelled"
    assert worked(app) == 1


class Away:
    """A storage that refuses some units of work in the middle."""

    def __init__(self, store: object, *, after: int, times: int) -> None:
        self._store, self._after, self._times, self.refused, self._seen = store, after, times, 0, 0

    def view(self) -> object:
        return self._store.view()  # type: ignore[attr-defined]

    def work(self) -> object:
        self._seen += 1
        if self._after <= self._seen < self._after + self._times:
            self.refused += 1
            raise StorageUnavailable("The database is busy")
        return self._store.work()  # type: ignore[attr-defined]


async def test_a_project_read_with_a_token_that_was_replaced_meanwhile_is_not_kept(app: App) -> None:
    app.keboola.knows("901-first", Project(id="901", name="First", token_id="1"))
    app.keboola.knows("902-second", Project(id="902", name="Second", token_id="2"))
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.service.watching.tick()
    await app.service.watching.settle()
    app.keboola.slow(Operation.IDENTIFY, after=SECOND)
    await app.service.triggering.tick()
    await turns()
    await app.secrets.replace("keboola", Credential("902-second"))
    await app.clock.advance(SECOND)
    await app.service.triggering.settle()
    app.keboola.recover()
    await app.run()
    secret = (await app.secrets.all())[1]
    assert secret.project is None or secret.project.id == "902"
    assert len(app.keboola.runs) == 1


async def test_an_answer_to_a_trigger_that_a_person_touched_meanwhile_is_kept_as_evidence(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.service.watching.tick()
    await app.service.watching.settle()
    app.keboola.slow(Operation.START, after=SECOND)
    await app.service.triggering.tick()
    await turns()
    await app.secrets.replace("keboola", Credential("901-first"))
    await app.clock.advance(SECOND)
    await app.service.triggering.settle()
    app.keboola.recover()
    await app.run()
    assert ((await app.job()).job.status, len(app.keboola.runs)) == (JobStatus.COMPLETED, 1)
