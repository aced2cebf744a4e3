"""teckochecker job cancel-run and job retry --adopt: what has to ask Keboola first."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from teckochecker.entrypoints.simulator import BatchScript, RunScript, Simulator
from tests.doors.cli.shell import Done, Shell
from tests.doors.cli.test_run import ended, with_job


@asynccontextmanager
async def working(shell: Shell, simulator: Simulator, **changes: str) -> AsyncIterator[Callable[..., Any]]:
    """A job whose one batch has completed, and a process that sees to it; gives the way to call further commands."""
    batch = simulator.openai.add_batch(script=BatchScript.succeeds(0))
    environment = {**await with_job(shell, simulator, batch.id), **changes}
    process = shell.start("run", **environment)

    async def call(*argv: str) -> Done:
        return await asyncio.to_thread(shell.run, *argv, **environment)

    yield call
    process.send_signal(signal.SIGTERM)
    assert (await ended(process)).code == 0


async def seen(call: Callable[..., Any], state: str) -> dict[str, Any]:
    """The job, as soon as its trigger is in this state."""
    async with asyncio.timeout(30):
        while True:
            job: dict[str, Any] = (await call("job", "show", "1", "--json")).body
            if job["trigger"] and job["trigger"]["state"] == state:
                return job


async def test_a_run_is_cancelled_and_its_end_is_shown(shell: Shell) -> None:
    async with Simulator.open() as simulator:
        simulator.keboola.run_script = RunScript(created_for=0.1, processing_for=600)
        async with working(shell, simulator) as call:
            await seen(call, "accepted")
            done = await call("job", "cancel-run", "1")
            assert done == Done(0, "✓ Keboola was asked to end the run of job 'watched'\n")
            job = await seen(call, "ended")
            again = await call("job", "cancel-run", "1")
            shown = (await call("job", "show", "1")).out
    assert (job["status"], job["trigger"]["run"]["status"]) == ("completed", "terminated")
    assert again == Done(1, "", "The Keboola run of this job is over, so there is nothing to cancel\n")
    run = simulator.keboola.runs[0]
    assert f"│ Run Link       │ {simulator.keboola.stack_url}/admin/projects/901/queue/{run.id}" in shown
    assert f"A person asked for the end of run {run.id}" in shown


async def test_a_job_without_a_run_has_none_to_cancel(shell: Shell) -> None:
    async with Simulator.open() as simulator:
        environment = await with_job(shell, simulator, "batch_1")
        done = await asyncio.to_thread(shell.run, "job", "cancel-run", "1", **environment)
    assert done == Done(1, "", "Job 'watched' has no Keboola run yet\n")


async def test_a_held_job_goes_on_with_the_run_that_a_person_names(shell: Shell) -> None:
    async with Simulator.open() as simulator:
        simulator.keboola.fault("reset", operation="create", after_effect=True)
        simulator.keboola.search_lag = 600
        async with working(shell, simulator, TRIGGER_SEARCH_GRACE="1", TRIGGER_ON_UNKNOWN="hold") as call:
            job = await seen(call, "held")
            assert "look there, then send it again or name the run" in job["held_reason"]
            unknown = await call("job", "retry", "1", "--adopt", "77")
            done = await call("job", "retry", "1", "--adopt", simulator.keboola.runs[0].id)
            await seen(call, "ended")
    assert (unknown.code, unknown.err) == (1, 'Keboola answered 404: Job "77" not found\n')
    assert done == Done(0, f"✓ Job 'watched' goes on with run {simulator.keboola.runs[0].id}\n")
    assert len(simulator.keboola.runs) == 1


async def test_a_test_run_is_started_after_its_target_was_confirmed(shell: Shell) -> None:
    async with Simulator.open() as simulator:
        environment = await with_job(shell, simulator, "batch_1")
        argv, stack = ("job", "test-fire", "1"), simulator.keboola.stack_url
        question = f"Start a test run of job 'watched' in kds-team.app-custom-python/123456 at {stack}? [y/N]: "
        declined = await asyncio.to_thread(shell.on_terminal, *argv, answers=[("[y/N]: ", "n\n")], **environment)
        piped = await asyncio.to_thread(shell.run, *argv, **environment)
        unasked = await asyncio.to_thread(shell.run, *argv, "--json", **environment)
        assert simulator.keboola.runs == []
        done = await asyncio.to_thread(shell.run, *argv, "--yes", **environment)
        body = (await asyncio.to_thread(shell.run, *argv, "--yes", "--json", **environment)).body
        job = (await asyncio.to_thread(shell.run, "job", "show", "1", "--json", **environment)).body
    assert question in " ".join(declined.out.split())
    assert (declined.code, piped.code, unasked.code) == (1, 1, 1)
    assert piped.err == "This has to be confirmed on a terminal; to skip the question add --yes\n"
    first, second = simulator.keboola.runs
    assert done == Done(0, f"✓ Keboola started the test run {first.id} of job 'watched'\n")
    assert body == {"job_id": 1, "run_id": second.id, "trigger_id": (second.variables or {})["trigger_id"]}
    assert body["trigger_id"].startswith("test-")
    assert (job["status"], job["trigger"]) == ("active", None)
