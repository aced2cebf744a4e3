"""Several instances on one database: one is killed in the middle of a POST, one stands still past its lease."""

from __future__ import annotations

import asyncio
import re
import signal
import time
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from teckochecker import JobSpec, TeckoChecker
from teckochecker.adapters.sql.engine import database_url
from teckochecker.adapters.sql.tables import poll_groups, triggers
from teckochecker.entrypoints.settings import Settings
from teckochecker.entrypoints.simulator import BatchScript, RunScript, Simulator, default_token
from tests.databases import postgresql, postgresql_server
from tests.e2e.service import Program, ended
from tests.waiting import until

JOBS, CREDENTIALS, LEASE, SPREAD = 300, 12, 2.0, 20.0

Address = Callable[[Path], str]


def on_sqlite(folder: Path) -> str:
    return f"sqlite:///{folder / 'teckochecker.db'}"


def on_postgresql(folder: Path) -> str:
    return postgresql_server().database()


async def set_up(program: Program, simulator: Simulator, jobs: int = JOBS, spread: float = SPREAD) -> None:
    """Secrets of all credentials, and jobs whose batches end one after another within some seconds."""
    settings = Settings.load(program.environment)
    async with TeckoChecker.open(settings) as tecko:
        await tecko.secrets.add("keboola", "keboola", default_token)
        for number in range(CREDENTIALS):
            key = simulator.openai.add_key(f"sk-of-customer-{number:02}", f"proj_{number}")
            await tecko.secrets.add(f"openai {number}", "openai", key)
        for number in range(jobs):
            customer = number % CREDENTIALS
            batch = f"batch_{number}"
            simulator.openai.add_batch(batch, BatchScript.succeeds(spread * number / jobs), project=f"proj_{customer}")
            spec = JobSpec(
                name=f"Job {number}",
                batch_ids=[batch],
                openai_secret=f"openai {customer}",
                keboola_secret="keboola",
                keboola_stack_url=simulator.keboola.stack_url,
                keboola_component_id="kds-team.app-custom-python",
                keboola_configuration_id="123456",
            )
            await tecko.jobs.create(spec)


def owners(engine: sa.Engine, *which: sa.ColumnElement[bool]) -> set[int]:
    """The processes that hold triggers of this kind."""
    with engine.connect() as connection:
        rows = connection.execute(sa.select(triggers.c.owner).where(triggers.c.owner.is_not(None), *which))
        return {_pid(row.owner) for row in rows}


def held_by(engine: sa.Engine, pid: int) -> int:
    """How many groups and triggers are in the hand of this process."""
    with engine.connect() as connection:
        rows = [
            *connection.execute(sa.select(poll_groups.c.owner).where(poll_groups.c.owner.is_not(None))),
            *connection.execute(sa.select(triggers.c.owner).where(triggers.c.owner.is_not(None))),
        ]
    return sum(_pid(row.owner) == pid for row in rows)


def _pid(owner: str) -> int:
    found = re.search(r"-(\d+)-[0-9a-f]{8}$", owner)
    assert found, owner
    return int(found[1])


async def one_that_sends(engine: sa.Engine, among: list[Process]) -> Process:
    """A process whose POST is out."""
    by_pid = {process.pid: process for process in among}
    async with asyncio.timeout(30):
        while not (sending := owners(engine, triggers.c.state == "sent") & by_pid.keys()):
            await asyncio.sleep(0.01)
    return by_pid[min(sending)]


@pytest.mark.parametrize(("address", "instances"), [(on_sqlite, 2), (on_postgresql, 3)], ids=["sqlite", "postgresql"])
async def test_every_job_triggers_once_though_one_instance_dies_and_one_stands_still(
    address: Address, instances: int, tmp_path: Path
) -> None:
    async with Simulator.open() as simulator:
        simulator.keboola.run_script = RunScript(created_for=0.2, processing_for=0.5)
        simulator.keboola.fault("pass", operation="create", delay_after=0.3, times=None)
        scaled = {"LEASE_SECONDS": str(LEASE), "TRIGGER_RESEND_DELAY": "6"}
        quiet = {"LOG_LEVEL": "ERROR"}  # nobody reads the processes' pipes while they work
        program = Program.beside(simulator, tmp_path, DATABASE_URL=address(tmp_path), **scaled, **quiet)
        await set_up(program, simulator)
        engine = sa.create_engine(database_url(program.environment["DATABASE_URL"]).set(drivername=_driver(address)))
        running = [await program.start("run") for _ in range(instances)]
        try:
            standing = await one_that_sends(engine, running)
            standing.send_signal(signal.SIGSTOP)  # on SQLite perhaps with the only turn to write in its hand
            await asyncio.sleep(2 * LEASE)
            standing.send_signal(signal.SIGCONT)
            doomed = await one_that_sends(engine, [process for process in running if process is not standing])
            doomed.send_signal(signal.SIGKILL)
            died = time.monotonic()
            await until(lambda: not held_by(engine, doomed.pid), 30)
            takeover = time.monotonic() - died
            await until(lambda: _settled(engine) == JOBS, 90)
        finally:
            left = [await ended(process, signal.SIGTERM) for process in running]
        engine.dispose()
        assert sorted(left) == [-signal.SIGKILL, *[0] * (instances - 1)]
        started = Counter((run.variables or {})["job_name"] for run in simulator.keboola.runs)
        assert started == Counter(f"Job {number}" for number in range(JOBS))
        assert takeover < LEASE + 2


async def test_every_job_triggers_once_though_the_server_restarts_and_ends_sessions(tmp_path: Path) -> None:
    jobs = 60
    async with Simulator.open() as simulator:
        simulator.keboola.run_script = RunScript(created_for=0.2, processing_for=0.5)
        simulator.keboola.fault("pass", operation="create", delay_after=0.3, times=None)
        with postgresql() as server:
            address = server.database()
            scaled = {"LEASE_SECONDS": str(LEASE), "TRIGGER_RESEND_DELAY": "6", "LOG_LEVEL": "CRITICAL"}
            program = Program.beside(simulator, tmp_path, DATABASE_URL=address, **scaled)
            await set_up(program, simulator, jobs=jobs, spread=6.0)
            running = [await program.start("run") for _ in range(2)]
            for _ in range(2):
                await until(partial(_has_grown, simulator, len(simulator.keboola.runs)))
                server.stop(signal.SIGQUIT)
                await asyncio.sleep(0.5)
                server.start()
                for _ in range(10):
                    await asyncio.sleep(0.1)
                    with server.connected() as connection:
                        connection.execute(
                            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                            " WHERE datname LIKE 't%' AND pid <> pg_backend_pid()"
                        )
            engine = sa.create_engine(database_url(address))
            await until(lambda: _settled(engine) == jobs, 90)
            engine.dispose()
            assert [await ended(process, signal.SIGTERM) for process in running] == [0, 0]
        started = Counter((run.variables or {})["job_name"] for run in simulator.keboola.runs)
        assert started == Counter(f"Job {number}" for number in range(jobs))


def _has_grown(simulator: Simulator, before: int) -> bool:
    return len(simulator.keboola.runs) > before


def _settled(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        settled = sa.select(sa.func.count()).select_from(triggers).where(triggers.c.state.in_(["accepted", "ended"]))
        return int(connection.execute(settled).scalar_one())


def _driver(address: Address) -> str:
    return "sqlite" if address is on_sqlite else "postgresql+psycopg"
