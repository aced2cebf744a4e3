from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.doors.http.served import STORAGES, Served, memory, served
from tests.doors.nightly import nightly, with_secrets


@pytest.fixture(params=STORAGES, ids=lambda storage: storage.__name__)
async def empty(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Served]:
    """A service that holds nothing yet, on every storage in turn."""
    async with served(request.param, tmp_path) as opened:
        yield opened


@pytest.fixture
async def service(empty: Served) -> Served:
    """A service with both secrets and one job, on every storage in turn."""
    await with_secrets(empty.tecko)
    await empty.tecko.jobs.create(nightly("batch_a", "batch_b"))
    return empty


@pytest.fixture
async def light(tmp_path: Path) -> AsyncIterator[Served]:
    """A service in memory with both secrets and one job, for what no storage has a part in."""
    async with served(memory, tmp_path) as opened:
        await with_secrets(opened.tecko)
        await opened.tecko.jobs.create(nightly("batch_a", "batch_b"))
        yield opened
