from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from teckochecker import Settings
from teckochecker.adapters.clock import SystemClock
from teckochecker.adapters.scripted import ScriptedBatches, ScriptedKeboola, ScriptedStorage
from teckochecker.entrypoints.container import Container, in_memory
from tests.browser.browsers import Visit, visiting
from tests.doors.http.served import Served, served
from tests.doors.nightly import with_secrets


def in_real_time(settings: Settings, folder: Path) -> Container:
    """Everything in memory, on the clock that the browser goes by."""
    clock = SystemClock()
    keboola = ScriptedKeboola(clock)
    return in_memory(settings, clock, ScriptedBatches(clock), keboola, ScriptedStorage(keboola))


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Served]:
    """A service that watches, with both secrets and no job yet."""
    async with served(in_real_time, tmp_path, min_poll_interval=1) as opened:
        await with_secrets(opened.tecko)
        stop = asyncio.Event()
        watching = asyncio.create_task(opened.container.service().run(stop))
        yield opened
        stop.set()
        await watching


@pytest.fixture
async def visit(service: Served) -> AsyncIterator[Visit]:
    """Somebody at a browser who has just opened the service."""
    async with visiting(service) as opened:
        await opened.open("/web")
        yield opened


@pytest.fixture
async def plain(service: Served) -> AsyncIterator[Visit]:
    """The same with a browser that runs no scripts."""
    async with visiting(service, java_script_enabled=False) as opened:
        await opened.open("/web")
        yield opened
