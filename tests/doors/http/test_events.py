from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from teckochecker import TeckoChecker
from teckochecker.domain.role import Role
from teckochecker.entrypoints.http.access.rule import COOKIE
from teckochecker.entrypoints.http.events import KEEP_ALIVE
from tests.doors.http.served import Served, memory, served, sqlite
from tests.doors.nightly import nightly, with_secrets

SECOND = timedelta(seconds=1)


@asynccontextmanager
async def stream(served: Served, last: int | None = None, **asked: Any) -> AsyncGenerator[AsyncIterator[str]]:
    """The lines of the stream of events, once it is open."""
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    async with served.http.stream("GET", "/api/events", params=asked, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        # or a proxy would keep what happens to itself
        assert (answer.headers["cache-control"], answer.headers["x-accel-buffering"]) == ("no-store", "no")
        lines = answer.aiter_lines()
        assert [await anext(lines), await anext(lines)] == ["retry: 2000", ""]
        yield lines


async def event(lines: AsyncIterator[str]) -> tuple[int, dict[str, Any]]:
    """The next event, with its id."""
    async with asyncio.timeout(10):
        number, told, end = [await anext(lines) for _ in range(3)]
    assert end == ""
    return int(number.removeprefix("id: ")), json.loads(told.removeprefix("data: "))


async def test_what_happens_is_told_as_it_happens(service: Served) -> None:
    async with stream(service) as lines:
        await service.post("/api/jobs/1/pause")
        number, told = await event(lines)
        await service.post("/api/jobs/1/resume")
        later, resumed = await event(lines)
    assert (told["kind"], told["job_id"], told["message"]) == ("JobPaused", 1, "The job was paused")
    assert resumed["kind"] == "JobResumed"
    assert later == number + 1
    assert told == (await service.get("/api/jobs/1/history"))["logs"][1]


async def test_what_another_process_does_is_told_within_a_second(tmp_path: Path) -> None:
    async with served(sqlite, tmp_path) as here, TeckoChecker.open(here.container.settings()) as elsewhere:
        await with_secrets(elsewhere)
        async with stream(here) as lines:
            await elsewhere.jobs.create(nightly("batch_a"))
            await here.tecko.clock.advance(SECOND)
            assert (await event(lines))[1]["kind"] == "JobCreated"


async def test_whoever_comes_back_hears_what_was_missed(service: Served) -> None:
    await service.post("/api/jobs/1/pause")
    await service.post("/api/jobs/1/resume")
    async with stream(service, last=1) as lines:
        assert [(await event(lines))[1]["kind"] for _ in range(2)] == ["JobPaused", "JobResumed"]


async def test_a_reader_that_is_slow_misses_nothing_and_keeps_nobody_waiting(light: Served) -> None:
    async with stream(light) as slow, stream(light) as quick:
        for _ in range(30):
            await light.post("/api/jobs/1/pause")
            await light.post("/api/jobs/1/resume")
            assert [(await event(quick))[1]["kind"] for _ in range(2)] == ["JobPaused", "JobResumed"]
        heard = [await event(slow) for _ in range(60)]
    assert [told["kind"] for _, told in heard] == ["JobPaused", "JobResumed"] * 30
    numbers = [number for number, _ in heard]
    assert numbers == list(range(numbers[0], numbers[0] + 60))


async def test_an_id_that_was_never_given_out_makes_nobody_wait(service: Served) -> None:
    async with stream(service, last=10_000) as lines:
        await service.post("/api/jobs/1/pause")
        assert (await event(lines))[1]["kind"] == "JobPaused"


async def test_one_job_can_be_heard_alone(light: Served) -> None:
    await light.tecko.jobs.create(nightly("batch_c"))
    async with stream(light, job_id=2) as lines:
        await light.post("/api/jobs/1/pause")
        await light.post("/api/jobs/2/pause")
        assert (await event(lines))[1]["job_id"] == 2


async def test_silence_is_broken_from_time_to_time(light: Served) -> None:
    async with stream(light) as lines:
        await light.tecko.clock.advance(KEEP_ALIVE)
        async with asyncio.timeout(10):
            assert [await anext(lines) for _ in range(3)] == ["event: alive", "data:", ""]


async def test_the_stream_ends_when_the_database_goes_and_goes_on_where_it_was(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(sqlite, tmp_path) as service:
        await with_secrets(service.tecko)
        await service.tecko.jobs.create(nightly("batch_a"))
        async with stream(service, last=0) as lines:
            last, created = await event(lines)
            with closing(sqlite3.connect(tmp_path / "teckochecker.db")) as database:
                database.execute("ALTER TABLE events RENAME TO away")
                await service.tecko.clock.advance(SECOND)
                async with asyncio.timeout(10):
                    assert [line async for line in lines] == []
                assert (await service.http.get("/api/events")).status_code == 503
                database.execute("ALTER TABLE away RENAME TO events")
        await service.post("/api/jobs/1/pause")
        async with stream(service, last=last) as lines:
            assert (await event(lines))[1]["kind"] == "JobPaused"
    assert created["kind"] == "JobCreated"
    assert not [record for record in caplog.records if record.exc_info]


async def test_the_stream_ends_when_the_service_stops(light: Served) -> None:
    async with stream(light) as lines:
        light.container.stopping().set()
        async with asyncio.timeout(10):
            assert [line async for line in lines] == []


async def test_the_stream_ends_soon_after_its_token_was_revoked(light: Served) -> None:
    token, text = await light.container.tokens().create("ci", Role.VIEWER)
    light.http.headers["Authorization"] = f"Bearer {text.reveal()}"
    async with stream(light) as lines:
        await light.tecko.clock.advance(KEEP_ALIVE)
        async with asyncio.timeout(10):
            assert [await anext(lines) for _ in range(3)] == ["event: alive", "data:", ""]
            await light.container.tokens().revoke(token.name)
            await light.tecko.clock.advance(KEEP_ALIVE)
            assert [line async for line in lines] == []


async def test_the_stream_ends_soon_after_its_session_has_ended(tmp_path: Path) -> None:
    behind: dict[str, Any] = {"trusted_proxies": (ip_network("127.0.0.1"),), "allowed_hosts": ("tecko.example",)}
    async with served(memory, tmp_path, api_auth="always", **behind) as service:
        _, token = await service.container.tokens().create("anna", Role.VIEWER)
        session, _ = await service.container.sessions().open(token.reveal())
        service.http.headers.update(
            {
                "Host": "tecko.example",
                "X-Forwarded-For": "1.2.3.4",
                "X-Forwarded-Proto": "https",
                "Cookie": f"{COOKIE}={session.reveal()}",
            }
        )
        async with stream(service) as lines:
            await service.container.sessions().end(session.reveal())
            await service.tecko.clock.advance(KEEP_ALIVE)
            async with asyncio.timeout(10):
                assert [line async for line in lines] == []


async def test_a_last_event_id_that_is_no_number_is_refused(light: Served) -> None:
    await light.get("/api/events", 422, headers={"Last-Event-ID": "yesterday"})
