"""Real processes that die or stand still at every step. `python -m tests.soak.cells` plays the full product."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import psycopg
from attrs import field, frozen
from psycopg.conninfo import conninfo_to_dict

from teckochecker import JobSpec, TeckoChecker
from teckochecker.adapters.cipher import new_key
from teckochecker.application.views import JobView
from teckochecker.domain.status import JobStatus
from teckochecker.entrypoints.settings import Settings
from teckochecker.entrypoints.simulator import BatchScript, RunScript, Simulator, default_key, default_token
from tests.databases import postgresql_server
from tests.e2e.service import SHORT
from tests.soak.program import AFTER, BEFORE, serve
from tests.waiting import until

WRITTEN = ("claim", "keep", "intent", "take", "send", "answer", "adopt", "follow")
ASKED = ("look", "request", "search", "read")
POINTS = tuple(f"{step} {side}" for step in (*WRITTEN, *ASKED) for side in (BEFORE, AFTER))
SIGNALS = (signal.SIGKILL, signal.SIGSTOP)
DATABASES = ("sqlite", "postgresql")
ANSWERS = ("arrives", "lost", "refused")
LAGS = (0.0, 0.5)  # seconds, below the grace of one second
PAST_THE_LEASE = 1.5  # seconds of real time: the process that stands still knows no other clock
PATIENCE = 60.0
AT_ONCE = {"sqlite": 16, "postgresql": 6}  # a PostgreSQL server takes a hundred connections


@frozen(kw_only=True)
class Cell:
    """What happens to the first process, and what Keboola does meanwhile."""

    point: str
    how: signal.Signals
    database: str
    answer: str = "arrives"
    lag: float = 0.0

    def __str__(self) -> str:
        return f"{self.how.name} {self.point} on {self.database}, answer {self.answer}, search lag {self.lag} s"

    @property
    def happens(self) -> bool:
        """A run is searched for when its answer was lost. A stopped writer of SQLite would keep all others out."""
        step, side = self.point.split()
        writes = step in WRITTEN and side == BEFORE
        if writes and self.how is signal.SIGSTOP and self.database == "sqlite":
            return False
        return self.answer == "lost" or step not in ("search", "adopt")


def full() -> Sequence[Cell]:
    """Every cell."""
    product = itertools.product(POINTS, SIGNALS, DATABASES, ANSWERS, LAGS)
    every = [Cell(point=p, how=h, database=d, answer=a, lag=lag) for p, h, d, a, lag in product]
    return [cell for cell in every if cell.happens]


def once() -> Sequence[Cell]:
    """Every step with every signal once, on SQLite: with an answer, but where a lost one is what leads to the step."""
    usual = {point: "lost" if point.split()[0] in ("search", "adopt") else "arrives" for point in POINTS}
    return [cell for cell in full() if (cell.database, cell.answer, cell.lag) == ("sqlite", usual[cell.point], 0.0)]


@frozen(kw_only=True)
class Stage:
    """Where a cell is played: a folder, a database and the services."""

    cell: Cell
    folder: Path
    simulator: Simulator
    environment: dict[str, str]
    context: Any = field(factory=lambda: multiprocessing.get_context("forkserver"))

    @property
    def reached(self) -> bool:
        """The first process has come to its point."""
        return (self.folder / "reached").exists()

    def process(self, point: str | None) -> BaseProcess:
        """One more instance."""
        output, mark = self.folder / "output", self.folder / "reached"
        started: BaseProcess = self.context.Process(
            target=serve, args=(self.environment, output, point, self.cell.how, mark)
        )
        started.start()
        return started


@frozen
class Templates:
    """A database of each kind with the schema alone, to be copied for each cell."""

    addresses: dict[str, str]

    @classmethod
    async def made(cls, folder: Path, databases: Iterable[str]) -> Templates:
        """Made anew, of these kinds."""
        addresses = {
            name: _sqlite(folder) if name == "sqlite" else postgresql_server().database() for name in databases
        }
        for url in addresses.values():
            async with TeckoChecker.open(Settings.load({"SECRET_KEY": new_key(), "DATABASE_URL": url})):
                pass
        return cls(addresses)

    def copied(self, database: str, folder: Path) -> str:
        """The address of a copy."""
        template = self.addresses[database]
        if database == "sqlite":
            shutil.copyfile(template.removeprefix("sqlite:///"), folder / "cell.db")
            return _sqlite(folder)
        server, name = postgresql_server(), folder.name.replace("-", "_").lower()
        with server.connected() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {conninfo_to_dict(template)['dbname']}")
        return server.address(name)


def _sqlite(folder: Path) -> str:
    return f"sqlite:///{folder / 'cell.db'}"


@asynccontextmanager
async def _stage(cell: Cell, templates: Templates) -> AsyncGenerator[Stage]:
    folder = Path(tempfile.mkdtemp(prefix="cell-"))
    try:
        url = templates.copied(cell.database, folder)
        async with Simulator.open() as simulator:
            keboola = simulator.keboola
            keboola.run_script = RunScript(created_for=0.1, processing_for=0.2)
            keboola.search_lag = cell.lag
            goes_on = cell.point.startswith("keep")  # only a look that is not the last is kept without an intent
            script = BatchScript.stays() if goes_on else BatchScript.succeeds(0.0)
            simulator.openai.add_batch("batch_1", script)
            if cell.answer == "lost":
                keboola.fault("reset", operation="create", after_effect=True)
            if cell.answer == "refused":
                keboola.fault("status", operation="create", status=400, body={"error": f"bad {default_token}"})
            environment = {"SECRET_KEY": new_key(), "DATABASE_URL": url, **SHORT, **simulator.environment}
            yield Stage(cell=cell, folder=folder, simulator=simulator, environment=environment)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def played(cell: Cell, templates: Templates) -> Sequence[str]:
    """What is wrong after a cell, if anything is."""
    async with _stage(cell, templates) as stage, TeckoChecker.open(Settings.load(stage.environment)) as tecko:
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
        processes = [stage.process(cell.point)]
        try:
            if not await _comes(lambda: stage.reached):
                return [f"{cell}: the point was never reached"]
            stage.simulator.openai.set_batch("batch_1", BatchScript.succeeds(0.0))
            processes.append(stage.process(None))
            if cell.how is signal.SIGSTOP:
                await asyncio.sleep(PAST_THE_LEASE)
                os.kill(processes[0].pid or 0, signal.SIGCONT)
            settled = await _settled(tecko)
            for process in processes:
                process.terminate()
            ended = await _comes(lambda: not any(process.is_alive() for process in processes))
        finally:
            for process in processes:
                process.kill()
        view = await tecko.jobs.get(1)
        told = Counter(entry.event.kind for entry in await tecko.jobs.history(1, limit=1000))
        wrong = [] if ended else ["a process does not end"]
        wrong += [] if settled else ["the job is stuck"]
        return [f"{cell}: {one}" for one in (*wrong, *_wrong(stage, view, told))]


async def _settled(tecko: TeckoChecker) -> bool:
    """Wait for the run's end. A person sends a refused job on its way again."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        view = await tecko.jobs.get(1)
        if view.job.status is JobStatus.FAILED:
            await tecko.jobs.retry(1)
        if view.trigger and view.trigger.state.value == "ended":
            return True
        await asyncio.sleep(0.3)
    return False


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
    output = (stage.folder / "output").read_text()
    if "Traceback" in output or "FaultMet" in output:
        yield f"a fault was met: {output}"
    kept = output.encode() + _kept(stage.environment["DATABASE_URL"])
    if any(secret.encode() in kept for secret in (default_key, default_token)):
        yield "a secret is in the database or the output"


