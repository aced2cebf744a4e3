from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from teckochecker import Settings
from teckochecker.adapters.clock import SystemClock
from teckochecker.adapters.scripted import ScriptedBatches, ScriptedKeboola, ScriptedStorage
from teckochecker.entrypoints.container import Container, in_memory
from tests.browser import https
from tests.browser.browsers import Visit, chromium, visiting
from tests.doors.http.served import Served, served
from tests.doors.nightly import with_secrets

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of the pages run on one loop, that of the browser which they share."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


def in_real_time(settings: Settings, folder: Path) -> Container:
    """Everything in memory, on the clock that the browser goes by."""
    clock = SystemClock()
    keboola = ScriptedKeboola(clock)
    return in_memory(settings, clock, ScriptedBatches(clock), keboola, ScriptedStorage(keboola))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for all tests; each visits with a context of its own."""
    async with chromium() as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def service(tmp_path: Path) -> AsyncIterator[Served]:
    """A service that watches, with both secrets and no job yet."""
    async with served(in_real_time, tmp_path, min_poll_interval=1) as opened:
        await with_secrets(opened.tecko)
        stop = asyncio.Event()
        watching = asyncio.create_task(opened.container.service().run(stop))
        yield opened
        stop.set()
        await watching


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser, service: Served) -> AsyncIterator[Visit]:
    """Somebody at a browser who has just opened the service."""
    async with visiting(browser, service) as opened:
        await opened.open("/web")
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def secured(browser: Browser, tmp_path: Path) -> AsyncIterator[Visit]:
    """Somebody at a browser whom the service asks for a token, at its https address."""
    async with https.secured(browser, tmp_path) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def bare(browser: Browser, tmp_path: Path) -> AsyncIterator[Visit]:
    """The same with a browser that runs no scripts."""
    async with https.secured(browser, tmp_path, java_script_enabled=False) as opened:
        yield opened
