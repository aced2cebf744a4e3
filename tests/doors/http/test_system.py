from __future__ import annotations

import asyncio
from datetime import timedelta

import teckochecker
from tests.doors.http.served import Served
from tests.doors.nightly import nightly

MINUTE = timedelta(minutes=1)


async def test_the_root_says_where_everything_is(light: Served) -> None:
    body = await light.get("/")
    assert (body["name"], body["version"]) == ("TeckoChecker", teckochecker.__version__)
    assert (body["web"], body["docs"], body["health"]) == ("/web", "/docs", "/api/health")


async def test_a_service_that_does_not_watch_is_healthy(empty: Served) -> None:
    assert await empty.get("/api/health") == {
        "status": "healthy",
        "timestamp": "2026-01-05T12:00:00.000Z",
        "version": teckochecker.__version__,
        "database": "connected",
        "watching": "off",
        "lateness_seconds": 0.0,
        "uptime_seconds": 0,
        "faults": [],
    }


async def test_health_tells_that_the_loop_turns_and_how_long_the_service_is_up(light: Served) -> None:
    stop = asyncio.Event()
    loop = asyncio.create_task(light.tecko.run(stop))
    await light.tecko.clock.advance(2 * MINUTE)
    body = await light.get("/api/health")
    assert (body["status"], body["watching"], body["uptime_seconds"]) == ("healthy", "on", 120)
    stop.set()
    await light.tecko.clock.advance(MINUTE)
    await loop
    assert (await light.get("/api/health"))["watching"] == "off"


async def test_statistics_count_what_is_stored(service: Served) -> None:
    await service.tecko.jobs.create(nightly("batch_c"))
    await service.tecko.jobs.pause(2)
    assert await service.get("/api/stats") == {
        "total_jobs": 2,
        "active_jobs": 1,
        "paused_jobs": 1,
        "triggering_jobs": 0,
        "completed_jobs": 0,
        "completed_with_failures_jobs": 0,
        "failed_jobs": 0,
        "total_secrets": 2,
        "total_logs": 3,
        "uptime_seconds": 0,
        "checks": 0,
        "lateness_seconds": 0.0,
    }
