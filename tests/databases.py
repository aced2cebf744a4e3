"""A throw-away PostgreSQL server for the tests, from whatever binaries this machine has."""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from attrs import define, field

from tests.processes import watch_over


def binaries() -> Path | None:
    """The folder of initdb and postgres: from PG_BIN, the PATH, or where Debian keeps them."""
    named = [Path(os.environ["PG_BIN"])] if "PG_BIN" in os.environ else []
    found = shutil.which("initdb")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    folders = [*named, *([Path(found).resolve().parent] if found else []), *debian]
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


@define
class Server:
    """A server on a socket in a folder of its own; `database` makes one more empty database and gives its address."""

    bins: Path
    folder: Path
    _made: int = field(default=0, init=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self, *, connections: int = 400) -> None:
        """Run it, without any care for crashes of the machine: it is thrown away afterwards."""
        careless = [f"-c{setting}=off" for setting in ("fsync", "full_page_writes")]
        careless += [f"-cmax_connections={connections}"]
        where = ["-D", str(self.folder / "data"), "-k", str(self.folder), "-clisten_addresses="]
        process = subprocess.Popen([str(self.bins / "postgres"), *where, *careless], **_options(self.folder))
        self._process = process
        watch_over(process.pid, lasting_in=self.folder)
        _await(process, self.folder / ".s.PGSQL.5432")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT fast, SIGQUIT at once, as a crash would."""
        if self._process:
            self._process.send_signal(how)
            self._process.wait(10)
            self._process = None

    def database(self) -> str:
        """The address of a fresh database."""
        self._made += 1
        with self.connected() as connection:
            connection.execute(f"CREATE DATABASE t{self._made}")
        return self.address(f"t{self._made}")

    def connected(self) -> psycopg.Connection[Any]:
        """A connection of the superuser."""
        return psycopg.connect(self.address("postgres"), autocommit=True)

    def address(self, database: str) -> str:
        """The address of a database on this server."""
        return f"postgresql://test@/{database}?host={self.folder}"


@contextlib.contextmanager
def postgresql() -> Iterator[Server]:
    """A server of its own for one test.

    Raises:
        RuntimeError: this machine has no PostgreSQL, so that these tests would prove nothing.
    """
    bins = binaries()
    if bins is None:
        raise RuntimeError("The tests need PostgreSQL's own programs; install them, or name their folder in PG_BIN")
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    server = Server(bins, folder)
    try:
        options = _options(folder)
        data = ["-D", str(folder / "data"), "-U", "test", "--auth=trust", "--encoding=UTF8", "--no-sync"]
        subprocess.run([str(bins / "initdb"), *data], check=True, **options)
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@functools.cache
def postgresql_server() -> Server:
    """The one server of this test run, stopped at its end.

    Raises:
        RuntimeError: as `postgresql`.
    """
    running = contextlib.ExitStack()
    atexit.register(running.close)
    return running.enter_context(postgresql())


def _options(folder: Path) -> dict[str, Any]:
    return _as_nobody_special(folder) | {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT}


def _as_nobody_special(folder: Path) -> dict[str, Any]:
    """The server refuses to run as the superuser."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    if os.geteuid() != 0:
        return {"env": environment}
    known = {user.pw_name: user for user in pwd.getpwall()}
    user = known.get("postgres") or known["nobody"]
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"env": environment, "user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _await(server: subprocess.Popen[bytes], door: Path) -> None:
    for _ in range(1000):
        if server.poll() is not None:
            raise RuntimeError("PostgreSQL did not start")
        with contextlib.suppress(OSError, psycopg.OperationalError):
            with socket.socket(socket.AF_UNIX) as knock:
                knock.connect(str(door))
            psycopg.connect(f"postgresql://test@/postgres?host={door.parent}").close()
            return
        time.sleep(0.01)
    raise RuntimeError("PostgreSQL did not answer")
