"""teckochecker run and job watch: one process works while others only look."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from collections.abc import AsyncIterator

import pytest

from teckochecker.entrypoints.simulator import (
    BatchScript,
    RunScript,
    Simulator,
    default_component,
    default_configuration,
    default_key,
    default_token,
)
from tests.doors.cli.shell import Done, Shell
from tests.waiting import until


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator.open() as simulator:
        simulator.keboola.run_script = RunScript(created_for=0.1, processing_for=0.5)
        yield simulator


async def ended(process: subprocess.Popen[str]) -> Done:
    """The process once it has ended; the simulator goes on meanwhile."""
    out, err = await asyncio.to_thread(process.communicate, timeout=60)
    return Done(process.returncode, out, err)


async def with_job(shell: Shell, simulator: Simulator, *batches: str) -> dict[str, str]:
    """The environment of a folder that has one job."""
    environment = {**simulator.environment, "MIN_POLL_INTERVAL": "1", "DEFAULT_POLL_INTERVAL": "1"}

    def made() -> None:
        for kind, value in (("openai", default_key), ("keboola", default_token)):
            argv = ("secret", "add", "--name", kind, "--type", kind)
            assert shell.run(*argv, stdin=f"{value}\n", **environment).code == 0
        target = {
            "--openai-secret": "openai",
            "--keboola-secret": "keboola",
            "--keboola-stack": simulator.keboola.stack_url,
            "--component-id": default_component,
            "--config-id": default_configuration,
        }
        given = [part for batch in batches for part in ("--batch-id", batch)]
        options = [part for option in target.items() for part in option]
        assert shell.run("job", "create", "--name", "watched", *given, *options, **environment).code == 0

    await asyncio.to_thread(made)
    return environment


async def test_a_job_is_watched_to_its_end_while_another_process_works(shell: Shell, simulator: Simulator) -> None:
    batch = simulator.openai.add_batch(script=BatchScript.succeeds(1))
    environment = await with_job(shell, simulator, batch.id)
    working = shell.start("run", **environment)
    watching = await ended(shell.start("job", "watch", "1", "--json", **environment))
    working.send_signal(signal.SIGTERM)
    worked = await ended(working)
    assert watching.code == 0
    looks = [json.loads(line) for line in watching.out.splitlines()]
    assert looks[-1]["status"] == "completed"
    assert looks[-1]["trigger"]["run"]["status"] == "success"
    assert worked.code == 0, worked.err
    assert '"job": 1' in worked.err
    assert len(simulator.keboola.runs) == 1


async def test_a_watch_tells_that_nothing_runs_and_can_be_interrupted(shell: Shell, simulator: Simulator) -> None:
    batch = simulator.openai.add_batch(script=BatchScript.stays())
    environment = await with_job(shell, simulator, batch.id)
    watching = shell.start("job", "watch", "1", **environment)
    assert watching.stdout is not None
    await asyncio.to_thread(watching.stdout.readline)
    watching.send_signal(signal.SIGINT)
    done = await ended(watching)
    assert done.code == 130
    nothing_runs = (
        "No service runs, so nothing will happen until one does; start one with: teckochecker start --daemon\n"
    )
    assert done.err == nothing_runs


async def test_running_without_a_key_says_how_to_make_one(empty: Shell) -> None:
    done = await asyncio.to_thread(empty.run, "run")
    assert done.code == 1
    assert done.err == "SECRET_KEY is not set; make one with: teckochecker init --create-env\n"


async def test_a_live_doctor_asks_the_services(shell: Shell, simulator: Simulator) -> None:
    environment = await with_job(shell, simulator, "batch_1")
    done = await asyncio.to_thread(lambda: shell.run("doctor", "--live", "--json", **environment))
    found = {check["name"]: check["state"] for check in done.body["checks"]}
    assert found["Secret 'openai'"] == "ok"
    assert found["Secret 'openai', list"] == "note"
    assert {found[f"Secret 'keboola'{about}"] for about in ("", ", queue", ", search", ", clock", ", refusal")} == {
        "ok"
    }
    assert {found[f"Secret 'keboola', {about}"] for about in ("expiry", "configurations", "variables")} == {"ok"}
    assert found["Secret 'openai-prod'"] == "fault"
    assert done.code == 1


async def test_the_simulator_tells_what_to_set(empty: Shell) -> None:
    process = empty.start("simulate", PYTHONUNBUFFERED="1")
    assert process.stdout is not None
    first = await asyncio.to_thread(process.stdout.readline)
    process.send_signal(signal.SIGINT)
    assert first.startswith("OpenAI stand-in")
    assert (await ended(process)).code == 130


async def test_a_second_signal_ends_at_once_what_the_first_would_finish(shell: Shell, simulator: Simulator) -> None:
    batch = simulator.openai.add_batch(script=BatchScript.stays())
    environment = await with_job(shell, simulator, batch.id)
    simulator.openai.server.requests.clear()
    simulator.openai.fault("hang")
    working = shell.start("run", **environment)
    await until(simulator.openai.requests)
    working.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        await asyncio.to_thread(working.wait, 1)
    working.send_signal(signal.SIGTERM)
    assert (await ended(working)).code == 128 + signal.SIGTERM
