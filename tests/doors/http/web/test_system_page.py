from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

from teckochecker.domain.role import Role
from tests.doors.http.served import Served, memory, served, sqlite
from tests.doors.http.web.visit import page


async def test_the_heading_says_whether_it_is_watching(light: Served) -> None:
    assert "Healthy, not watching here" in await page(light, "/web/system")
    stop = asyncio.Event()
    loop = asyncio.create_task(light.tecko.run(stop))
    await light.tecko.clock.advance(timedelta(minutes=2))
    text = await page(light, "/web/system")
    assert "Healthy, watching" in text
    assert "Checks run in time" in text
    stop.set()
    await light.tecko.clock.advance(timedelta(minutes=1))
    await loop


async def test_settings_are_shown_without_anything_secret(tmp_path: Path) -> None:
    async with served(
        memory, tmp_path, database_url="postgresql://tecko:hunter2@db/tecko", rate_limit_write=None
    ) as service:
        assert "DATABASE_URL" not in await page(service, "/web/system")  # the local operator has the file itself
        _, token = await service.container.tokens().create("anna", Role.ADMIN)
        service.http.headers["Authorization"] = f"Bearer {token.reveal()}"
        text = await page(service, "/web/system")
        (key,) = service.container.settings().secret_key
    assert "postgresql://tecko:***@db/tecko" in text
    assert "hunter2" not in text
    assert key.reveal() not in text
    for name, said in (
        ("LEASE_SECONDS", "30 s"),
        ("RETENTION_DAYS", "30 days"),
        ("RATE_LIMIT_READ", "600/minute"),
        ("RATE_LIMIT_WRITE", "off"),
    ):
        assert f"<dt>{name}</dt><dd><code>{said}</code></dd>" in text


async def test_a_database_that_is_gone_is_said_in_the_heading(tmp_path: Path) -> None:
    async with served(sqlite, tmp_path) as service:
        await service.container.engine().dispose()
        (tmp_path / "teckochecker.db").unlink()
        assert "Nothing is being checked" in await page(service, "/web/system")


async def test_the_last_hour_is_drawn(light: Served) -> None:
    await light.tecko.run_until_idle()
    text = await page(light, "/web/system")
    assert "Checks per minute" in text
    assert "1 in the hour" in text
    assert text.count('<path class="ln" d="M0.0 80.0L10.2 80.0') == 2
