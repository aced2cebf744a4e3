"""What the scripted services can be told to do, beyond the contract of the gateways."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import timedelta
from uuid import UUID

import pytest
from attrs import define

from teckochecker.adapters.clock import ManualClock
from teckochecker.adapters.scripted import Operation, ScriptedBatches, ScriptedKeboola
from teckochecker.application.errors import LeaseLost, OutcomeUnknown, Unavailable
from teckochecker.application.ports import RunRequest, RunSearch
from teckochecker.domain.batch import BatchMissing, BatchReport, BatchStatus, Looked, LookUpFailed, RequestCounts
from teckochecker.domain.errors import InvalidValue
from teckochecker.domain.run import KeboolaRun
from teckochecker.domain.secret import Credential, Project
from teckochecker.domain.values import BatchId
from tests.builders import AT, HOUR, MINUTE, SECOND, a_target

KEY = Credential("key")
TRIGGER = UUID(int=1)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(AT)


@pytest.fixture
def batches(clock: ManualClock) -> ScriptedBatches:
    return ScriptedBatches(clock)


@pytest.fixture
def keboola(clock: ManualClock) -> ScriptedKeboola:
    return ScriptedKeboola(clock)


@define
class Hand:
    """A lease that can be lost at any time."""

    lost: bool = False


async def look(batches: ScriptedBatches, id: str = "batch_1") -> Looked:
    """The one answer about a batch."""
    async with aclosing(batches.look_up({BatchId(id): None}, KEY, base_url=None)) as answers:
        (answer,) = await anext(answers)
    return answer


async def status(batches: ScriptedBatches, id: str = "batch_1") -> str:
    """The status of a batch that is found."""
    answer = await look(batches, id)
    assert isinstance(answer, BatchReport)
    return answer.status


def request(delay: timedelta = timedelta(0)) -> RunRequest:
    """What is asked of Keboola."""
    return RunRequest(target=a_target(), variables={"trigger_id": str(TRIGGER)}, delay=delay)


async def start(keboola: ScriptedKeboola, delay: timedelta = timedelta(0)) -> KeboolaRun:
    """Ask for a run."""
    return await keboola.start(request(delay), KEY, lease=Hand())


async def found(keboola: ScriptedKeboola) -> list[tuple[str, str]]:
    """Ids and statuses as the search shows them."""
    search = RunSearch(trigger_id=TRIGGER, target=a_target(), since=AT - HOUR)
    return [(run.id, run.status) for run in (await keboola.find(search, KEY)).runs]


# Batches


async def test_a_batch_lives_the_life_that_was_told(batches: ScriptedBatches, clock: ManualClock) -> None:
    batches.will("batch_1", BatchStatus.FINALIZING, after=HOUR)
    batches.will("batch_1", BatchStatus.COMPLETED, after=2 * HOUR, output_file_id="file-1", counts=RequestCounts(5, 5))
    lived = [await status(batches)]
    for _ in range(2):
        await clock.advance(HOUR)
        lived.append(await status(batches))
    assert lived == ["in_progress", "finalizing", "completed"]
    report = await look(batches)
    assert isinstance(report, BatchReport)
    assert (report.output_file_id, report.counts, report.created_at) == ("file-1", RequestCounts(5, 5), AT)


async def test_what_a_batch_is_put_to_ends_what_was_told_of_its_future(
    batches: ScriptedBatches, clock: ManualClock
) -> None:
    batches.will("batch_1", "completed", after=HOUR)
    batches.put("batch_1", "cancelled")
    await clock.advance(2 * HOUR)
    assert await status(batches) == "cancelled"


async def test_a_batch_vanishes_when_it_was_told_to_and_may_come_back(
    batches: ScriptedBatches, clock: ManualClock
) -> None:
    batches.will("batch_1", "in_progress")
    batches.vanish("batch_1", after=HOUR)
    batches.will("batch_1", "completed", after=2 * HOUR)
    assert await status(batches) == "in_progress"
    await clock.advance(HOUR)
    assert await look(batches) == BatchMissing(batch_id=BatchId("batch_1"))
    await clock.advance(HOUR)
    assert await status(batches) == "completed"


async def test_answers_fail_as_often_as_was_told(batches: ScriptedBatches) -> None:
    batches.will("batch_1", "completed")
    batches.fail("busy", times=2)
    assert [type(await look(batches)) for _ in range(3)] == [LookUpFailed, LookUpFailed, BatchReport]


async def test_a_revoked_key_can_be_accepted_again(batches: ScriptedBatches) -> None:
    batches.will("batch_1", "completed")
    batches.revoke("key")
    assert isinstance(await look(batches), LookUpFailed)
    batches.accept(KEY)
    assert await status(batches) == "completed"


async def test_looks_are_counted(batches: ScriptedBatches) -> None:
    batches.will("batch_1", "completed")
    await look(batches)
    await look(batches)
    await look(batches, "batch_2")
    assert batches.looks == {"batch_1": 2, "batch_2": 1}


async def test_answers_come_in_portions_as_time_passes(clock: ManualClock) -> None:
    slow = ScriptedBatches(clock, latency=SECOND, portion=2)
    came: list[Looked] = []

    async def read() -> None:
        ids = [BatchId(f"batch_{number}") for number in range(3)]
        async with aclosing(slow.look_up(dict.fromkeys(ids), KEY, base_url=None)) as answers:
            async for portion in answers:
                came.extend(portion)

    reader = asyncio.create_task(read())
    await clock.advance(SECOND)
    assert len(came) == 2
    await clock.advance(SECOND)
    assert len(came) == 3
    await reader


def test_a_script_of_what_is_no_batch_is_refused(batches: ScriptedBatches) -> None:
    with pytest.raises(InvalidValue, match="must start with 'batch_'"):
        batches.will("file-1", "completed")


# Keboola


async def test_the_search_shows_a_run_as_it_stood_before(keboola: ScriptedKeboola, clock: ManualClock) -> None:
    keboola.index_lag = MINUTE
    run = await start(keboola, delay=30 * SECOND)
    await clock.advance(MINUTE)
    assert await found(keboola) == [(run.id, "created")]
    assert (await keboola.get(a_target().stack_url, run.id, KEY)).status == "processing"
    await clock.advance(30 * SECOND)
    assert await found(keboola) == [(run.id, "processing")]


async def test_a_lease_lost_on_the_way_sends_nothing(keboola: ScriptedKeboola, clock: ManualClock) -> None:
    hand = Hand()
    keboola.slow(Operation.START, before=MINUTE)
    sending = asyncio.create_task(keboola.start(request(), KEY, lease=hand))
    await clock.advance(30 * SECOND)
    hand.lost = True
    await clock.advance(30 * SECOND)
    with pytest.raises(LeaseLost):
        await sending
    assert keboola.runs == ()


async def test_a_slow_answer_comes_after_the_run_was_created(keboola: ScriptedKeboola, clock: ManualClock) -> None:
    keboola.slow(Operation.START, after=MINUTE)
    sending = asyncio.create_task(start(keboola))
    await clock.advance(SECOND)
    assert (len(keboola.runs), sending.done()) == (1, False)
    await clock.advance(MINUTE)
    assert (await sending).id == keboola.runs[0].id


async def test_an_operation_fails_as_often_as_was_told(keboola: ScriptedKeboola) -> None:
    keboola.fail(Operation.START, Unavailable("busy"), times=1)
    with pytest.raises(Unavailable, match="busy"):
        await start(keboola)
    await start(keboola)
    assert len(keboola.runs) == 1


async def test_a_kill_that_takes_its_time_may_come_too_late(keboola: ScriptedKeboola, clock: ManualClock) -> None:
    keboola.kill_takes = MINUTE
    run = await start(keboola, delay=30 * SECOND)
    assert (await keboola.kill(a_target().stack_url, run.id, KEY)).status == "created"
    await clock.advance(40 * SECOND)
    assert keboola.runs[0].status_at(clock.now()) == "terminating"
    await clock.advance(MINUTE)
    assert keboola.runs[0].status_at(clock.now()) == "terminated"


async def test_a_finished_run_is_left_as_it_is_by_a_kill(keboola: ScriptedKeboola, clock: ManualClock) -> None:
    run = await start(keboola)
    await clock.advance(HOUR)
    assert (await keboola.kill(a_target().stack_url, run.id, KEY)).status == "success"


async def test_a_kill_while_another_run_holds_the_lock_cancels(keboola: ScriptedKeboola, clock: ManualClock) -> None:
    keboola.kill_takes = 10 * SECOND
    first, second = await start(keboola), await start(keboola)
    await clock.advance(SECOND)
    await keboola.kill(a_target().stack_url, second.id, KEY)
    await clock.advance(5 * SECOND)
    assert [run.status_at(clock.now()) for run in keboola.runs] == ["processing", "waiting"]
    await clock.advance(HOUR)
    assert [run.status_at(clock.now()) for run in keboola.runs] == ["success", "cancelled"]
    assert (first.id, second.id) == ("1001", "1002")


async def test_a_person_may_run_it_once_more(keboola: ScriptedKeboola) -> None:
    run = await start(keboola)
    copy = keboola.rerun(run.id, token_id="a person")
    assert (copy.variables, copy.token_id) == (keboola.runs[0].variables, "a person")
    assert [id for id, _ in await found(keboola)] == [run.id, copy.id]


async def test_each_credential_is_a_token_of_its_own_of_one_project(keboola: ScriptedKeboola) -> None:
    stack = a_target().stack_url
    mine, theirs = [await keboola.identify(stack, Credential(value)) for value in ("a", "b")]
    assert (mine.id, mine.token_id, theirs.id, theirs.token_id) == ("1", "1", "1", "2")
    assert await keboola.identify(stack, Credential("a")) == mine


async def test_a_credential_may_be_of_another_project(keboola: ScriptedKeboola) -> None:
    await start(keboola)
    other = Project(id="2", name="Other", token_id="9")
    keboola.knows("other", other)
    assert await keboola.identify(a_target().stack_url, Credential("other")) == other
    search = RunSearch(trigger_id=TRIGGER, target=a_target(), since=AT - HOUR)
    assert (await keboola.find(search, Credential("other"))).runs == ()


async def test_a_revoked_token_can_be_accepted_again(keboola: ScriptedKeboola) -> None:
    keboola.revoke("key")
    keboola.accept("key")
    assert (await start(keboola)).status == "created"


async def test_what_recovers_is_neither_failing_nor_slow(keboola: ScriptedKeboola) -> None:
    keboola.fail(Operation.START, OutcomeUnknown("lost"))
    keboola.slow(Operation.START, before=HOUR)
    keboola.recover()
    await start(keboola)
    assert len(keboola.runs) == 1
