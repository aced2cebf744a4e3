from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from pathlib import Path

from teckochecker.application.health import Watch
from teckochecker.application.ports.running import Instance, Told
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
    assert "<dt>SECRET_KEY</dt><dd><code>set, never shown</code></dd>" in text
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
    lateness, checks = re.findall(r'<path class="ln" d="(M0.0 80.0L10.2 80.0[^"]+)"', text)
    assert lateness.endswith("L600.0 80.0")
    assert not checks.endswith("L600.0 80.0")


async def test_whoever_is_behind_says_so_in_the_heading(light: Served) -> None:
    pulse = light.container.pulse()
    with pulse.turning():
        pulse.turn(light.tecko.clock.now() - timedelta(minutes=5))
        text = await page(light, "/web/system")
    assert "Watching, but behind" in text
    assert "The oldest check is 5 min late" in text


async def test_the_instances_on_the_database_are_listed(light: Served) -> None:
    assert "None has told of itself" in await page(light, "/web/system")
    began = light.tecko.clock.now()
    me = Instance(
        owner="me", host="tecko-7", pid=4711, address="http://127.0.0.1:8000", version="1.0.0", started_at=began
    )
    async with light.container.store().work() as work:
        await work.services.beat(me, Told(watching=Watch.ON, checks=1_234))
        await work.commit()
    text = await page(light, "/web/system")
    assert "<b>tecko-7</b>" in text
    assert "http://127.0.0.1:8000 · process 4711 · 1.0.0" in text
    assert '<td role="cell" data-l="Checks">1,234</td>' in text
