"""The web application behind a real socket of this machine, and the parts behind it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

import httpx
import uvicorn
from attrs import evolve, frozen
from litestar import Litestar

from teckochecker import Rehearsal, Settings
from teckochecker.adapters.cipher import new_key
from teckochecker.adapters.clock import ManualClock
from teckochecker.adapters.scripted import ScriptedBatches, ScriptedKeboola, ScriptedStorage
from teckochecker.domain.secret import Credential
from teckochecker.entrypoints.container import Container, in_memory, running
from teckochecker.entrypoints.http.app import http_app
from tests.builders import AT
from tests.databases import postgresql_server
from tests.doors.http.promised import is_promised


@frozen(eq=False)
class Served:
    """A service that answers at `http`; `tecko` is what lies behind it, driven by hand."""

    http: httpx.AsyncClient
    container: Container
    tecko: Rehearsal

    async def get(self, path: str, status: int = 200, **how: Any) -> Any:
        """The body of what is there."""
        return await self.ask("GET", path, status, **how)

    async def post(self, path: str, body: Any = None, status: int = 200, **how: Any) -> Any:
        """The body that a POST is answered with."""
        return await self.ask("POST", path, status, **({"json": body} if body is not None else {}), **how)

    async def ask(self, method: str, path: str, status: int, **how: Any) -> Any:
        """The body of an answer, which must have this status."""
        answer = await self.http.request(method, path, **how)
        assert answer.status_code == status, answer.text
        kind = "application/json" if status < 400 else "application/problem+json"
        assert answer.headers["content-type"] == kind
        assert is_promised(method, answer.request.url.path, status)
        return answer.json()


class _Server(uvicorn.Server):
    def capture_signals(self) -> Any:
        """Signals belong to whoever runs the tests."""
        return nullcontext()


@asynccontextmanager
async def listening(app: Litestar, grace: int = 5) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of this application, which is served while the client is used, and `grace` seconds more."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        # connections wait in the open door until the server is up
        host, port = door.getsockname()
        server = _Server(
            uvicorn.Config(app, log_config=None, access_log=False, proxy_headers=False, timeout_graceful_shutdown=grace)
        )
        serving = asyncio.create_task(server.serve(sockets=[door]))
        try:
            async with httpx.AsyncClient(base_url=f"http://{host}:{port}", timeout=20) as http:
                yield http
        finally:
            server.should_exit = True
            await serving


Storage = Callable[[Settings, Path], Container]


def memory(settings: Settings, folder: Path) -> Container:
    """Everything in memory."""
    clock = ManualClock(AT)
    keboola = ScriptedKeboola(clock)
    return in_memory(settings, clock, ScriptedBatches(clock), keboola, ScriptedStorage(keboola))


def sqlite(settings: Settings, folder: Path) -> Container:
    """A database file, with the same surroundings."""
    return _stored(evolve(settings, database_url=f"sqlite:///{folder / 'teckochecker.db'}"))


def postgresql(settings: Settings, folder: Path) -> Container:
    """A database on a server, with the same surroundings."""
    return _stored(evolve(settings, database_url=postgresql_server().database()))


def _stored(settings: Settings) -> Container:
    clock = ManualClock(AT)
    container = Container(settings=settings)
    container.clock.override(clock)
    container.batches.override(ScriptedBatches(clock))
    keboola = ScriptedKeboola(clock)
    container.workflows.override(keboola)
    container.configurations.override(ScriptedStorage(keboola))
    return container


LETTING_US_IN: Final = {"api_auth": "local", "api_in_container": "no"}
"""The tests are the local operator, also where they run in a container."""

STORAGES: Final[tuple[Storage, ...]] = (memory, sqlite)


@asynccontextmanager
async def served(storage: Storage, folder: Path, **changes: Any) -> AsyncGenerator[Served]:
    """The service over this storage, with these settings."""
    settings = Settings(secret_key=(Credential(new_key()),), **LETTING_US_IN | changes)
    async with running(storage(settings, folder)) as container:
        await container.schema()()
        surroundings: dict[str, Any] = {
            "clock": container.clock(),
            "openai": container.batches(),
            "keboola": container.workflows(),
        }
        async with listening(http_app(container)) as http:
            yield Served(http, container, Rehearsal(container=container, **surroundings))
