"""One piece of work, done through every door: five batches, three end well and two badly, and one run starts."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from teckochecker import JobSpec, Settings, TeckoChecker
from teckochecker.entrypoints.simulator import BatchScript, RunScript, Simulator, default_key, default_token
from tests.e2e.service import Program, ended
from tests.waiting import until

GOOD: Final = ["batch_1", "batch_2", "batch_4"]
BAD: Final = ["batch_3", "batch_5"]
TARGET: Final[dict[str, Any]] = {
    "keboola_component_id": "kds-team.app-custom-python",
    "keboola_configuration_id": "123456",
}

Door = Callable[[Simulator, Program], Awaitable[dict[str, Any]]]


async def by_the_library(simulator: Simulator, program: Program) -> dict[str, Any]:
    """A Python program."""
    async with TeckoChecker.open(Settings.load(program.environment)) as tecko:
        await tecko.secrets.add("openai-prod", "openai", default_key)
        await tecko.secrets.add("keboola-prod", "keboola", default_token)
        spec = JobSpec(
            name="Batch job",
            batch_ids=sorted(GOOD + BAD),
            openai_secret="openai-prod",
            keboola_secret="keboola-prod",
            keboola_stack_url=simulator.keboola.stack_url,
            **TARGET,
        )
        await tecko.jobs.create(spec)
        stop = asyncio.Event()
        running = asyncio.create_task(tecko.run(stop))
        await until(lambda: over(simulator))
        stop.set()
        await running
    return await program.job()


async def by_the_command_line(simulator: Simulator, program: Program) -> dict[str, Any]:
    """Commands, and the loop in the foreground."""
    await program.with_job(simulator.keboola.stack_url, *sorted(GOOD + BAD))
    running = await program.start("run")
    await until(lambda: over(simulator))
    assert await ended(running, signal.SIGINT) == 0
    return await program.job()


async def by_the_service(simulator: Simulator, program: Program) -> dict[str, Any]:
    """The REST API of the running service."""
    letting_us_in = {"API_AUTH": "local", "API_IN_CONTAINER": "no"}
    service = Program(program.folder, {**program.environment, **letting_us_in})
    await service.run("init")
    await service.run("start", "--daemon", "--port", "0")
    try:
        address = json.loads(await service.run("--json", "status"))["api_server"]
        async with httpx.AsyncClient(base_url=address, timeout=20) as http:
            for name, type, value in (
                ("openai-prod", "openai", default_key),
                ("keboola-prod", "keboola", default_token),
            ):
                await said(http.post("/api/admin/secrets", json={"name": name, "type": type, "value": value}), 201)
            body = {"name": "Batch job", "batch_ids": sorted(GOOD + BAD), "openai_secret_id": 1, "keboola_secret_id": 2}
            await said(
                http.post("/api/jobs", json={**body, **TARGET, "keboola_stack_url": simulator.keboola.stack_url}), 201
            )
            await until(lambda: over(simulator))
            async with asyncio.timeout(20):
                while (job := await said(http.get("/api/jobs/1")))["status"] in ("active", "triggering"):
                    await asyncio.sleep(0.05)
            return job
    finally:
        await service.run("stop")


async def said(asked: Awaitable[httpx.Response], status: int = 200) -> dict[str, Any]:
    """The body of an answer."""
    answer = await asked
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    return body


def over(simulator: Simulator) -> bool:
    """The run has ended well."""
    return any(run.status == "success" for run in simulator.keboola.runs)


@pytest.mark.parametrize("door", [by_the_library, by_the_command_line, by_the_service])
async def test_five_batches_are_seen_through_and_one_run_is_told(door: Door, tmp_path: Path) -> None:
    async with Simulator.open() as simulator:
        simulator.keboola.run_script = RunScript(created_for=0.2, processing_for=0.3)
        for place, batch in enumerate(GOOD):
            simulator.openai.add_batch(batch, BatchScript.succeeds(0.5 + 0.2 * place))
        for batch in BAD:
            simulator.openai.add_batch(batch, BatchScript.fails(0.4))
        job = await door(simulator, Program.beside(simulator, tmp_path))
        (run,) = simulator.keboola.runs
    told = run.variables or {}
    assert (job["status"], job["completed_count"], job["failed_count"]) == ("completed_with_failures", 3, 2)
    assert (json.loads(told["batch_ids_completed"]), json.loads(told["batch_ids_failed"])) == (GOOD, BAD)
    assert [told[f"batch_count_{which}"] for which in ("total", "completed", "failed")] == ["5", "3", "2"]
    assert told["trigger_id"] == job["trigger"]["id"]
