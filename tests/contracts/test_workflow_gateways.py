"""The contract of WorkflowGateway."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import pytest
from attrs import frozen

from teckochecker.adapters.clock import ManualClock
from teckochecker.adapters.scripted import Operation
from teckochecker.application.errors import CredentialRejected, LeaseLost, OutcomeUnknown, Rejected, Unavailable
from teckochecker.application.ports import RunRequest, RunSearch
from teckochecker.domain.run import KeboolaRun
from teckochecker.domain.secret import Credential
from tests.builders import AT, HOUR, MINUTE, SECOND, a_target
from tests.contracts.workflow_services import SERVICES, STRANGER, TOKEN, Ending, WorkflowService

TRIGGER = UUID("7d0d1c0e-6a2c-4f65-8d0e-3f3a3f5f9b11")
ANOTHER = UUID("7d0d1c0e-6a2c-4f65-8d0e-3f3a3f5f9b12")
QUEUE = [operation for operation in Operation if operation is not Operation.STORAGE]
EVERY_VARIABLE = {
    "batch_ids_completed": '["batch_1"]',
    "batch_ids_failed": "[]",
    "batch_count_total": "1",
    "batch_count_completed": "1",
    "batch_count_failed": "0",
    "job_id": "7",
    "job_name": "Příliš ‘žluťoučký’ {{ kůň }}",
    "batches_json": '[{"id": "batch_1"}]',
}


@frozen
class Held:
    """A lease that is held, or was lost."""

    lost: bool = False


@pytest.fixture(params=SERVICES, ids=lambda service: service.__name__)
async def service(request: pytest.FixtureRequest, clock: ManualClock) -> AsyncGenerator[WorkflowService]:
    async with request.param(clock) as opened:
        opened.runs_take(startup=5 * SECOND, duration=10 * MINUTE)
        yield opened


async def start(
    service: WorkflowService,
    trigger: UUID = TRIGGER,
    *,
    delay: timedelta = timedelta(0),
    lost: bool = False,
    more: Mapping[str, str] | None = None,
) -> KeboolaRun:
    """Ask for a run."""
    variables = EVERY_VARIABLE | {"trigger_id": str(trigger)} | dict(more or {})
    request = RunRequest(target=a_target(stack_url=service.stack_url), variables=variables, delay=delay)
    return await service.gateway.start(request, TOKEN, lease=Held(lost))


async def found(service: WorkflowService, trigger: UUID = TRIGGER, credential: Credential = TOKEN) -> list[str]:
    """The ids that a search finds."""
    search = RunSearch(trigger_id=trigger, target=a_target(stack_url=service.stack_url), since=AT - HOUR)
    return [run.id for run in (await service.gateway.find(search, credential)).runs]


async def read(service: WorkflowService, run_id: str, credential: Credential = TOKEN) -> KeboolaRun:
    """A run, from the primary store."""
    return await service.gateway.get(service.stack_url, run_id, credential)


async def kill(service: WorkflowService, run_id: str) -> KeboolaRun:
    """Ask a run to end."""
    return await service.gateway.kill(service.stack_url, run_id, TOKEN)


async def ask(service: WorkflowService, operation: Operation) -> object:
    """Any operation on the first run there is."""
    run_id = next(iter(service.run_ids()), "1")
    match operation:
        case Operation.IDENTIFY:
            return await service.gateway.identify(service.stack_url, TOKEN)
        case Operation.START:
            return await start(service)
        case Operation.FIND:
            return await found(service)
        case Operation.GET:
            return await read(service, run_id)
        case _:
            return await kill(service, run_id)


# Starting


async def test_a_run_is_created_once_and_told_of(service: WorkflowService) -> None:
    run = await start(service)
    assert service.run_ids() == [run.id]
    assert (run.status, run.trigger_id, run.token_id) == ("created", str(TRIGGER), "1")
    assert (run.component_id, run.configuration_id) == ("kds-team.app-custom-python", "123456")
    assert run.created_at == AT
    assert run.killable


async def test_a_run_gets_every_variable_as_it_was_given(service: WorkflowService) -> None:
    run = await start(service)
    assert service.variables(run.id) == EVERY_VARIABLE | {"trigger_id": str(TRIGGER)}


async def test_a_run_that_is_asked_for_twice_is_created_twice(service: WorkflowService) -> None:
    assert [(await start(service)).id, (await start(service)).id] == service.run_ids()


async def test_nothing_is_sent_when_the_lease_was_lost(service: WorkflowService) -> None:
    with pytest.raises(LeaseLost):
        await start(service, lost=True)
    assert service.run_ids() == []


async def test_a_delayed_run_begins_after_its_delay(service: WorkflowService, clock: ManualClock) -> None:
    run = await start(service, delay=6 * MINUTE)
    assert run.created_at
    assert run.not_before == run.created_at + 6 * MINUTE
    await clock.advance(6 * MINUTE - SECOND)
    seen = await read(service, run.id)
    assert (seen.killable, seen.not_before) == (True, run.not_before)
    await clock.advance(2 * SECOND)
    assert (await read(service, run.id)).begun


async def test_an_empty_variable_is_refused_for_good(service: WorkflowService) -> None:
    with pytest.raises(Rejected) as refused:
        await start(service, more={"tone": ""})
    assert refused.value.http == 400
    assert service.run_ids() == []


async def test_a_lost_request_leaves_the_outcome_unknown(service: WorkflowService) -> None:
    service.lose(after_effect=False)
    with pytest.raises(OutcomeUnknown):
        await start(service)
    assert service.run_ids() == []


async def test_a_lost_answer_leaves_the_outcome_unknown(service: WorkflowService) -> None:
    service.lose(after_effect=True)
    with pytest.raises(OutcomeUnknown):
        await start(service)
    assert await found(service) == service.run_ids()
    assert len(service.run_ids()) == 1


# Looking


async def test_a_search_finds_the_runs_of_its_trigger_alone(service: WorkflowService) -> None:
    mine, twin = await start(service), await start(service)
    await start(service, ANOTHER)
    assert sorted(await found(service)) == sorted([mine.id, twin.id])


async def test_a_search_tells_the_services_own_time(service: WorkflowService, clock: ManualClock) -> None:
    await clock.advance(HOUR)
    search = RunSearch(trigger_id=TRIGGER, target=a_target(stack_url=service.stack_url), since=AT)
    assert (await service.gateway.find(search, TOKEN)).as_of == AT + HOUR


async def test_a_search_leaves_out_runs_from_before(service: WorkflowService, clock: ManualClock) -> None:
    await start(service)
    await clock.advance(HOUR)
    later = await start(service)
    search = RunSearch(trigger_id=TRIGGER, target=a_target(stack_url=service.stack_url), since=AT + MINUTE)
    assert [run.id for run in (await service.gateway.find(search, TOKEN)).runs] == [later.id]


async def test_a_search_leaves_out_runs_of_other_configurations(service: WorkflowService) -> None:
    await start(service)
    target = a_target(stack_url=service.stack_url, configuration_id="654321")
    runs = await service.gateway.find(RunSearch(trigger_id=TRIGGER, target=target, since=AT - HOUR), TOKEN)
    assert runs.runs == ()


async def test_the_search_may_lag_while_the_run_itself_can_be_read(
    service: WorkflowService, clock: ManualClock
) -> None:
    service.search_lags(MINUTE)
    run = await start(service)
    assert await found(service) == []
    assert (await read(service, run.id)).id == run.id
    await clock.advance(MINUTE)
    assert await found(service) == [run.id]


async def test_runs_of_another_project_are_not_seen(service: WorkflowService) -> None:
    run = await start(service)
    assert await found(service, credential=STRANGER) == []
    with pytest.raises(Rejected) as refused:
        await read(service, run.id, STRANGER)
    assert refused.value.http == 404


async def test_a_run_that_nobody_made_is_refused_with_404(service: WorkflowService) -> None:
    with pytest.raises(Rejected) as refused:
        await read(service, "99999999")
    assert refused.value.http == 404


# The life of a run


async def test_a_run_is_followed_to_its_end(service: WorkflowService, clock: ManualClock) -> None:
    run = await start(service)
    await clock.advance(6 * SECOND)
    under_way = await read(service, run.id)
    assert (under_way.status, under_way.begun, under_way.finished) == ("processing", True, False)
    await clock.advance(11 * MINUTE)
    ended = await read(service, run.id)
    assert (ended.status, ended.finished, ended.ran_out, ended.duration_s) == ("success", True, True, 600)
    assert ended.started_at
    assert ended.ended_at
    assert ended.ended_at - ended.started_at == 10 * MINUTE


@pytest.mark.parametrize("ending", ["warning", "error"])
async def test_a_run_may_end_badly(service: WorkflowService, clock: ManualClock, ending: Ending) -> None:
    service.runs_take(startup=SECOND, duration=MINUTE, ending=ending)
    run = await start(service)
    await clock.advance(HOUR)
    assert (await read(service, run.id)).status == ending


async def test_runs_of_one_configuration_go_one_after_the_other(service: WorkflowService, clock: ManualClock) -> None:
    first, second = await start(service), await start(service)
    await clock.advance(MINUTE)
    assert (await read(service, first.id)).begun
    assert (await read(service, second.id)).killable
    await clock.advance(10 * MINUTE)
    assert (await read(service, first.id)).finished
    assert (await read(service, second.id)).begun


async def test_a_run_that_is_killed_before_it_begins_has_done_nothing(
    service: WorkflowService, clock: ManualClock
) -> None:
    run = await start(service, delay=HOUR)
    await kill(service, run.id)
    await clock.advance(MINUTE)
    killed = await read(service, run.id)
    assert (killed.status, killed.cancelled, killed.begun) == ("cancelled", True, False)


async def test_a_run_that_is_killed_under_way_is_cut_off(service: WorkflowService, clock: ManualClock) -> None:
    run = await start(service)
    await clock.advance(MINUTE)
    await kill(service, run.id)
    await clock.advance(MINUTE)
    killed = await read(service, run.id)
    assert (killed.status, killed.finished, killed.begun, killed.ran_out) == ("terminated", True, True, False)


async def test_a_killed_run_makes_way_for_the_next(service: WorkflowService, clock: ManualClock) -> None:
    first, second = await start(service), await start(service)
    await kill(service, first.id)
    await clock.advance(MINUTE)
    assert (await read(service, second.id)).begun


# Credentials and outages


async def test_a_credential_tells_its_project_and_token(service: WorkflowService) -> None:
    mine = await service.gateway.identify(service.stack_url, TOKEN)
    theirs = await service.gateway.identify(service.stack_url, STRANGER)
    assert (mine.id, mine.name, mine.token_id) == ("901", "Simulated project", "1")
    assert (theirs.id, theirs.token_id) == ("902", "2")


@pytest.mark.parametrize("operation", QUEUE)
async def test_a_refused_credential_is_told_from_other_refusals(service: WorkflowService, operation: Operation) -> None:
    await start(service)
    service.revoke()
    with pytest.raises(CredentialRejected) as refused:
        await ask(service, operation)
    assert refused.value.http in (401, 403)
    assert TOKEN.reveal() not in str(refused.value)
    assert len(service.run_ids()) == 1


@pytest.mark.parametrize("operation", [each for each in QUEUE if each is not Operation.KILL])
async def test_what_is_down_is_unavailable_and_nothing_was_done(service: WorkflowService, operation: Operation) -> None:
    first = await start(service, delay=HOUR)
    service.is_down(operation)
    with pytest.raises(Unavailable):
        await ask(service, operation)
    service.recover()
    assert service.run_ids() == [first.id]
    assert (await read(service, first.id)).killable


async def test_a_kill_that_was_not_taken_leaves_the_run_as_it_is(service: WorkflowService, clock: ManualClock) -> None:
    """Whether it raises or tells how the run stands, nobody may take the run for ended."""
    run = await start(service, delay=HOUR)
    service.is_down(Operation.KILL)
    with suppress(Unavailable):
        assert not (await kill(service, run.id)).finished
    service.recover()
    await clock.advance(MINUTE)
    assert (await read(service, run.id)).killable


async def test_the_queue_of_a_stack_is_told(service: WorkflowService) -> None:
    address = await service.gateway.queue(service.stack_url)
    assert address.told == address.used
    assert address.named in (None, address.used)
