"""One look-up's questions, answered by the test itself."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing

import pytest

from teckochecker.adapters.openai.verdict import Reach, Verdict
from teckochecker.adapters.openai.wave import Wave
from teckochecker.adapters.transport import Slots
from teckochecker.domain.batch import Looked, LookUpFailed
from teckochecker.domain.values import BatchId
from tests.unit.application.app import turns


def wave(count: int, ask: Callable[[BatchId], Awaitable[Verdict]]) -> AsyncGenerator[Sequence[Looked], None]:
    """A wave of so many batches that gives up after three failures in a row, with two workers."""
    waiting = deque(BatchId(f"batch_{number}") for number in range(count))
    return Wave(waiting, ask, Slots(2, patience=5), 3).run(2)


async def test_only_failures_in_a_row_mean_that_the_service_is_down() -> None:
    asked: list[BatchId] = []

    async def ask(batch_id: BatchId) -> Verdict:
        asked.append(batch_id)
        reach = Reach.FINE if len(asked) % 3 == 0 else Reach.SERVICE
        return Verdict(LookUpFailed(batch_id=batch_id, error="503"), reach)

    async with aclosing(wave(12, ask)) as portions:
        answers = [looked async for portion in portions for looked in portion]
    assert len(answers) == len(asked) == 12


async def test_three_failures_in_a_row_end_it() -> None:
    asked: list[BatchId] = []

    async def ask(batch_id: BatchId) -> Verdict:
        asked.append(batch_id)
        reach = Reach.SERVICE if len(asked) > 1 else Reach.FINE
        return Verdict(LookUpFailed(batch_id=batch_id, error="503"), reach)

    async with aclosing(wave(12, ask)) as portions:
        answers = [looked async for portion in portions for looked in portion]
    assert (len(answers), len(asked)) == (12, 4)


async def test_what_arrives_while_nobody_listens_is_kept() -> None:
    heard = asyncio.Event()

    async def ask(batch_id: BatchId) -> Verdict:
        if batch_id != "batch_0":
            await heard.wait()
        return Verdict(LookUpFailed(batch_id=batch_id, error="odd"), Reach.BATCH)

    async with aclosing(wave(3, ask)) as portions:
        answers = [*await anext(portions)]
        heard.set()
        await turns()
        answers += [looked async for portion in portions for looked in portion]
    assert sorted(looked.batch_id for looked in answers) == ["batch_0", "batch_1", "batch_2"]


async def test_a_fault_of_ours_does_not_pass_for_silence() -> None:
    async def ask(batch_id: BatchId) -> Verdict:
        raise RuntimeError(batch_id)

    async with asyncio.timeout(5), aclosing(wave(1, ask)) as portions:
        with pytest.raises(RuntimeError, match="batch_0"):
            await anext(portions)


async def test_whoever_closes_a_look_up_finds_its_questions_ended() -> None:
    ended: list[BatchId] = []

    async def ask(batch_id: BatchId) -> Verdict:
        try:
            await asyncio.sleep(0 if batch_id == "batch_0" else 60)
        finally:
            ended.append(batch_id)
        return Verdict(LookUpFailed(batch_id=batch_id, error="odd"), Reach.BATCH)

    async with aclosing(wave(3, ask)) as portions:
        await anext(portions)
    assert sorted(ended) == ["batch_0", "batch_1", "batch_2"]
