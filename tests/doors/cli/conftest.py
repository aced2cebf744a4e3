"""A folder as the guide's Quick Start leaves it after its fourth step, fresh for each test."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from teckochecker import TeckoChecker
from teckochecker.entrypoints.cli.app import main
from teckochecker.entrypoints.settings import Settings
from teckochecker.entrypoints.simulator import Simulator, default_key, default_token
from tests.databases import postgresql_server
from tests.doors.cli.desk import Call, Desk
from tests.doors.cli.shell import Done, Shell


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    shell = Shell(folder)
    assert shell.run("init", "--create-env").code == 0
    for kind, value in (("openai", "sk-0123456789abcdef"), ("keboola", "901-1-0123456789abcdef")):
        assert shell.run("secret", "add", "--name", f"{kind}-prod", "--type", kind, stdin=f"{value}\n").code == 0
    return folder


@pytest.fixture
def shell(prepared: Path, tmp_path: Path) -> Shell:
    folder = tmp_path / "home"
    shutil.copytree(prepared, folder)
    return Shell(folder)


@pytest.fixture
def empty(tmp_path: Path) -> Shell:
    """A folder with nothing in it."""
    return Shell(tmp_path)


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest, shell: Shell) -> Shell:
    """A folder with `.env` and both secrets, on each database. Whatever runs on it ends with the test."""
    if request.param == "postgresql":
        server = postgresql_server()
        assert server
        env = shell.folder / ".env"
        lines = (line for line in env.read_text().splitlines() if not line.startswith("DATABASE_URL"))
        env.write_text("\n".join([f"DATABASE_URL={server.database()}", *lines]) + "\n")
        assert shell.run("init").code == 0
    return shell


@pytest.fixture
def one(shell: Shell) -> Shell:
    """The same on SQLite alone."""
    return shell


@pytest.fixture
def call(shell: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """The program called in this process, in the folder of `shell`."""
    monkeypatch.chdir(shell.folder)
    for name in ("DATABASE_URL", "SECRET_KEY", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)

    def called(*argv: str) -> Done:
        capsys.readouterr()
        code = main(list(argv))
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    return called


@pytest.fixture
async def desk(shell: Shell, call: Call, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    async with Simulator.open() as simulator:
        for name, value in simulator.environment.items():
            monkeypatch.setenv(name, value)
        async with TeckoChecker.open(Settings.load(os.environ, shell.folder / ".env")) as checker:
            await checker.secrets.add("openai", "openai", default_key)
            await checker.secrets.add("keboola", "keboola", default_token)
        yield Desk(shell.folder, call, simulator)
