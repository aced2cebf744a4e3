"""A real Chromium that visits the pages, and takes offence at what nobody should have to see."""

from __future__ import annotations

import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

from attrs import define, field
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, async_playwright

from tests.doors.http.served import Served

_QUIET: Final = (
    "--no-sandbox",  # the tests may run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=BackForwardCache,PaintHolding,Translate,OptimizationHints,MediaRouter",
    "--in-process-gpu",
    "--renderer-process-limit=1",
)


@asynccontextmanager
async def chromium() -> AsyncGenerator[Browser]:
    """Debian's Chromium. It has to be there: `make deps` brings it."""
    binary = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert binary, "There is no Chromium; bring it with: make deps"
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=binary, args=list(_QUIET))
        try:
            yield browser
        finally:
            await browser.close()


@define(eq=False, slots=False)  # Playwright remembers handlers on the object
class Visit:
    """Somebody at a browser. `base` is the address that they know the service by.

    `complaints` is what the console said, and every address that is not the service's.
    """

    page: Page
    service: Served
    base: str
    complaints: list[str] = field(factory=list)

    async def open(self, path: str) -> None:
        """Go to this address of the service, and wait until it is there."""
        await self.page.goto(f"{self.base}{path}", wait_until="load")

    async def text(self, selector: str) -> str:
        """What stands there."""
        return (await self.page.inner_text(selector)).strip()

    async def barriers(self, *only: str) -> list[str]:
        """What keeps people from using the page as it is now: by the rules of WCAG A and AA, and of good practice."""
        if not await self.page.evaluate("'axe' in window"):
            await self.page.evaluate(Axe().axe_script)
        options = {"resultTypes": ["violations"], **({"runOnly": list(only)} if only else {})}
        violations = await self.page.evaluate("options => axe.run(options).then((found) => found.violations)", options)
        return [f"{rule['id']}: {node['html'][:200]}" for rule in violations for node in rule["nodes"]]

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.text} {message.location['url'].removeprefix(self.base)}")

    def _watch(self, request: Request) -> None:
        if not request.url.startswith((f"{self.base}/", "data:", "blob:")):
            self.complaints.append(f"asked for {request.url}")


@asynccontextmanager
async def visiting(browser: Browser, service: Served, base: str = "", **how: Any) -> AsyncGenerator[Visit]:
    """Somebody with a fresh browser at this service. What it complained of by the end fails the test."""
    context: BrowserContext = await browser.new_context(
        viewport={"width": 1280, "height": 900}, timezone_id="Europe/Prague", **how
    )
    try:
        visit = Visit(await context.new_page(), service, base or str(service.http.base_url))
        visit.page.on("console", visit._hear)
        visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        visit.page.on("request", visit._watch)
        yield visit
        assert visit.complaints == [], visit.complaints
    finally:
        await context.close()