def _kept(url: str) -> bytes:
    """All that the database holds."""
    if url.startswith("sqlite"):
        file = Path(url.removeprefix("sqlite:///"))
        return b"".join(part.read_bytes() for part in file.parent.glob(f"{file.name}*"))
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        tables = [connection.execute(f'SELECT t::text FROM "{name}" t').fetchall() for (name,) in rows]
    return repr(tables).encode()


async def _comes(true: Callable[[], bool]) -> bool:
    try:
        await until(true, PATIENCE)
    except TimeoutError:
        return False
    return True


async def play(cells: Sequence[Cell]) -> Sequence[str]:
    """What is wrong after these cells, which are played side by side."""
    multiprocessing.get_context("forkserver").set_forkserver_preload(["tests.soak.program"])
    rooms = {name: asyncio.Semaphore(most) for name, most in AT_ONCE.items()}

    async def one(cell: Cell) -> Sequence[str]:
        async with rooms[cell.database]:
            return await played(cell, templates)

    with tempfile.TemporaryDirectory() as folder:
        templates = await Templates.made(Path(folder), {cell.database for cell in cells})
        return [wrong for found in await asyncio.gather(*map(one, cells)) for wrong in found]


def main() -> int:
    """Play the cells that were asked for, and say what came of them."""
    parser = argparse.ArgumentParser(description="Processes that die or stand still at every step.")
    parser.add_argument("--once", action="store_true", help="each step and signal once, on SQLite")
    parser.add_argument("--only", default="", help="cells whose description holds this text")
    asked = parser.parse_args()
    cells = [cell for cell in (once() if asked.once else full()) if asked.only in str(cell)]
    begun = time.perf_counter()
    wrong = asyncio.run(play(cells))
    print(f"{len(cells)} cells, {len(wrong)} violations, {time.perf_counter() - begun:.0f} s", *wrong, sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
