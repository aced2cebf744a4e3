"""The contract of Services."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from teckochecker.adapters.clock import ManualClock
from teckochecker.application.ports import FORGOTTEN_AFTER, Running, Told
from teckochecker.application.ports import Instance as Process
from tests.builders import AT, SECOND
from tests.contracts.instances import Instance

FIRST = Process(owner="a", host="here", pid=7, born="boot:1", address="http://a:8000", version="1.0.0", started_at=AT)
SECOND_ONE = Process(owner="b", host="there", pid=7, version="1.0.0", started_at=AT + SECOND)
GOES = Told(watching="behind", checks=12, lateness=timedelta(seconds=1.5), turned_at=AT)


async def beat(instance: Instance, process: Process, told: Told = GOES) -> bool:
    """Say that a process runs."""
    async with instance.store.work() as work:
        asked = await work.services.beat(process, told)
        await work.commit()
    return asked


async def alive(instance: Instance, within: timedelta = 15 * SECOND) -> list[Running]:
    """Who runs."""
    async with instance.store.view() as view:
        return list(await view.services.alive(within=within))


async def ask_to_stop(instance: Instance, owner: str) -> None:
    """Leave word for an instance."""
    async with instance.store.work() as work:
        await work.services.ask_to_stop(owner)
        await work.commit()


async def test_nobody_runs_at_the_beginning(one: Instance) -> None:
    assert await alive(one) == []


async def test_who_runs_is_read_back_as_it_told_of_itself(one: Instance, other: Instance) -> None:
    assert not await beat(one, FIRST)
    assert await alive(other) == [Running(instance=FIRST, told=GOES, seen_at=AT)]


async def test_instances_come_in_the_order_of_their_start(one: Instance, other: Instance) -> None:
    await beat(other, SECOND_ONE)
    await beat(one, FIRST)
    assert [found.instance for found in await alive(one)] == [FIRST, SECOND_ONE]


async def test_a_beat_renews_what_is_told(one: Instance, clock: ManualClock) -> None:
    await beat(one, FIRST)
    await clock.advance(10 * SECOND)
    later = evolve(GOES, checks=13, lateness=timedelta(0), turned_at=None)
    await beat(one, FIRST, later)
    assert await alive(one) == [Running(instance=FIRST, told=later, seen_at=AT + 10 * SECOND)]


async def test_who_was_not_seen_for_long_is_not_alive(one: Instance, clock: ManualClock) -> None:
    await beat(one, FIRST)
    await clock.advance(14 * SECOND)
    assert len(await alive(one)) == 1
    await clock.advance(SECOND)
    assert await alive(one) == []


async def test_a_clock_that_was_set_back_keeps_nobody_alive(one: Instance, clock: ManualClock) -> None:
    await beat(one, FIRST)
    clock.set(AT - timedelta(hours=1))
    assert await alive(one) == []


async def test_word_to_stop_is_heard_with_the_next_beat(one: Instance, other: Instance) -> None:
    await beat(one, FIRST)
    await beat(other, SECOND_ONE)
    await ask_to_stop(other, "a")
    assert await beat(one, FIRST)
    assert await beat(one, FIRST)
    assert not await beat(other, SECOND_ONE)


async def test_the_first_word_to_stop_keeps_its_time(one: Instance, clock: ManualClock) -> None:
    await beat(one, FIRST)
    await ask_to_stop(one, "a")
    await clock.advance(SECOND)
    await ask_to_stop(one, "a")
    (found,) = await alive(one)
    assert found.stop_asked_at == AT


async def test_word_for_somebody_unknown_is_passed_over(one: Instance) -> None:
    await ask_to_stop(one, "nobody")
    assert await alive(one) == []


async def test_who_left_is_gone_and_may_come_again(one: Instance) -> None:
    await beat(one, FIRST)
    await ask_to_stop(one, "a")
    async with one.store.work() as work:
        await work.services.leave("a")
        await work.services.leave("nobody")
        await work.commit()
    assert await alive(one) == []
    assert not await beat(one, FIRST)


async def test_whoever_joins_forgets_those_that_were_not_seen_for_a_day(one: Instance, clock: ManualClock) -> None:
    await beat(one, FIRST)
    await clock.advance(FORGOTTEN_AFTER)
    assert len(await alive(one, within=FORGOTTEN_AFTER + SECOND)) == 1
    await beat(one, SECOND_ONE)
    assert [found.instance.owner for found in await alive(one, within=FORGOTTEN_AFTER + SECOND)] == ["b"]


async def test_nobody_is_woken_by_a_beat(one: Instance) -> None:
    one.wakeups.signal.clear()
    await beat(one, FIRST)
    await beat(one, FIRST)
    await ask_to_stop(one, "a")
    assert not one.wakeups.signal.is_set()


async def test_a_view_tells_of_nobody(one: Instance) -> None:
    async with one.store.view() as view:
        with pytest.raises(RuntimeError, match="only reads"):
            await view.services.beat(FIRST, GOES)
