"""The server: the API and the watching in one process, from the first socket to the last answer."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Callable, Coroutine, Generator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from typing import Any, Final

import uvicorn
from litestar.types import ASGIApp

from teckochecker.adapters.systemd import Supervisor
from teckochecker.application.health import Pulse
from teckochecker.domain.errors import TeckoCheckerError
from teckochecker.entrypoints.container import Container
from teckochecker.entrypoints.http.app import http_app

GRACE: Final = timedelta(seconds=10)
"""How long requests under way may take once the service was asked to stop. Event streams end at once."""

_ANY: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where a service on all addresses can be reached


class CannotServe(TeckoCheckerError):
    """There is no serving at this address; the sentence says why."""


def listen(host: str, port: int) -> Sequence[socket.socket]:
    """Sockets on every address of `host`. Port 0 takes a free one, the same on all of them.

    Raises:
        CannotServe: the port is taken, or the address is not of this machine.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise CannotServe(f"The host '{host}' is not known; name another in --host or API_HOST") from error
    opened: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in dict.fromkeys(found):
            opened.append(_bound(socket.socket(family, kind, protocol), address, port))
            port = opened[0].getsockname()[1]
    except OSError as error:
        for door in opened:
            door.close()
        raise CannotServe(_why_not(error, host, port)) from error
    return opened


def address(host: str, port: int) -> str:
    """The service's address, as it was asked to listen."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def reachable(host: str, port: int) -> str:
    """An address that can be opened on this machine: one that listens everywhere listens on the loopback too."""
    return address(_ANY.get(host, host), port)


async def serve(
    container: Container,
    doors: Sequence[socket.socket],
    *,
    at: str,
    watch: bool,
    ready: Callable[[], None],
    supervisor: Supervisor,
) -> None:
    """Answer on these sockets, and watch, until the container's `stopping` is set; then finish what is in hand.

    `at` is the address that others are told, `ready` is called once requests are answered.

    Raises:
        SettingsError, WrongKey: SECRET_KEY is missing, or does not open what is stored.
        StorageUnavailable: the database cannot be used.
    """
    container.settings().keys()
    await container.secrets().check()
    stopping = container.stopping()

    def answers() -> None:
        supervisor.ready()
        ready()

    server = _Server(served(http_app(container)), answers)
    # others are told from the first moment on whether this process watches
    watching = container.pulse().turning() if watch else nullcontext()
    async with container.listening():
        with watching:
            async with container.presence().shown(stopping, address=at):
                working = [server.serve(sockets=list(doors)), *([container.service().run(stopping)] if watch else ())]
                await _work(working, server, stopping, container.pulse(), supervisor)


async def _work(
    working: Sequence[Coroutine[Any, Any, None]],
    server: uvicorn.Server,
    stopping: asyncio.Event,
    pulse: Pulse,
    supervisor: Supervisor,
) -> None:
    """Go on until one of the works ends or `stopping` is set, and let the others finish then."""
    tasks = [asyncio.create_task(work) for work in working]
    beside = [asyncio.create_task(stopping.wait()), asyncio.create_task(_reassure(pulse, supervisor))]
    try:
        await asyncio.wait([*tasks, beside[0]], return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.set()
        supervisor.stopping()
        server.should_exit = True
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        for task in beside:
            task.cancel()
    for end in ends:
        if isinstance(end, BaseException):
            raise end


class _Server(uvicorn.Server):
    """uvicorn inside our own process; `answers` is called once it does."""

    def __init__(self, config: uvicorn.Config, answers: Callable[[], None]) -> None:
        super().__init__(config)
        self._answers = answers

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._answers()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Signals are dealt with outside: they stop the watching as well."""
        yield


def served(app: ASGIApp) -> uvicorn.Config:
    """How uvicorn serves an application."""
    # who a request comes from is decided in our own code, hence no proxy headers; nobody has to know what serves it
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        ws="none",
        lifespan="on",
        timeout_graceful_shutdown=int(GRACE.total_seconds()),
    )


def _bound(door: socket.socket, at: Any, port: int) -> socket.socket:
    try:
        if os.name == "posix":  # so that a restart does not have to wait for old connections to fade away
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if door.family == socket.AF_INET6:
            door.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        door.bind((at[0], port, *at[2:]))
        door.listen(2048)
        door.setblocking(False)
    except OSError:
        door.close()
        raise
    return door


def _why_not(error: OSError, host: str, port: int) -> str:
    cure = "name another in --port or API_PORT"
    match error.errno:
        case errno.EADDRINUSE:
            return f"Port {port} is in use on {host}; stop what uses it, or {cure}"
        case errno.EACCES:
            return f"Port {port} may not be used by this user; {cure}, of 1024 or above"
        case errno.EADDRNOTAVAIL:
            return f"The address {host} is not one of this machine; name another in --host or API_HOST"
        case _:
            return f"There is no listening on {host}, port {port}: {os.strerror(error.errno or 0)}"


async def _reassure(pulse: Pulse, supervisor: Supervisor) -> None:
    """Tell the supervisor that all is well, as long as it is: it restarts a service whose loop hangs."""
    if supervisor.watchdog is None:
        return
    while True:
        if pulse.fault is None:
            supervisor.alive()
        await asyncio.sleep(supervisor.watchdog.total_seconds() / 3)
