from __future__ import annotations

import asyncio
from datetime import timedelta

import teckochecker
from teckochecker.adapters.scripted import Operation
from teckochecker.application.errors import Rejected, Unavailable
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


async def test_statistics_tell_every_status_apart(service: Served) -> None:
    tecko = service.tecko
    # 1: active, 2: paused, 3: triggering, 4: completed, 5: completed with failures, 6: refused for good
    for batch in ("c", "d", "e", "f", "g"):
        await tecko.jobs.create(nightly(f"batch_{batch}", key=batch))
    await tecko.jobs.pause(2)
    for batch, status in {"e": "completed", "f": "failed"}.items():
        tecko.openai.put(f"batch_{batch}", status)
    await tecko.advance(3 * MINUTE)
    tecko.openai.put("batch_g", "completed")
    tecko.keboola.fail(Operation.START, Rejected("No", http=400), times=1)
    await tecko.advance(3 * MINUTE)
    tecko.openai.put("batch_d", "completed")
    tecko.keboola.fail(Operation.START, Unavailable("Maintenance"))
    await tecko.advance(3 * MINUTE)
    body = await service.get("/api/stats")
    assert {name: count for name, count in body.items() if name.endswith("_jobs")} == {
        "total_jobs": 6,
        "active_jobs": 1,
        "paused_jobs": 1,
        "triggering_jobs": 1,
        "completed_jobs": 2,
        "completed_with_failures_jobs": 1,
        "failed_jobs": 1,
    }


async def test_statistics_tell_how_the_watching_does(light: Served) -> None:
    pulse = light.container.pulse()
    await light.tecko.clock.advance(9 * MINUTE)
    with pulse.turning():
        pulse.turn(light.container.clock().now() - timedelta(milliseconds=1500), checks=7)
        body = await light.get("/api/stats")
    assert (body["uptime_seconds"], body["checks"], body["lateness_seconds"]) == (540, 7, 1.5)
