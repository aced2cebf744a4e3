from __future__ import annotations

import asyncio
import json
import re
import time
from typing import Any

import aiohttp
import pytest

from teckochecker.entrypoints.simulator import Simulator, default_key, simulate
from tests.simulator.driven import Door
from tests.waiting import until

ENDED = ["completed", "completed", "completed", "expired", "failed"]


async def test_simulate_announces_what_is_needed_to_use_it() -> None:
    lines: list[str] = []
    task = asyncio.ensure_future(simulate(announce=lines.append, timescale=0.001))
    await until(lambda: any(line.startswith("export KEBOOLA") for line in lines))
    text = "\n".join(lines)
    (base_url,) = re.findall(r"export OPENAI_BASE_URL='(.+)'", text)
    (stacks,) = re.findall(r"export KEBOOLA_ALLOWED_STACKS='(.+)'", text)
    assert json.loads(stacks)[0] in text
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {default_key}"}) as http:
        batches: list[dict[str, Any]] = []
        async with asyncio.timeout(20):
            while sorted(batch["status"] for batch in batches) != ENDED:
                async with http.get(f"{base_url}/batches") as reply:
                    batches = (await reply.json())["data"]
    assert all(batch["id"] in text for batch in batches)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_taken_port_is_an_error(simulator: Simulator) -> None:
    with pytest.raises(OSError, match="address already in use"):
        async with Simulator.open(openai_port=simulator.openai.server.port):
            pass


async def test_closing_ends_every_exchange_within_a_second() -> None:
    slow: list[dict[str, Any]] = [
        {"kind": "hang"},
        {"kind": "drip", "interval": 60},
        {"kind": "huge", "size": 2**40},
        {"kind": "pass", "delay_before": 60},
        {"kind": "reset", "delay_after": 60, "after_effect": True},
    ]
    async with aiohttp.ClientSession() as http:
        async with Simulator.open() as simulator:
            door = Door(simulator, http)
            await door.openai("/batches")
            for fault in slow:
                simulator.openai.fault(**fault)
            waiting = [asyncio.ensure_future(door.openai("/batches")) for _ in slow]
            await until(lambda: simulator.openai.server.in_flight == len(slow))
            began = time.monotonic()
        assert time.monotonic() - began < 1
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(isinstance(result, aiohttp.ClientError | OSError) for result in results)


async def test_closing_does_nothing_that_had_not_happened() -> None:
    async with aiohttp.ClientSession() as http:
        async with Simulator.open() as simulator:
            simulator.keboola.fault("pass", operation="create", delay_before=60)
            post = asyncio.ensure_future(Door(simulator, http).post())
            await until(lambda: simulator.keboola.posts)
        assert simulator.keboola.runs == []
        with pytest.raises((aiohttp.ClientError, OSError)):
            await post
