"""A notice survives the process that was delivering it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from teckochecker.application.ports import Notice
from teckochecker.domain.events import JobFailed
from teckochecker.domain.values import JobId
from teckochecker.entrypoints.container import Container, running
from teckochecker.entrypoints.settings import Settings
from tests.adapters.receiver import Receiver, receiving
from tests.databases import postgresql_server
from tests.processes import watch_over

DELIVER = """
import asyncio, os
from datetime import timedelta
from teckochecker.entrypoints.container import Container, running
from teckochecker.entrypoints.settings import Settings

async def main():
    async with running(Container(settings=Settings.load(os.environ))) as container:
        async with container.notices(lease=timedelta(seconds=1)).delivering():
            await asyncio.Event().wait()

asyncio.run(main())
"""
"""A process that delivers notices, with a lease scaled down to what a test can wait for."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def sqlite(folder: Path) -> str:
    return f"sqlite:///{folder / 'teckochecker.db'}"


def postgresql(folder: Path) -> str:
    server = postgresql_server()
    assert server is not None
    return server.database()


def delivering(environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", DELIVER], env=environment)
    watch_over(process.pid)
    return process


async def undelivered(settings: Settings) -> list[Notice]:
    async with running(Container(settings=settings)) as container:
        return list(await container.notices().undelivered())


@pytest.mark.parametrize("database", [sqlite, *([postgresql] if postgresql_server() else [])])
async def test_a_notice_whose_process_was_killed_is_delivered_by_another_one(
    database: Callable[[Path], str], tmp_path: Path, receiver: Receiver
) -> None:
    environment = {"DATABASE_URL": database(tmp_path), "NOTIFY_URLS": json.dumps([receiver.url])}
    settings = Settings.load(environment)
    async with running(Container(settings=settings)) as container:
        await container.schema()()
        async with container.store().work() as work:
            an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
            await work.history.add([JobFailed(at=an_hour_ago, job_id=JobId(7), reason="no such configuration")])
            await work.commit()

    receiver.held.clear()
    with delivering(environment) as killed:
        assert receiver.arrived.acquire(timeout=30)
        killed.send_signal(signal.SIGKILL)
    (waiting,) = await undelivered(settings)
    assert (waiting.attempts, waiting.given_up) == (0, False)

    receiver.held.set()
    with delivering(environment) as one, delivering(environment) as two:
        try:
            assert receiver.arrived.acquire(timeout=30)
            for _ in range(300):
                if not await undelivered(settings):
                    break
            assert await undelivered(settings) == []
            assert not receiver.arrived.acquire(timeout=2)  # two looked for work several times since
        finally:
            one.kill()
            two.kill()
    assert [got["title"] for got in receiver.got] == ["TeckoChecker: Job '7' failed"] * 2
