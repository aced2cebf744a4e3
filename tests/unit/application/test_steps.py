"""What a step keeps of what it met: nothing is told twice, nothing is forgotten, and no failure is a fault of ours."""

from __future__ import annotations

from datetime import datetime, timedelta

from attrs import define

from teckochecker.adapters.scripted import Operation
from teckochecker.application.change import JobChange
from teckochecker.application.errors import CredentialRejected, OutcomeUnknown, Rejected, Unavailable
from teckochecker.application.ports import RunRequest, TriggerClaim
from teckochecker.domain.batch import BatchStatus
from teckochecker.domain.events import Event
from teckochecker.domain.protocol import Hold, TriggerState
from teckochecker.domain.run import Outcome
from teckochecker.domain.secret import Credential, Project
from teckochecker.domain.status import JobStatus
from tests.builders import HOUR, MINUTE, SECOND
from tests.unit.application.app import App, HourAhead, turns
from tests.unit.application.test_triggering import Away, latest, worked

LOST = OutcomeUnknown("the connection broke")


@define(eq=False)
class HourBehind(HourAhead):
    """The clock of a service, an hour behind that of our storage."""

    def now(self) -> datetime:
        return self.right.now() - HOUR


class Held:
    """A lease that lasts."""

    lost = False


async def in_hand(app: App) -> TriggerClaim:
    """The trigger that is due, taken by the first instance."""
    async with app.store.work() as work:
        claims: list[TriggerClaim] = await work.triggers.claim("first", lease=MINUTE, limit=1)
        await work.commit()
    return claims[0]


async def history(app: App) -> list[Event]:
    return [entry.event for entry in reversed(await app.jobs.history(1))]


async def test_the_history_of_a_job_that_goes_well_tells_each_step_once(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.advance(MINUTE * 5)
    assert [event.kind for event in await history(app)] == [
        "JobCreated",
        "BatchEnded",
        "TriggerIntended",
        "TriggerSent",
        "TriggerAccepted",
        "JobCompleted",
        "RunMoved",
        "RunEnded",
    ]


async def test_a_token_that_stays_refused_is_asked_about_but_nothing_is_sent_with_it(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, CredentialRejected("no right", http=403), times=1)
    await app.run()
    app.keboola.fail(Operation.IDENTIFY, CredentialRejected("no right", http=403))
    await app.advance(HOUR * 3)
    trigger = await latest(app)
    assert (trigger.hold, trigger.failures > 3, len(trigger.attempts)) == (Hold.CREDENTIAL, True, 1)


async def test_a_key_that_opens_nothing_holds_the_run_before_it_is_sent(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.service.watching.tick()
    await app.service.watching.settle()
    app.cipher.key = "new"
    await app.service.triggering.tick()
    await app.service.triggering.settle()
    trigger = await latest(app)
    assert (trigger.hold, trigger.attempts) == (Hold.CREDENTIAL, ())
    app.cipher.key = "one"
    await app.advance(MINUTE * 5)
    assert (await app.job()).job.status is JobStatus.COMPLETED


async def test_a_key_that_opens_nothing_holds_the_search_for_a_run(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, LOST, times=1, after_effect=True)
    app.keboola.index_lag = MINUTE
    await app.run()
    app.cipher.key = "new"
    await app.clock.advance(MINUTE)
    await app.service.triggering.tick()
    await app.service.triggering.settle()
    assert (await latest(app)).hold is Hold.CREDENTIAL
    app.cipher.key = "one"
    await app.advance(MINUTE * 5)
    assert ((await app.job()).job.status, len(app.keboola.runs)) == (JobStatus.COMPLETED, 1)


async def test_a_search_without_an_answer_says_why_it_goes_on(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, LOST, times=1)
    app.keboola.fail(Operation.FIND, Unavailable("Keboola does not answer"))
    await app.run()
    trigger = await latest(app)
    assert (trigger.last_error, trigger.looks) == ("Keboola does not answer", 1)


async def test_a_run_is_found_although_keboolas_clock_is_an_hour_behind_ours(app: App) -> None:
    app.keboola.clock = HourBehind(app.clock)
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, LOST, times=1, after_effect=True)
    await app.advance(MINUTE * 5)
    assert ((await app.job()).job.status, len(app.keboola.runs)) == (JobStatus.COMPLETED, 1)


async def test_what_was_surely_not_made_in_another_project_needs_no_look_there(app: App) -> None:
    app.keboola.knows("901-first", Project(id="901", name="First", token_id="1"))
    app.keboola.knows("902-second", Project(id="902", name="Second", token_id="2"))
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, Unavailable("maintenance"), times=1)
    await app.run()
    await app.secrets.replace("keboola", Credential("902-second"))
    app.keboola.fail(Operation.START, LOST, times=1, after_effect=True)
    await app.advance(MINUTE * 5)
    trigger = await latest(app)
    assert ([attempt.project_id for attempt in trigger.attempts], worked(app)) == (["901", "902"], 1)
    assert (await app.job()).job.status is JobStatus.COMPLETED


async def test_one_attempt_in_another_project_is_enough_to_wait_for_a_person(app: App) -> None:
    app.keboola.knows("902-second", Project(id="902", name="Second", token_id="2"))
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, Unavailable("maintenance"), times=1)
    await app.run()
    app.keboola.fail(Operation.START, LOST, times=1)
    while (await latest(app)).state is not TriggerState.UNKNOWN:
        await app.advance(SECOND * 10)
    await app.secrets.replace("keboola", Credential("902-second"))
    await app.advance(MINUTE * 30)
    trigger = await latest(app)
    assert (trigger.hold, len(trigger.attempts), worked(app)) == (Hold.OTHER_PROJECT, 2, 0)


