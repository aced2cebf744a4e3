"""The server in a process: what a supervisor hears of it while its watching turns, and while it hangs."""

from __future__ import annotations

import asyncio
import re
import socket
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from teckochecker import Settings
from teckochecker.adapters.cipher import new_key
from teckochecker.adapters.clock import ManualClock
from teckochecker.adapters.systemd import Supervisor
from teckochecker.application.errors import StorageUnavailable
from teckochecker.application.health import Pulse
from teckochecker.domain.secret import Credential
from teckochecker.entrypoints.container import running
from teckochecker.entrypoints.http.app import http_app
from teckochecker.entrypoints.http.server import GRACE, CannotServe, _work, listen, serve, served
from tests.builders import AT
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
            assert "server" not in health.headers

            async def listen_until_silent() -> None:
                for _ in range(100):  # what was said before
                    await asyncio.wait_for(loop.sock_recv(manager, 1000), 0.3)

            with pytest.raises(TimeoutError):
                await listen_until_silent()
            pulse.turn(None)
            assert await hear() == b"WATCHDOG=1"
            container.stopping().set()
            await serving


async def test_a_work_that_fails_ends_the_service_which_says_why() -> None:
    stopping, ended = asyncio.Event(), asyncio.Event()

    async def fail() -> None:
        raise StorageUnavailable("The database is gone")

    async def work() -> None:
        await stopping.wait()
        ended.set()

    server = uvicorn.Server(served(nobody))
    with pytest.raises(StorageUnavailable, match="The database is gone"):
        await asyncio.wait_for(_work([work(), fail()], server, stopping, Pulse(ManualClock(AT)), Supervisor()), 5)
    assert (ended.is_set(), server.should_exit) == (True, True)


async def nobody(scope: object, receive: object, send: object) -> None:
    """An application that is never asked."""


def test_requests_under_way_have_ten_seconds_when_the_service_stops() -> None:
    assert served(nobody).timeout_graceful_shutdown == GRACE.total_seconds() == 10


def test_where_there_is_no_listening_is_said_in_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        for host, port, sentence in (
            ("127.0.0.1", taken, f"Port {taken} is in use on 127.0.0.1; stop what uses it, or name another in --port"),
            ("203.0.113.1", 0, "The address 203.0.113.1 is not one of this machine; name another in --host"),
            ("no such host", 0, "The host 'no such host' is not known; name another in --host or API_HOST"),
        ):
            with pytest.raises(CannotServe, match=f"^{re.escape(sentence)}"):
                listen(host, port)


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
