"""Where a cell is played: a folder, a fresh database, the services' stand-ins and the processes."""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import psycopg
from attrs import field, frozen
from psycopg.conninfo import conninfo_to_dict

from teckochecker import TeckoChecker
from teckochecker.adapters.cipher import new_key
from teckochecker.entrypoints.settings import Settings
from teckochecker.entrypoints.simulator import BatchScript, RunScript, Simulator, default_token
from tests.databases import postgresql_server
from tests.e2e.service import SHORT
from tests.processes import watch_over
from tests.soak.cells import Cell
from tests.soak.program import serve


@frozen(kw_only=True)
class Stage:
    """Where a cell is played."""

    cell: Cell
    folder: Path
    simulator: Simulator
    environment: dict[str, str]
    context: Any = field(factory=lambda: multiprocessing.get_context("forkserver"))

    @property
    def reached(self) -> bool:
        """The first process has come to its point."""
        return (self.folder / "reached").exists()

    @property
    def output(self) -> str:
        """All that the processes printed and logged."""
        return (self.folder / "output").read_text()

    @property
    def kept(self) -> bytes:
        """All that the database holds."""
        url = self.environment["DATABASE_URL"]
        if url.startswith("sqlite"):
            return b"".join(part.read_bytes() for part in self.folder.glob("cell.db*"))
        with psycopg.connect(url) as connection:
            rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            tables = [connection.execute(f'SELECT t::text FROM "{name}" t').fetchall() for (name,) in rows]
        return repr(tables).encode()

    def process(self, point: str | None) -> BaseProcess:
        """One more instance."""
        output, mark = self.folder / "output", self.folder / "reached"
        started: BaseProcess = self.context.Process(
            target=serve, args=(self.environment, output, point, self.cell.how, mark)
        )
        started.start()
        watch_over(started.pid or 0)
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
        server = postgresql_server()
        with server.connected() as connection:
            source = conninfo_to_dict(template)["dbname"]
            connection.execute(f"CREATE DATABASE {_name(folder)} TEMPLATE {source} STRATEGY FILE_COPY")
        return server.address(_name(folder))

    def thrown_away(self, database: str, folder: Path) -> None:
        """A copy on the server goes; one in the folder goes with it."""
        if database == "postgresql":
            with postgresql_server().connected() as connection:
                connection.execute(f"DROP DATABASE {_name(folder)} WITH (FORCE)")


def _sqlite(folder: Path) -> str:
    return f"sqlite:///{folder / 'cell.db'}"


def _name(folder: Path) -> str:
    return folder.name.replace("-", "_").lower()


@asynccontextmanager
async def staged(cell: Cell, templates: Templates) -> AsyncGenerator[Stage]:
    """The stage of a cell, set up and taken down."""
    folder = Path(tempfile.mkdtemp(prefix="cell-"))
    try:
        url = templates.copied(cell.database, folder)
        async with Simulator.open() as simulator:
            _script(simulator, cell)
            environment = {"SECRET_KEY": new_key(), "DATABASE_URL": url, **SHORT, **simulator.environment}
            yield Stage(cell=cell, folder=folder, simulator=simulator, environment=environment)
        templates.thrown_away(cell.database, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _script(simulator: Simulator, cell: Cell) -> None:
    keboola = simulator.keboola
    keboola.run_script = RunScript(created_for=0.1, processing_for=0.2)
    keboola.search_lag = cell.lag
    goes_on = cell.point.startswith("keep")  # only a look that is not the last is kept without an intent
    simulator.openai.add_batch("batch_1", BatchScript.stays() if goes_on else BatchScript.succeeds(0.0))
    if cell.answer == "lost":
        keboola.fault("reset", operation="create", after_effect=True)
    if cell.answer == "refused":
        keboola.fault("status", operation="create", status=400, body={"error": f"bad {default_token}"})
