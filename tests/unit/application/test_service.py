from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from teckochecker.adapters.scripted import Operation
from teckochecker.application.errors import WrongKey
from teckochecker.domain.batch import BatchStatus
from teckochecker.domain.status import JobStatus
from tests.unit.application.app import LEASE, App, HourAhead, turns
from tests.unit.application.test_triggering import Away

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


async def test_a_job_is_seen_through_while_the_service_runs(app: App) -> None:
    app.batches.will("batch_1", BatchStatus.COMPLETED, after=MINUTE * 10)
    stop = asyncio.Event()
    running = asyncio.create_task(app.service.run(stop))
    await app.a_job()
    await app.clock.advance(MINUTE * 20)
    assert (await app.job()).job.status is JobStatus.COMPLETED
    stop.set()
    await app.clock.advance(SECOND)
    await asyncio.wait_for(running, 5)


async def test_a_new_job_is_looked_at_at_once_although_the_service_sleeps(app: App) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(app.service.run(stop))
    await app.clock.advance(MINUTE)
    await app.a_job(status=BatchStatus.IN_PROGRESS)
    await turns(200)
    assert app.batches.looks == {"batch_1": 1}
    stop.set()
    await app.clock.advance(SECOND)
    await running


async def test_stopping_finishes_what_is_in_hand(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.slow(Operation.START, before=SECOND * 5)
    stop = asyncio.Event()
    running = asyncio.create_task(app.service.run(stop))
    await app.clock.advance(SECOND)
    stop.set()
    await app.clock.advance(SECOND * 5)
    await running
    assert (await app.job()).job.status is JobStatus.COMPLETED


async def test_stopping_waits_no_longer_than_its_patience(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.batches.latency = MINUTE * 60
    stop = asyncio.Event()
    running = asyncio.create_task(app.service.run(stop))
    await app.clock.advance(SECOND)
    stop.set()
    await app.clock.advance(app.service.patience + SECOND)
    await asyncio.wait_for(running, 5)
    second = app.new_service("second")
    app.batches.latency = timedelta(0)
    await second.run_until_idle()
    assert (await app.job()).job.status is JobStatus.COMPLETED


async def test_a_wrong_key_is_said_before_anything_is_looked_at(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.cipher.key = "new"
    with pytest.raises(WrongKey):
        await app.service.run(asyncio.Event())
    with pytest.raises(WrongKey):
        await app.service.run_until_idle()
    assert not app.batches.looks


async def test_an_instance_whose_clock_is_ahead_of_the_storage_waits_as_long_as_any_other(app: App) -> None:
    await app.a_job(status=BatchStatus.IN_PROGRESS)
    await app.run()
    wrong = HourAhead(app.clock)
    stop = asyncio.Event()
    running = asyncio.create_task(app.new_service("wrong", clock=wrong).run(stop))
    for _ in range(60):
        await app.clock.advance(SECOND)
    assert wrong.naps < 20
    stop.set()
    await app.clock.advance(SECOND)
    await running


@pytest.mark.parametrize("slow", ["OpenAI", "Keboola"])
async def test_waiting_for_a_slow_service_keeps_nobody_busy(app: App, slow: str) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    if slow == "OpenAI":
        app.batches.latency = MINUTE
    else:
        app.keboola.slow(Operation.START, before=MINUTE)
    counting = HourAhead(app.clock)
    stop = asyncio.Event()
    running = asyncio.create_task(app.new_service("counting", clock=counting).run(stop))
    for _ in range(59):
        await app.clock.advance(SECOND)
    assert counting.naps < 110
    await app.clock.advance(SECOND * 10)
    assert (await app.job()).job.status is JobStatus.COMPLETED
    stop.set()
    await app.clock.advance(SECOND)
    await running


async def test_a_storage_that_is_away_stops_nothing(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    away = Away(app.store, after=1, times=3)
    app.service.watching.store = away  # type: ignore[assignment]
    stop = asyncio.Event()
    running = asyncio.create_task(app.service.run(stop))
    await app.clock.advance(LEASE + SECOND * 10)
    assert ((await app.job()).job.status, away.refused) == (JobStatus.COMPLETED, 3)
    stop.set()
    await app.clock.advance(SECOND)
    await running


async def test_a_beat_that_finds_the_storage_away_beats_again(app: App) -> None:
    await app.a_job(status=BatchStatus.IN_PROGRESS)
    app.batches.latency = MINUTE
    stop = asyncio.Event()
    running = asyncio.create_task(app.service.run(stop))
    await app.clock.advance(SECOND)
    kept = app.service.watching.store
    app.service.watching.store = Away(kept, after=1, times=10**6)  # type: ignore[assignment]
    await app.clock.advance(MINUTE)
    app.service.watching.store = kept
    await app.clock.advance(MINUTE)
    assert (await app.job()).job.batches[0].status == "in_progress"
    stop.set()
    await app.clock.advance(MINUTE)
    await running


async def test_what_is_in_other_hands_does_not_keep_the_service_busy(app: App) -> None:
    await app.a_job(status=BatchStatus.IN_PROGRESS)
    app.batches.latency = MINUTE
    await app.service.watching.tick()
    second = app.new_service("second")
    await asyncio.wait_for(second.run_until_idle(), 5)
    await app.service.watching.close()
