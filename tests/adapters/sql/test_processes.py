"""Several processes on one file: each waits for its turn, hears of the others, and may die at any line."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from teckochecker.adapters.clock import SystemClock
from teckochecker.adapters.sql.migrations import upgrade
from teckochecker.adapters.sql.wakeups import SqlWakeups
from tests.adapters.sql.stores import add_secret, names, opened, store_on
from tests.architecture.source import PROJECT
from tests.processes import watch_over

UPGRADE = """
import asyncio, sys
from teckochecker.adapters.sql.engine import open_engine
from teckochecker.adapters.sql.migrations import upgrade

async def main():
    engine = open_engine(sys.argv[1])
    print(await upgrade(engine))
    await engine.dispose()

asyncio.run(main())
"""

ADD = """
import asyncio, sys
from tests.adapters.sql.stores import add_secret, opened

async def main():
    async with opened(sys.argv[1]) as store:
        for number in range(20):
            await add_secret(store, f"{sys.argv[2]} {number}")

asyncio.run(main())
"""

HOLD = """
import asyncio, sys
from teckochecker.domain.secret import Sealed, SecretType
from tests.adapters.sql.stores import opened
from tests.builders import AT

async def main():
    async with opened(sys.argv[1]) as store, store.work() as work:
        await work.secrets.add(name="lost", type=SecretType.KEBOOLA, sealed=Sealed("s"), base_url=None, at=AT)
        print("inside", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def process(script: str, *arguments: str) -> Process:
    """Start Python in the project's folder."""
    started = await asyncio.create_subprocess_exec(sys.executable, "-c", script, *arguments, stdout=PIPE, cwd=PROJECT)
    watch_over(started.pid)
    return started


async def test_several_processes_may_make_the_database_at_once(address: str) -> None:
    started = [await process(UPGRADE, address) for _ in range(3)]
    said = [(await one.communicate())[0].decode().strip() for one in started]
    assert sorted(said) == ["False", "False", "True"]
    async with opened(address) as store:
        assert await names(store) == []


async def test_two_processes_write_to_one_file_and_lose_nothing(engine: AsyncEngine, address: str) -> None:
    started = [await process(ADD, address, name) for name in ("first", "second")]
    for number in range(20):
        await add_secret(store_on(engine), f"third {number}")
    assert [(await one.wait()) for one in started] == [0, 0]
    expected = [f"{name} {number}" for name in ("first", "second", "third") for number in range(20)]
    assert sorted(await names(store_on(engine))) == sorted(expected)


async def test_a_killed_process_leaves_no_lock_and_no_half_work(engine: AsyncEngine, address: str) -> None:
    holder = await process(HOLD, address)
    assert holder.stdout
    assert await holder.stdout.readline() == b"inside\n"
    holder.kill()
    await holder.wait()
    await add_secret(store_on(engine), "next")
    assert await names(store_on(engine)) == ["next"]


async def test_whoever_is_cancelled_while_waiting_for_a_turn_takes_none(engine: AsyncEngine, address: str) -> None:
    async with opened(address) as other:
        async with store_on(engine).work():
            waiting = asyncio.create_task(add_secret(other, "never"))
            await asyncio.sleep(0.1)
            waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await add_secret(store_on(engine), "next")
        assert await names(other) == ["next"]


async def test_a_command_on_a_newest_database_loads_no_migrations(engine: AsyncEngine, address: str) -> None:
    said = await process(UPGRADE + "print('alembic' in sys.modules)", address)
    assert (await said.communicate())[0] == b"False\nFalse\n"


async def test_a_change_by_another_process_wakes_within_a_second(engine: AsyncEngine, address: str) -> None:
    async with SqlWakeups(engine, SystemClock()) as wakeups:
        await asyncio.sleep(0)
        adding = await process(ADD, address, "other")
        await asyncio.wait_for(wakeups.signal.wait(), 10)
        await adding.wait()


async def test_a_change_by_another_connection_wakes_and_reading_does_not(engine: AsyncEngine, address: str) -> None:
    async with SqlWakeups(engine, SystemClock()) as wakeups, opened(address) as other:
        await asyncio.sleep(0)
        await names(other)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(wakeups.signal.wait(), 0.6)
        await add_secret(other)
        await asyncio.wait_for(wakeups.signal.wait(), 1)


async def test_an_upgraded_database_is_left_alone(engine: AsyncEngine) -> None:
    assert not await upgrade(engine)
