"""A backup taken while the service runs, restored after more had happened: nothing runs twice."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from teckochecker.entrypoints.simulator import BatchScript, RunScript, Simulator
from tests.e2e.service import Program, ended
from tests.e2e.test_instances import Address, on_postgresql, on_sqlite
from tests.waiting import until


@pytest.mark.parametrize("address", [on_sqlite, on_postgresql])
async def test_what_keboola_ran_after_the_backup_is_not_run_again(address: Address, tmp_path: Path) -> None:
    async with Simulator.open() as simulator:
        simulator.keboola.run_script = RunScript(created_for=0.1, processing_for=0.2)
        simulator.openai.add_batch("batch_1", BatchScript.succeeds(2.0))
        program = Program.beside(simulator, tmp_path, DATABASE_URL=address(tmp_path))
        await program.with_job(simulator.keboola.stack_url, "batch_1")
        watching = await program.start("run")
        await program.run("db", "backup", "saved")
        await until(lambda: bool(simulator.keboola.runs))
        assert await ended(watching, signal.SIGTERM) == 0
        assert (await program.job())["status"] == "completed"

        await program.run("db", "restore", "saved", "--force")
        assert (await program.job())["status"] == "active"
        watching = await program.start("run")
        async with asyncio.timeout(30):
            while (await program.job())["status"] != "completed":
                await asyncio.sleep(0.1)
        assert await ended(watching, signal.SIGTERM) == 0
        assert len(simulator.keboola.runs) == 1
        assert "Keboola already had the run" in await program.run("job", "show", "1")


async def test_a_restored_job_that_has_not_run_since_runs_once(tmp_path: Path) -> None:
    async with Simulator.open() as simulator:
        simulator.openai.add_batch("batch_1", BatchScript.succeeds(0.0))
        program = Program.beside(simulator, tmp_path, TRIGGER_RESEND_DELAY="2")
        await program.with_job(simulator.keboola.stack_url, "batch_1")
        await program.run("db", "backup", "saved")
        await program.run("db", "restore", "saved", "--force")
        watching = await program.start("run")
        async with asyncio.timeout(60):
            while (await program.job())["status"] != "completed":
                await asyncio.sleep(0.1)
        refused = await program.start("db", "restore", "saved", "--force")
        _, said = await refused.communicate()
        assert b"A service is at work on" in said
        assert await ended(watching, signal.SIGTERM) == 0
        assert len(simulator.keboola.runs) == 1
