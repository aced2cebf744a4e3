"""Cells are played side by side, each with its own processes, and judged by what the stand-ins and the history say."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from multiprocessing import forkserver
from pathlib import Path

from teckochecker import JobSpec, TeckoChecker
from teckochecker.application.views import JobView
from teckochecker.domain import decisions
from teckochecker.domain.protocol import TriggerState
from teckochecker.domain.status import JobStatus
from teckochecker.entrypoints.container import Container, on_database, running
from teckochecker.entrypoints.settings import Settings
from teckochecker.entrypoints.simulator import BatchScript, default_key, default_token
from tests.soak.cells import Cell
from tests.soak.stage import Stage, Templates, staged
from tests.waiting import until

PAST_THE_LEASE = 1.5  # seconds of real time: the process that stands still knows no other clock
PATIENCE = 60.0
AT_ONCE = {"sqlite": 12, "postgresql": 12}
LOOKING = (TriggerState.UNKNOWN, TriggerState.CONFIRMING, TriggerState.ACCEPTED)


async def play(cells: Sequence[Cell]) -> Sequence[str]:
    """What is wrong after these cells, which are played side by side."""
    forkserver.set_forkserver_preload(["tests.soak.preloaded"])
    forkserver.ensure_running()
    rooms = {name: asyncio.Semaphore(most) for name, most in AT_ONCE.items()}

    async def one(cell: Cell) -> Sequence[str]:
        async with rooms[cell.database], staged(cell, templates) as stage:
            return [f"{cell}: {wrong}" for wrong in await played(stage)]

    with tempfile.TemporaryDirectory() as folder:
        templates = await Templates.made(Path(folder), {cell.database for cell in cells})
        return [wrong for found in await asyncio.gather(*map(one, cells)) for wrong in found]


async def played(stage: Stage) -> Sequence[str]:
    """What is wrong after a cell, if anything is."""
    async with running(on_database(Settings.load(stage.environment))) as container:
        tecko = TeckoChecker(container)
        await _job(tecko, stage)
        person = asyncio.create_task(_attend(container))
        processes = [stage.process(stage.cell.point)]
        try:
            if not await _comes(lambda: stage.reached):
                return ["the point was never reached"]
            stage.simulator.openai.set_batch("batch_1", BatchScript.succeeds(0.0))
            processes.append(stage.process(None))
            if stage.cell.how is signal.SIGSTOP:
                await asyncio.sleep(PAST_THE_LEASE)
                os.kill(processes[0].pid or 0, signal.SIGCONT)
            if settled := await _comes(person.done):
                await person
            for process in processes:
                process.terminate()
            ended = await _comes(lambda: not any(process.is_alive() for process in processes))
        finally:
            person.cancel()
            for process in processes:
                process.kill()
        history = await tecko.jobs.history(1, limit=1000)
        wrong = [*_wrong(stage, await tecko.jobs.get(1), Counter(entry.event.kind for entry in history))]
        wrong += [] if ended else ["a process does not end"]
        wrong += [] if settled else ["the job is stuck"]
        return [*wrong, *(f"  {entry.event.at:%T.%f} {entry.event}" for entry in history)] if wrong else []


async def _job(tecko: TeckoChecker, stage: Stage) -> None:
    await tecko.secrets.add("openai", "openai", default_key)
    await tecko.secrets.add("keboola", "keboola", default_token)
    await tecko.jobs.create(
        JobSpec(
            name="Cell",
            batch_ids=["batch_1"],
            openai_secret="openai",
            keboola_secret="keboola",
            keboola_stack_url=stage.simulator.keboola.stack_url,
            keboola_component_id="kds-team.app-custom-python",
            keboola_configuration_id="123456",
        ),
        check=False,
    )


async def _attend(container: Container) -> None:
    """Until the run has ended, a person sends a refused job on its way again, and waits for no next look."""
    jobs, clock = container.jobs(), container.clock()
    view = await jobs.get(1)
    while not (view.trigger and view.trigger.state is TriggerState.ENDED):
        if view.job.status is JobStatus.FAILED:
            await jobs.retry(1)
        elif view.trigger and view.trigger.state in LOOKING:
            async with container.store().work() as work:
                trigger = await work.triggers.get(view.trigger.id, lock=True)
                await work.triggers.save(decisions.nudged(trigger, at=clock.now()))
                await work.commit()
        await asyncio.sleep(0.15)
        view = await jobs.get(1)


def _wrong(stage: Stage, view: JobView, told: Counter[str]) -> Iterable[str]:
    runs = stage.simulator.keboola.runs
    worked = [run for run in runs if run.begun]
    if len(worked) != 1:
        yield f"{len(worked)} of {len(runs)} runs did work"
    if not (view.trigger and [view.trigger.run_id] == [run.id for run in worked] and view.job.status == "completed"):
        yield f"the job is {view.job.status.value} with another run than the one that did work"
    single = ("JobCreated", "BatchEnded", "TriggerAccepted", "JobCompleted", "RunEnded")
    retried = told["JobRetried"]
    if any(told[kind] != 1 for kind in single) or (told["JobFailed"], told["TriggerIntended"]) != (
        retried,
        1 + retried,
    ):
        yield f"the history does not explain what happened: {dict(told)}"
    if told["TriggerSent"] < stage.simulator.keboola.requests("create"):
        yield "more requests left than were committed before"
    output = stage.output
    if "Traceback" in output or "FaultMet" in output:
        yield f"a fault was met: {output}"
    if any(secret.encode() in output.encode() + stage.kept for secret in (default_key, default_token)):
        yield "a secret is in the database or the output"


async def _comes(true: Callable[[], bool]) -> bool:
    try:
        await until(true, PATIENCE)
    except TimeoutError:
        return False
    return True
