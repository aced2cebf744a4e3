"""The whole way in a browser, with a database file and over HTTP to stand-in services: from nothing to a run."""

from __future__ import annotations

import asyncio
from pathlib import Path

from playwright.async_api import Browser, expect

from teckochecker import Settings
from teckochecker.adapters.cipher import new_key
from teckochecker.entrypoints.container import Container
from teckochecker.entrypoints.simulator import BatchScript, Simulator, default_key, default_token
from tests.browser.browsers import visiting
from tests.doors.http.served import served


async def test_a_newcomer_gets_from_nothing_to_a_run(browser: Browser, tmp_path: Path) -> None:
    async with Simulator.open() as simulator:
        simulator.openai.add_batch("batch_live", BatchScript.succeeds(2.0, total=7))
        environ = {
            **simulator.environment,
            "SECRET_KEY": new_key(),
            "DATABASE_URL": f"sqlite:///{tmp_path}/tecko.db",
            "MIN_POLL_INTERVAL": "1",
            "DEFAULT_POLL_INTERVAL": "1",
            "API_AUTH": "local",
            "API_IN_CONTAINER": "no",
        }
        real = Settings.load(environ)
        async with (
            served(lambda _, __: Container(settings=real), tmp_path) as service,
            visiting(browser, service) as visit,
        ):
            stop, page = asyncio.Event(), visit.page
            watching = asyncio.create_task(service.container.service().run(stop))
            await visit.open("/web")
            await page.fill("#v-openai", default_key)
            await page.click("text=Save key")
            await page.fill("#v-keboola", default_token)
            await page.fill("#s", simulator.keboola.stack_url)
            await page.click("text=Save token")
            await page.click("text=New job")
            await page.fill("#ids", "batch_live")
            await page.fill("#name", "The first")
            await page.fill("#keboola_stack_url", simulator.keboola.stack_url)
            await page.fill("#keboola_component_id", "kds-team.app-custom-python")
            await page.fill("#keboola_configuration_id", "123456")
            for type in ("openai", "keboola"):
                await page.select_option(f"#{type}_secret", f"{type}-prod")
            await page.click("text=Create job")
            await expect(page.locator("#facts")).to_contain_text("0/1 completed")
            await expect(page.locator("#facts")).to_contain_text("1/1 completed", timeout=15_000)
            await expect(page.locator("#facts .pill")).to_contain_text("Completed", timeout=15_000)
            await expect(page.locator("#trigger")).to_contain_text(simulator.keboola.runs[0].id)
            assert len(simulator.keboola.runs) == 1
            stop.set()
            await watching
