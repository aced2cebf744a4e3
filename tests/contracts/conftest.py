"""Two instances on one storage, of every kind of storage in turn."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from teckochecker.adapters.clock import ManualClock
from tests.builders import AT
from tests.contracts.instances import Instance
from tests.contracts.storages import STORAGES, Start


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(AT)


@pytest.fixture(params=STORAGES, ids=lambda storage: storage.__name__)
async def start(request: pytest.FixtureRequest, clock: ManualClock, tmp_path: Path) -> AsyncGenerator[Start]:
    async with request.param(clock, tmp_path) as started:
        yield started


@pytest.fixture
def one(start: Start) -> Instance:
    return start("one")


@pytest.fixture
def other(start: Start) -> Instance:
    return start("other")
