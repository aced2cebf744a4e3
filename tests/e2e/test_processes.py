from __future__ import annotations

import asyncio
import json
import signal
import time
from pathlib import Path

import pytest

from teckochecker.entrypoints.simulator import BatchScript, RunScript, Simulator, default_key, default_token
from tests.e2e.service import Program, ended
from tests.waiting import until

QUICK = RunScript(created_for=0.2, processing_for=0.5)


async def test_the_running_process_sees_a_job_through(tmp_path: Path) -> None:
    async with Simulator.open() as simulator:
        simulator.keboola.run_script = QUICK
        simulator.openai.add_batch("batch_1", BatchScript.succeeds(1.0))
        simulator.openai.add_batch("batch_2", BatchScript.fails(0.5))
        program = Program.beside(simulator, tmp_path)
        watching = await program.start("run")
        await program.with_job(simulator.keboola.stack_url, "batch_1", "batch_2")
        await until(lambda: any(run.status == "success" for run in simulator.keboola.runs))
        async with asyncio.timeout(20):
            while simulator.keboola.runs[0].status != "success" or (await program.job())["status"] == "triggering":
                await asyncio.sleep(0.1)
        job = await program.job()
        assert await ended(watching, signal.SIGTERM) == 0
        assert (job["status"], job["completed_count"], job["failed_count"]) == ("completed_with_failures", 1, 1)
        assert json.loads((simulator.keboola.runs[0].variables or {})["batch_ids_failed"]) == ["batch_2"]
        assert len(simulator.keboola.runs) == 1


@pytest.mark.parametrize("times", [1, 2])
async def test_a_process_killed_while_its_request_is_out_leaves_exactly_one_run(tmp_path: Path, times: int) -> None:
    async with Simulator.open() as simulator:
        simulator.keboola.run_script = QUICK
        simulator.openai.add_batch("batch_1", BatchScript.succeeds(0.0))
        program = Program.beside(simulator, tmp_path)
        await program.with_job(simulator.keboola.stack_url, "batch_1")
        simulator.keboola.fault("pass", operation="create", delay_after=60.0)
        for _ in range(times):
            doomed = await program.start("run")
            await until(lambda: bool(simulator.keboola.runs))
            await ended(doomed, signal.SIGKILL)
        survivor = await program.start("run")
        async with asyncio.timeout(30):
            while (await program.job())["status"] != "completed":
                await asyncio.sleep(0.1)
        assert await ended(survivor, signal.SIGINT) == 0
        assert len(simulator.keboola.runs) == 1


async def test_a_job_made_by_another_process_is_looked_at_within_two_seconds(tmp_path: Path) -> None:
    async with Simulator.open() as simulator:
        simulator.openai.add_batch("batch_1", BatchScript.stays("in_progress"))
        program = Program.beside(simulator, tmp_path)
        await program.run("init")
        watching = await program.start("run")
        await asyncio.sleep(2)  # long enough for the service to have gone to sleep
        await program.with_job(simulator.keboola.stack_url, "batch_1")
        made = time.monotonic()
        await until(lambda: bool(simulator.openai.requests("retrieve")), 10)
        assert time.monotonic() - made < 2
        assert await ended(watching, signal.SIGTERM) == 0


async def test_no_secret_reaches_the_log_and_the_log_is_its_owners_alone(tmp_path: Path) -> None:
    async with Simulator.open() as simulator:
        simulator.keboola.run_script = QUICK
        simulator.openai.add_batch("batch_1", BatchScript.succeeds(0.0))
        simulator.keboola.fault("status", operation="create", status=400, body={"error": f"bad {default_token}"})
        log = tmp_path / "service.log"
        program = Program.beside(simulator, tmp_path, LOG_FILE=str(log), LOG_LEVEL="DEBUG")
        await program.with_job(simulator.keboola.stack_url, "batch_1")
        watching = await program.start("run")
        async with asyncio.timeout(20):
            while (await program.job())["status"] != "failed":
                await asyncio.sleep(0.1)
        shown = json.dumps(await program.job()) + await program.run("job", "show", "1")
        assert await ended(watching, signal.SIGTERM) == 0
        written = log.read_text() + shown
        assert "TriggerRefused" in written
        assert default_token not in written
        assert default_key not in written
        assert log.stat().st_mode & 0o777 == 0o600
        assert (tmp_path / "teckochecker.db").stat().st_mode & 0o777 == 0o600
