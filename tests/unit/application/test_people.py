"""What a person may do in each state, cell by cell."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from teckochecker.adapters.scripted import Operation
from teckochecker.application.change import JobChange
from teckochecker.application.errors import (
    Conflict,
    CredentialRejected,
    JobNotFound,
    OutcomeUnknown,
    Rejected,
    Unavailable,
)
from teckochecker.application.ports import RunRequest
from teckochecker.domain.batch import BatchStatus
from teckochecker.domain.errors import InvalidTransition, InvalidValue
from teckochecker.domain.protocol import TriggerPolicy
from teckochecker.domain.secret import Credential, Project
from teckochecker.domain.status import JobStatus
from tests.builders import HOUR, MINUTE, a_target
from tests.unit.application.app import App, turns

LOST = OutcomeUnknown("the connection broke")

# How a job gets there


async def active(app: App) -> None:
    await app.a_job(status=BatchStatus.IN_PROGRESS)
    await app.run()


async def paused(app: App) -> None:
    await active(app)
    await app.jobs.pause(1)


async def intent(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.service.watching.tick()
    await app.service.watching.settle()
    await app.service.watching.close()
    await app.clock.advance(MINUTE)


async def sent(app: App) -> None:
    await intent(app)
    app.keboola.slow(Operation.START, before=HOUR)
    await app.service.triggering.tick()
    await turns()
    await app.service.triggering.close()
    app.keboola.recover()


async def unknown(app: App) -> None:
    app.keboola.fail(Operation.START, LOST, times=1)
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.run()


async def confirming(app: App) -> None:
    await unknown(app)
    await app.advance(4 * MINUTE)


async def held(app: App) -> None:
    app.keboola.revoke("901-first")
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.run()


async def held_open(app: App) -> None:
    """A run may exist, and the operator wants a person to decide."""
    await unknown(app)
    await app.advance(4 * MINUTE)


async def accepted(app: App) -> None:
    app.keboola.duration = 5 * HOUR
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.run()


async def ended(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.advance(HOUR)


async def refused(app: App) -> None:
    app.keboola.fail(Operation.START, Rejected("no such configuration", http=400), times=1)
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.run()


# What a person does


async def delete(app: App) -> None:
    await app.jobs.delete(1)


async def pause(app: App) -> None:
    await app.jobs.pause(1)


async def resume(app: App) -> None:
    await app.jobs.resume(1)


async def rename(app: App) -> None:
    await app.jobs.edit(1, JobChange(name="Other"))


async def slow_down(app: App) -> None:
    await app.jobs.edit(1, JobChange(poll_interval_seconds=600))


async def aim(app: App) -> None:
    await app.jobs.edit(1, JobChange(keboola_configuration_id="9"))


async def rewatch(app: App) -> None:
    await app.jobs.edit(1, JobChange(batch_ids=["batch_2"]))


async def retry(app: App) -> None:
    await app.jobs.retry(1)


async def retry_send(app: App) -> None:
    await app.jobs.retry(1, send=True)


async def retry_again(app: App) -> None:
    await app.jobs.retry(1, again=True)


async def retry_adopt(app: App) -> None:
    app.keboola.accept("901-first")
    await app.runs.adopt(1, app.run_by_hand())


async def replace(app: App) -> None:
    await app.secrets.replace("keboola", Credential("901-second"))


async def forget(app: App) -> None:
    await app.secrets.delete("keboola")


async def cancel_run(app: App) -> None:
    await app.runs.cancel(1)


async def outcome(app: App, act: Callable[[App], Awaitable[None]]) -> str:
    """What comes of it: the job's status and its trigger's state, with a `!` for what is due now; or the refusal."""
    try:
        await act(app)
    except (Conflict, InvalidTransition):
        return "409"
    now = app.clock.now()
    try:
        job = (await app.job()).job
    except JobNotFound:
        status = "gone"
    else:
        status = job.status.value + ("!" if job.next_check_at and job.next_check_at <= now else "")
    async with app.store.view() as view:
        latest = next(iter(await view.triggers.of_job(1)), None)
    if latest is None:
        return status
    return f"{status} {latest.state.value}" + ("!" if latest.due_at and latest.due_at <= now else "")


STATES = (active, paused, intent, sent, unknown, confirming, held, held_open, accepted, ended, refused)
ACTS = (
    *(pause, resume, rename, slow_down, aim, rewatch, delete),
    *(retry, retry_send, retry_adopt, retry_again, replace, forget, cancel_run),
)

T, C, F = "triggering", "completed", "failed"
TABLE: dict[Callable[[App], Awaitable[None]], tuple[str, ...]] = {
    active: (
        *("paused", "409", "active", "active!", "active!", "active!", "gone"),
        *("409", "409", "409", "409", "active", "409", "409"),
    ),
    paused: (
        *("409", "active!", "paused", "paused", "paused", "paused", "gone"),
        *("409", "409", "409", "409", "paused", "409", "409"),
    ),
    intent: (
        *("paused withdrawn", "409", f"{T} intent!", f"{T} intent!", "active! withdrawn", "active! withdrawn"),
        *("gone withdrawn", f"{T} intent!", "409", "409", "409", f"{T} intent!", "409", "409"),
    ),
    sent: (
        *("409", "409", f"{T} sent!", f"{T} sent!", "409", "409", "gone sent!"),
        *(f"{T} sent!", "409", "409", "409", f"{T} sent!", "409", "409"),
    ),
    unknown: (
        *("409", "409", f"{T} unknown", f"{T} unknown", "409", "409", "gone unknown"),
        *(f"{T} unknown!", "409", f"{C} accepted", "409", f"{T} unknown!", "409", "409"),
    ),
    confirming: (
        *("409", "409", f"{T} confirming", f"{T} confirming", "409", "409", "gone confirming"),
        *(f"{T} confirming!", "409", "409", "409", f"{T} confirming!", "409", "409"),
    ),
    held: (
        *("paused withdrawn", "409", f"{T} held", f"{T} held", "active! withdrawn", "active! withdrawn"),
        *("gone withdrawn", f"{T} held!", f"{T} intent!", f"{C} accepted", "409", f"{T} intent!", "409", "409"),
    ),
    held_open: (
        *("409", "409", f"{T} held", f"{T} held", "409", "409", "gone held"),
        *(f"{T} held!", f"{T} intent!", f"{C} accepted", "409", f"{T} unknown!", "409", "409"),
    ),
    accepted: (
        *("409", "409", f"{C} accepted", "409", "409", "409", "gone accepted"),
        *("409", "409", "409", f"{C} intent!", f"{C} accepted!", f"{C} accepted", f"{C} accepted"),
    ),
    ended: (
        *("409", "409", f"{C} ended", "409", "409", "409", "gone ended"),
        *("409", "409", "409", f"{C} intent!", f"{C} ended", f"{C} ended", "409"),
    ),
    refused: (
        *("409", "409", f"{F} refused", f"{F} refused", f"{F} refused", f"{F} refused", "gone refused"),
        *(f"{T} intent!", f"{T} intent!", "409", "409", f"{F} refused", f"{F} refused", "409"),
    ),
}
"""For each state, what comes of each act."""

CELLS = [(state, act, came) for state, row in TABLE.items() for act, came in zip(ACTS, row, strict=True)]


@pytest.mark.parametrize(
    ("state", "act", "came"), CELLS, ids=lambda part: part if isinstance(part, str) else part.__name__
)
async def test_a_person_may_do_what_the_state_allows(
    state: Callable[[App], Awaitable[None]], act: Callable[[App], Awaitable[None]], came: str
) -> None:
    app = await App(TriggerPolicy(resend=state is not held_open)).with_secrets()
    await state(app)
    assert await outcome(app, act) == came


async def test_what_has_no_run_says_so(app: App) -> None:
    await active(app)
    for act in (cancel_run, retry_adopt):
        with pytest.raises(InvalidTransition, match="Job 'Nightly reviews' has no Keboola run yet"):
            await act(app)


async def test_keboola_is_not_asked_for_a_run_that_may_not_be_named(app: App) -> None:
    await accepted(app)
    app.keboola.fail(Operation.GET, Unavailable("maintenance"))
    with pytest.raises(InvalidTransition, match="is under way, not held"):
        await app.runs.adopt(1, "1001")
    with pytest.raises(InvalidValue, match="run ID") as refused:
        await app.runs.adopt(1, "run 1")
    assert refused.value.field == "run_id"


async def test_only_a_run_of_the_jobs_own_configuration_may_be_named(app: App) -> None:
    await unknown(app)
    with pytest.raises(InvalidValue, match="not of this job's configuration"):
        await app.runs.adopt(1, app.run_by_hand(configuration_id="77"))
    with pytest.raises(Rejected, match="knows no run 9999"):
        await app.runs.adopt(1, "9999")
    assert (await app.job()).job.status.value == "triggering"


async def test_only_a_run_of_the_project_that_was_asked_may_be_named(app: App) -> None:
    await unknown(app)
    app.keboola.knows("902-second", Project(id="902", name="Second", token_id="9"))
    await app.secrets.replace("keboola", Credential("902-second"))
    elsewhere = app.keboola.by_hand(RunRequest(target=a_target(), variables={}), token_id="9", project_id="902")
    with pytest.raises(InvalidValue, match="belongs to project 902, but the request went to 1"):
        await app.runs.adopt(1, elsewhere.id)


async def test_a_run_that_did_nothing_cannot_be_named(app: App) -> None:
    await unknown(app)
    app.keboola.startup = HOUR
    run = app.run_by_hand()
    await app.keboola.kill(a_target().stack_url, run, Credential("901-first"))
    with pytest.raises(InvalidValue, match="was cancelled before it began"):
        await app.runs.adopt(1, run)


async def test_where_nothing_can_be_looked_for_a_persons_word_is_enough(app: App) -> None:
    await unknown(app)
    app.keboola.fail(Operation.FIND, CredentialRejected("may not search", http=403))
    await app.advance(MINUTE)
    assert "may not search" in ((await app.job()).held_reason or "")
    await retry_send(app)
    await app.run()
    view = await app.job()
    assert (view.job.status.value, [run.begun_at is not None for run in app.keboola.runs]) == ("completed", [True])


async def test_a_job_of_which_a_run_is_known_is_not_sent_again(app: App) -> None:
    await confirming(app)
    app.keboola.fail(Operation.FIND, CredentialRejected("may not search", http=403))
    await app.advance(MINUTE)
    with pytest.raises(InvalidTransition, match="has come of it already; name it instead: --adopt 1001"):
        await retry_send(app)
    await app.runs.adopt(1, "1001")
    app.keboola.recover()
    await app.advance(HOUR)
    assert ((await app.job()).job.status.value, len(app.keboola.runs)) == ("completed", 1)


async def test_a_second_run_is_undone_when_a_person_names_the_first(app: App) -> None:
    await confirming(app)
    app.keboola.fail(Operation.FIND, CredentialRejected("may not search", http=403))
    await app.advance(MINUTE)
    first = app.run_by_hand()
    view = await app.runs.adopt(1, first)
    assert (view.job.status, view.trigger and view.trigger.state.value) == (JobStatus.COMPLETED, "accepted")
    await app.advance(HOUR)
    assert [run.status_at(app.clock.now()) for run in app.keboola.runs] == ["cancelled", "success"]
    assert (await app.job()).trigger.run_id == first  # type: ignore[union-attr]


async def test_a_second_run_is_undone_as_soon_as_keboola_answers_again(app: App) -> None:
    await confirming(app)
    app.keboola.fail(Operation.FIND, CredentialRejected("may not search", http=403))
    await app.advance(MINUTE)
    await app.runs.adopt(1, app.run_by_hand())
    app.keboola.revoke("901-first")
    await app.advance(MINUTE)
    app.keboola.accept("901-first")
    await app.advance(HOUR)
    assert [run.status_at(app.clock.now()) for run in app.keboola.runs] == ["cancelled", "success"]


async def test_a_person_is_told_once_that_sending_keeps_failing(app: App) -> None:
    app.keboola.fail(Operation.START, Unavailable("maintenance"))
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.advance(5 * HOUR)
    assert list(app.kinds("TriggerNotProcessed", "SendsFailing")) == ["TriggerNotProcessed", "SendsFailing"]


async def test_a_keboola_that_breaks_at_every_request_is_told_of_once_and_asked_every_quarter_of_an_hour(
    app: App,
) -> None:
    app.keboola.fail(Operation.START, OutcomeUnknown("Keboola answered 500"))
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.advance(5 * HOUR)
    before = len(app.kinds("TriggerSent"))
    await app.advance(10 * HOUR)
    assert len(app.kinds("TriggerSent")) - before <= 10 * 4 + 1
    assert list(app.kinds("SendsFailing")) == ["SendsFailing"]
    app.keboola.recover()
    await app.advance(HOUR)
    assert (await app.job()).job.status is JobStatus.COMPLETED
    assert len(app.keboola.runs) == 1


@pytest.mark.parametrize("state", [unknown, held, held_open], ids=lambda state: str(state.__name__))
async def test_a_run_that_a_person_names_is_the_only_one(state: Callable[[App], Awaitable[None]]) -> None:
    app = await App(TriggerPolicy(resend=state is not held_open)).with_secrets()
    await state(app)
    await retry_adopt(app)
    await app.advance(2 * HOUR)
    view = await app.job()
    assert (view.trigger and view.trigger.state.value, len(app.keboola.runs)) == ("ended", 1)
    assert list(app.kinds("RunNamed", "RunEnded")) == ["RunNamed", "RunEnded"]


async def test_the_end_of_a_cancelled_run_is_told_by_the_following() -> None:
    app = await App().with_secrets()
    app.keboola.kill_takes = timedelta(seconds=30)
    await accepted(app)
    await app.advance(HOUR)
    view = await app.runs.cancel(1)
    assert (view.job.status.value, view.trigger and view.trigger.state.value) == ("completed", "accepted")
    await app.advance(2 * MINUTE)
    view = await app.job()
    assert (view.job.status.value, view.trigger and view.trigger.run and view.trigger.run.status) == (
        "completed",
        "terminated",
    )
    assert list(app.kinds("RunCancelAsked", "RunEnded")) == ["RunCancelAsked", "RunEnded"]