async def test_a_key_that_opens_nothing_does_not_end_the_following(app: App) -> None:
    app.keboola.duration = HOUR
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.run()
    app.cipher.key = "new"
    await app.clock.advance(SECOND * 5)
    await app.service.triggering.tick()
    await app.service.triggering.settle()
    trigger = await latest(app)
    assert (trigger.state, trigger.last_error) == (
        TriggerState.ACCEPTED,
        "SECRET_KEY does not open what is stored; put the former key back",
    )


async def test_a_job_that_is_deleted_right_before_the_second_request_leaves_sends_none(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, LOST, times=1)
    await app.run()
    while (await latest(app)).state is not TriggerState.INTENT:
        await app.clock.advance(SECOND * 5)
        await app.service.triggering.tick()
        await app.service.triggering.settle()
    claim = await in_hand(app)
    await app.jobs.delete(1)
    await app.service.triggering.steps.take(claim, Held())
    trigger = await latest(app)
    assert (trigger.state, len(trigger.attempts), app.keboola.runs) == (TriggerState.WITHDRAWN, 1, ())


async def test_a_run_that_is_being_undone_is_read_by_its_id_although_it_was_to_wait(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, LOST, times=1)
    await app.advance(MINUTE * 3)
    [second] = app.keboola.runs
    request = RunRequest(target=second.target, variables=second.variables)
    app.keboola.by_hand(request, token_id=second.token_id, project_id=second.project_id)
    while not app.kinds("RunKilled"):
        await app.advance(SECOND)
    second.index_lag = HOUR
    await app.advance(SECOND * 15)
    trigger = await latest(app)
    assert (trigger.state, trigger.run_id) == (TriggerState.ACCEPTED, app.keboola.runs[1].id)


async def test_each_place_where_a_request_went_is_searched(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, Rejected("Configuration not found", http=400), times=1)
    await app.run()
    await app.jobs.edit(1, JobChange(keboola_configuration_id="777"))
    await app.jobs.retry(1)
    app.keboola.fail(Operation.START, LOST, times=1, after_effect=True)
    await app.advance(MINUTE * 5)
    assert [run.target.configuration_id for run in app.keboola.runs] == ["777"]
    assert (await app.job()).job.status is JobStatus.COMPLETED


async def test_a_run_that_keboola_does_not_know_is_shown_as_lost(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, LOST, times=1)
    await app.advance(MINUTE * 3)
    app.keboola.fail(Operation.GET, Rejected("not found", http=404))
    await app.advance(MINUTE * 7)
    trigger = await latest(app)
    assert trigger.run
    assert (trigger.state, trigger.run.status) == (TriggerState.ACCEPTED, "lost")


async def test_a_run_that_may_not_be_read_is_asked_for_ever_more_rarely(app: App) -> None:
    app.keboola.duration = HOUR
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.run()
    app.keboola.fail(Operation.GET, CredentialRejected("no right", http=403))
    await app.advance(SECOND * 5)
    trigger = await latest(app)
    assert trigger.due_at
    assert trigger.due_at - app.clock.now() > timedelta(seconds=50)
    assert (trigger.last_error, trigger.state) == ("no right", TriggerState.ACCEPTED)


async def test_a_second_run_whose_token_is_refused_meanwhile_is_looked_at_again(app: App) -> None:
    app.keboola.duration = HOUR
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.run()
    trigger = await latest(app)
    twin = app.keboola.rerun(trigger.run_id or "", token_id="1")
    async with app.store.work() as work:
        await work.triggers.record(trigger.id, twin.seen_at(app.clock.now()), at=app.clock.now())
        await work.commit()
    app.cipher.key = "new"
    await app.service.triggering.tick()
    await app.service.triggering.settle()
    assert (await latest(app)).last_error
    app.cipher.key = "one"
    await app.advance(MINUTE)
    assert twin.status_at(app.clock.now()) == "cancelled"


async def test_an_answer_is_evidence_where_a_person_took_the_trigger_out_of_our_hand(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.service.watching.tick()
    await app.service.watching.settle()
    app.keboola.slow(Operation.START, after=SECOND)
    await app.service.triggering.tick()
    await turns()
    await app.jobs.retry(1)
    await app.clock.advance(SECOND)
    await app.service.triggering.settle()
    trigger = await latest(app)
    assert ([attempt.outcome for attempt in trigger.attempts], len(trigger.runs)) == ([Outcome.ACCEPTED], 1)


async def test_a_storage_that_is_away_is_not_asked_without_a_pause(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.service.watching.tick()
    await app.service.watching.settle()
    away = Away(app.store, after=3, times=5)
    object.__setattr__(app.service.triggering.steps, "store", away)
    await app.service.triggering.tick()
    await turns()
    assert away.refused == 1
    await app.clock.advance(SECOND * 6)
    await app.service.triggering.settle()
    assert (await app.job()).job.status is JobStatus.COMPLETED


async def test_an_earlier_run_can_be_cancelled_while_a_further_one_is_asked_for(app: App) -> None:
    app.keboola.duration = HOUR
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.run()
    await app.jobs.retry(1, again=True)
    await app.runs.cancel(1)
    assert app.keboola.runs[0].status_at(app.clock.now() + MINUTE) == "terminated"
