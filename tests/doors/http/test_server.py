"""The server in a process: what a supervisor hears of it while its watching turns, and while it hangs."""

from __future__ import annotations

import asyncio
import socket
from datetime import timedelta
from pathlib import Path

import httpx

from teckochecker import Settings
from teckochecker.adapters.cipher import new_key
from teckochecker.adapters.clock import ManualClock
from teckochecker.adapters.systemd import Supervisor
from teckochecker.domain.secret import Credential
from teckochecker.entrypoints.container import running
from teckochecker.entrypoints.http.server import listen, serve
from tests.doors.http.served import memory


async def test_a_supervisor_hears_nothing_while_the_watching_hangs_and_again_once_it_turns(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    doors = listen("127.0.0.1", 0)
    at = "http://{}:{}".format(*doors[0].getsockname())
    async with running(memory(Settings(secret_key=(Credential(new_key()),)), tmp_path)) as container:
        clock, pulse, answers = container.clock(), container.pulse(), asyncio.Event()
        assert isinstance(clock, ManualClock)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, pulse.turning():
            manager.bind(str(tmp_path / "notify"))
            manager.setblocking(False)

            async def hear() -> bytes:
                return await asyncio.wait_for(loop.sock_recv(manager, 1000), 5)

            supervisor = Supervisor(str(tmp_path / "notify"), timedelta(milliseconds=60))
            serving = asyncio.create_task(
                serve(container, doors, at=at, watch=False, ready=answers.set, supervisor=supervisor)
            )
            await answers.wait()
            while await hear() != b"WATCHDOG=1":
                pass
            await clock.advance(pulse.patience + timedelta(seconds=1))
            async with httpx.AsyncClient() as http:
                health = await http.get(f"{at}/api/health")
            assert (health.status_code, health.json()["status"]) == (503, "unhealthy")
            try:
                while True:  # what was said before
                    await asyncio.wait_for(loop.sock_recv(manager, 1000), 0.3)
            except TimeoutError:
                pulse.turn(None)
            assert await hear() == b"WATCHDOG=1"
            container.stopping().set()
            await serving
