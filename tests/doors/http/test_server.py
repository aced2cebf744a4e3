"""The server in a process: what a supervisor hears of it while its watching turns, and while it hangs."""

from __future__ import annotations

import asyncio
import socket
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from teckochecker import Settings
from teckochecker.adapters.cipher import new_key
from teckochecker.adapters.clock import ManualClock
from teckochecker.adapters.systemd import Supervisor
from teckochecker.domain.secret import Credential
from teckochecker.entrypoints.container import running
from teckochecker.entrypoints.http.app import http_app
from teckochecker.entrypoints.http.server import listen, serve
from tests.doors.http.served import LETTING_US_IN, listening, memory


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


@pytest.mark.parametrize("token", ["", "Authorization: Bearer tck_wrong\r\n"], ids=["its body", "a wrong token"])
async def test_a_request_that_takes_too_long_for_a_stop_is_told_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, token: str
) -> None:
    """Its body does not come, or it is kept waiting for its wrong token."""
    here: dict[str, Any] = LETTING_US_IN
    settings = Settings(secret_key=(Credential(new_key()),), **here)
    async with running(memory(settings, tmp_path)) as container:
        async with listening(http_app(container), grace=1) as http:
            at = http.base_url
            for _ in range(5 if token else 0):
                assert (await http.get("/api/jobs", headers={"Authorization": "Bearer tck_wrong"})).status_code == 401
            reader, writer = await asyncio.open_connection(at.host, at.port)
            head = f"POST /api/jobs HTTP/1.1\r\nHost: {at.host}:{at.port}\r\nContent-Type: application/json\r\n{token}"
            if token:
                writer.write(f"{head}Content-Length: 0\r\n\r\n".encode())
                while "A wrong token came from 127.0.0.1" not in caplog.messages[5:]:
                    await asyncio.sleep(0.01)
            else:
                writer.write(f"{head}Content-Length: 100\r\nExpect: 100-continue\r\n\r\n".encode())
                assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
        answer = (await reader.read()).decode()
        writer.close()
    assert answer.startswith("HTTP/1.1 503 ")
    assert "retry-after: 5\r\n" in answer
    assert answer.endswith('"detail": "The service was stopped before it could answer; ask again"}')
    assert not [record for record in caplog.get_records("call") if record.exc_info]
