"""PostgreSQL goes away, falls silent, or has no room: told within a bound, and used again when it is back."""

from __future__ import annotations

import asyncio
import signal
import time
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from teckochecker.adapters.clock import SystemClock
from teckochecker.adapters.sql.engine import open_engine, transaction
from teckochecker.adapters.sql.migrations import upgrade
from teckochecker.adapters.sql.wakeups import SqlWakeups
from teckochecker.application.errors import StorageUnavailable
from teckochecker.application.ports import Store
from teckochecker.domain.events import CredentialReleased
from tests.adapters.sql.proxies import proxy
from tests.adapters.sql.stores import add_secret, names, opened, store_on
from tests.builders import AT
from tests.databases import Server, postgresql, postgresql_server

SECOND = timedelta(seconds=1)


async def made(server: Server) -> str:
    """A database with our tables."""
    address = server.database()
    engine = open_engine(address)
    await upgrade(engine)
    await engine.dispose()
    return address


def end_all_sessions(server: Server, address: str) -> None:
    """What an administrator does, or a fail-over."""
    with server.connected() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
            [urlsplit(address).path[1:]],
        )


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["fast", "immediate"])
async def test_a_server_that_was_restarted_is_used_again(how: signal.Signals) -> None:
    with postgresql() as server:
        address = await made(server)
        async with opened(address) as store:
            await add_secret(store, "before")
            async with store.work() as work:
                server.stop(how)
                with pytest.raises(StorageUnavailable, match="The database does not answer"):
                    await work.secrets.all()
            with pytest.raises(StorageUnavailable, match="The database does not answer"):
                await names(store)
            server.start()
            await add_secret(store, "after")
            assert await names(store) == ["before", "after"]


async def test_sessions_that_an_administrator_ended_cost_one_answer_at_most() -> None:
    server = postgresql_server()
    address = await made(server)
    async with opened(address) as store:
        await add_secret(store, "before")
        end_all_sessions(server, address)
        assert await names(store) == ["before"]
        async with store.work() as work:
            await work.secrets.all()
            end_all_sessions(server, address)
            with pytest.raises(StorageUnavailable):
                await work.commit()
        await add_secret(store, "after")
        assert await names(store) == ["before", "after"]


async def test_whoever_listens_hears_again_after_the_connection_was_lost() -> None:
    server = postgresql_server()
    address = await made(server)
    async with opened(address) as store, SqlWakeups(open_engine(address), SystemClock()) as wakeups:
        end_all_sessions(server, address)
        await asyncio.wait_for(wakeups.signal.wait(), 5)  # what was told meanwhile is made up for
        wakeups.signal.clear()
        await add_secret(store)
        await asyncio.wait_for(wakeups.signal.wait(), 5)


async def test_a_way_that_falls_silent_is_given_up() -> None:
    server = postgresql_server()
    address = await made(server)
    async with proxy(server.folder) as way:
        silent = open_engine(f"postgresql://test@127.0.0.1:{way.port}{urlsplit(address).path}", busy=SECOND)
        async with transaction(silent) as connection:
            await connection.execute(sa.text("SELECT 1"))
            way.passing.clear()
            begun = time.monotonic()
            with pytest.raises(sa.exc.OperationalError, match="leaves questions unanswered"):
                await connection.execute(sa.text("SELECT 1"))
        with pytest.raises(StorageUnavailable, match="The database does not answer"):
            await names(store_on(silent))
        assert time.monotonic() - begun < 20
        way.passing.set()
        assert await names(store_on(silent)) == []
        await silent.dispose()


async def test_a_statement_that_takes_too_long_is_ended_by_the_server() -> None:
    address = await made(postgresql_server())
    async with opened(address, busy=SECOND) as store, store.view():
        pass
    engine = open_engine(address, busy=SECOND)
    async with transaction(engine) as connection:
        with pytest.raises(sa.exc.OperationalError, match="statement timeout"):
            await connection.execute(sa.text("SELECT pg_sleep(5)"))
    await engine.dispose()


async def test_when_all_connections_are_in_use_the_next_waits_and_is_told() -> None:
    address = await made(postgresql_server())
    engine = open_engine(address, busy=SECOND)
    held = [transaction(engine) for _ in range(15)]
    for one in held:
        await one.__aenter__()
    with pytest.raises(StorageUnavailable, match="all its connections are in use; try again in a moment"):
        await names(store_on(engine))
    for one in held:
        await one.__aexit__(None, None, None)
    assert await names(store_on(engine)) == []
    await engine.dispose()


async def test_a_server_without_a_free_connection_is_told() -> None:
    with postgresql() as server:
        address = await made(server)
        with server.connected() as connection:
            connection.execute("ALTER SYSTEM SET superuser_reserved_connections = 0")
        server.stop()
        server.start(connections=5)
        idle = [server.connected() for _ in range(5)]
        async with opened(address) as store:
            with pytest.raises(StorageUnavailable, match="too many clients already"):
                await names(store)
            idle.pop().close()
            async with asyncio.timeout(10):
                while not await _answers(store):
                    await asyncio.sleep(0.05)
        for one in idle:
            one.close()


async def _answers(store: Store) -> bool:
    try:
        await names(store)
    except StorageUnavailable:
        return False
    return True


async def test_a_process_that_stands_still_in_a_transaction_lets_go_of_its_rows() -> None:
    address = await made(postgresql_server())
    async with opened(address) as other:
        engine = open_engine(address)
        standing = await engine.connect()
        await standing.execute(sa.text("LOCK TABLE secrets IN ACCESS EXCLUSIVE MODE"))
        begun = time.monotonic()
        assert await names(other) == []
        assert 3 < time.monotonic() - begun < 9
        await standing.invalidate()
        await standing.close()
        await engine.dispose()


@pytest.fixture
async def pooled() -> AsyncEngine:
    address = await made(postgresql_server())
    return open_engine(f"{address}&pooler=transaction", busy=SECOND)


async def test_behind_a_pooler_nothing_outlives_a_transaction(pooled: AsyncEngine) -> None:
    store = store_on(pooled)
    for number in range(12):  # more often than the driver waits before it prepares a statement
        await add_secret(store, f"secret {number}")
        await names(store)
    async with transaction(pooled) as connection:
        limit = await connection.execute(sa.text("SHOW statement_timeout"))
        assert limit.scalar_one() == "1s"
        assert (await connection.execute(sa.text("SELECT * FROM pg_prepared_statements"))).all() == []
        assert (await connection.execute(sa.text("SELECT pg_listening_channels()"))).all() == []
        await connection.commit()
        raw = (await connection.get_raw_connection()).driver_connection
        assert raw
        assert await (await raw.execute("SHOW statement_timeout")).fetchone() == ("0",)
    await pooled.dispose()


async def test_behind_a_pooler_what_others_do_is_noticed_within_a_second(pooled: AsyncEngine) -> None:
    async with SqlWakeups(pooled, SystemClock()) as wakeups:
        async with store_on(pooled).work() as work:
            await work.history.add([CredentialReleased(at=AT, secret="openai")])
            await work.commit()
        await asyncio.wait_for(wakeups.signal.wait(), 2)
    await pooled.dispose()
