from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from teckochecker.entrypoints.simulator import Simulator
from tests.simulator.driven import Door, DrivenClock


@pytest.fixture
def clock() -> DrivenClock:
    return DrivenClock()


@pytest.fixture
async def simulator(clock: DrivenClock) -> AsyncIterator[Simulator]:
    async with Simulator.open(clock=clock) as opened:
        yield opened


@pytest.fixture
async def door(simulator: Simulator) -> AsyncIterator[Door]:
    async with aiohttp.ClientSession() as http:
        yield Door(simulator, http)
