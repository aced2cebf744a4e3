"""The clocks keep their word about waiting, and the seeded chance repeats itself."""

import asyncio
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from teckochecker.adapters.clock import ManualClock, SeededChance, StandingClock, SystemChance, SystemClock
from teckochecker.domain.errors import InvalidValue

NOON = datetime(2025, 1, 22, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


async def diary(clock: ManualClock, naps: list[float], log: list[float]) -> None:
    for nap in naps:
        await clock.sleep(seconds(nap))
        log.append(clock.monotonic())


def test_the_system_clock_tells_the_time_in_utc() -> None:
    before = datetime.now(UTC)
    told = SystemClock().now()
    assert before <= told <= datetime.now(UTC)
    assert told.utcoffset() == timedelta()


async def test_the_system_clock_sleeps_for_the_delay() -> None:
    clock = SystemClock()
    began = clock.monotonic()
    await clock.sleep(seconds(0.02))
    assert 0.015 <= clock.monotonic() - began < 5


async def test_a_sleep_ends_when_its_event_is_set() -> None:
    bell = asyncio.Event()
    began = time.monotonic()
    asyncio.get_running_loop().call_soon(bell.set)
    await SystemClock().sleep(seconds(60), unless=bell)
    assert time.monotonic() - began < 5


async def test_a_sleep_with_an_event_that_never_comes_ends_in_time() -> None:
    bell = asyncio.Event()
    await asyncio.wait_for(SystemClock().sleep(seconds(0.01), unless=bell), 5)
    assert not bell.is_set()


@pytest.mark.parametrize("clock", [SystemClock(), ManualClock(NOON)])
@pytest.mark.parametrize("delay", [timedelta(), seconds(-5)])
async def test_nothing_to_wait_for_still_gives_others_a_turn(
    clock: SystemClock | ManualClock, delay: timedelta
) -> None:
    turns: list[str] = []
    asyncio.get_running_loop().call_soon(turns.append, "other")
    await clock.sleep(delay)
    assert turns == ["other"]


@pytest.mark.parametrize("clock", [SystemClock(), ManualClock(NOON)])
async def test_an_event_that_is_already_set_gives_others_a_turn_too(clock: SystemClock | ManualClock) -> None:
    rung = asyncio.Event()
    rung.set()
    turns: list[str] = []
    asyncio.get_running_loop().call_soon(turns.append, "other")
    await asyncio.wait_for(clock.sleep(seconds(60), unless=rung), 5)
    assert turns == ["other"]


async def test_the_manual_clock_stands_still_until_it_is_advanced() -> None:
    clock = ManualClock(NOON)
    assert (clock.now(), clock.monotonic()) == (NOON, 0.0)
    await clock.advance(seconds(90))
    assert (clock.now(), clock.monotonic()) == (NOON + seconds(90), 90.0)


async def test_sleepers_wake_at_their_own_moments_and_in_order() -> None:
    clock = ManualClock(NOON)
    log: list[tuple[str, float]] = []

    async def sleeper(name: str, nap: float) -> None:
        await clock.sleep(seconds(nap))
        log.append((name, clock.monotonic()))

    async with asyncio.TaskGroup() as group:
        for name, nap in (("late", 30), ("early", 10), ("twin", 30)):
            group.create_task(sleeper(name, nap))
        await clock.advance(seconds(60))
    assert log == [("early", 10.0), ("late", 30.0), ("twin", 30.0)]


async def test_whoever_lies_down_again_within_the_step_is_woken_again() -> None:
    clock = ManualClock(NOON)
    log: list[float] = []
    async with asyncio.TaskGroup() as group:
        group.create_task(diary(clock, [60] * 60, log))
        await clock.advance(timedelta(hours=1))
    assert log == [60.0 * turn for turn in range(1, 61)]


async def test_a_sleeper_whose_moment_has_not_come_sleeps_on() -> None:
    clock = ManualClock(NOON)
    log: list[float] = []
    async with asyncio.TaskGroup() as group:
        group.create_task(diary(clock, [10], log))
        await clock.advance(seconds(9))
        assert log == []
        await clock.advance(SECOND)
    assert log == [10.0]


async def test_an_event_wakes_a_manual_sleeper_early() -> None:
    clock = ManualClock(NOON)
    bell = asyncio.Event()
    asyncio.get_running_loop().call_soon(bell.set)
    await asyncio.wait_for(clock.sleep(seconds(60), unless=bell), 5)
    assert clock.monotonic() == 0.0


async def test_time_wakes_a_manual_sleeper_whose_event_never_comes() -> None:
    clock = ManualClock(NOON)
    async with asyncio.TaskGroup() as group:
        nap = group.create_task(clock.sleep(seconds(60), unless=asyncio.Event()))
        await clock.advance(seconds(60))
        assert nap.done()


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    clock = ManualClock(NOON)
    log: list[float] = []
    nap = asyncio.create_task(diary(clock, [10], log))
    await clock.advance(SECOND)
    nap.cancel()
    await clock.advance(seconds(60))
    assert nap.cancelled()
    assert log == []


async def test_setting_the_clock_turns_the_hands_and_wakes_nobody() -> None:
    clock = ManualClock(NOON)
    log: list[float] = []
    async with asyncio.TaskGroup() as group:
        group.create_task(diary(clock, [10], log))
        await clock.advance(SECOND)
        clock.set(NOON - timedelta(days=1))
        assert clock.now() == NOON - timedelta(days=1)
        await clock.advance(seconds(8))
        assert log == []
        await clock.advance(SECOND)
    assert log == [10.0]


async def test_time_does_not_pass_backwards() -> None:
    with pytest.raises(InvalidValue, match="negative"):
        await ManualClock(NOON).advance(-SECOND)


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(InvalidValue, match="time zone"):
        ManualClock(NOON.replace(tzinfo=None))


def test_any_zone_becomes_utc() -> None:
    prague = timezone(timedelta(hours=1))
    assert ManualClock(NOON.astimezone(prague)).now().utcoffset() == timedelta()


def test_the_same_seed_gives_the_same_row() -> None:
    one, same, other = SeededChance(7), SeededChance(7), SeededChance(8)
    row = [one.trigger_id(), one.uniform(0, 1), one.trigger_id()]
    assert row == [same.trigger_id(), same.uniform(0, 1), same.trigger_id()]
    assert row[0] != other.trigger_id()


@pytest.mark.parametrize("chance", [SystemChance(), SeededChance(1)])
def test_chance_gives_ids_that_differ_and_numbers_within_bounds(chance: SystemChance | SeededChance) -> None:
    ids = {chance.trigger_id() for _ in range(100)}
    assert len(ids) == 100
    assert {trigger_id.version for trigger_id in ids} == {4}
    assert all(2 <= chance.uniform(2, 3) <= 3 for _ in range(100))


async def test_on_a_standing_clock_nobody_waits_longer_than_there_is_something_to_do() -> None:
    clock = ManualClock(NOON)
    standing, done = StandingClock(clock), asyncio.Event()
    await standing.sleep(SECOND)
    assert (standing.now(), standing.monotonic()) == (NOON, 0)
    done.set()
    await standing.sleep(SECOND, unless=done)
    await clock.advance(SECOND)
    assert (standing.now(), standing.monotonic()) == (NOON + SECOND, 1)
