"""Pictures of every page in the three themes and three widths, and those of the docs: `make screenshots`."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, expect

from teckochecker.domain.role import Role
from tests.browser.afternoon import HOUR, furnish, spoil, this_afternoon
from tests.browser.browsers import Visit, chromium, visiting
from tests.browser.https import over_https, sign_in
from tests.doors.http.served import served
from tests.doors.pages import DOCS

THEMES: Final = ("light", "dark", "terminal")
WIDTHS: Final = (390, 1024, 1440)
Step = Callable[[Visit], Awaitable[None]]
Shots = Mapping[str, tuple[str, Step]]

IN_THE_DOCS: Final = {"jobs": "light", "job": "dark", "console": "terminal"}
"""Which pictures the docs show, and in which theme: on a desk, as much as a window shows at once."""


async def nothing(visit: Visit) -> None:
    """The page as it is."""


def clicked(*selectors: str) -> Step:
    """The page after these were clicked, one after the other."""

    async def click(visit: Visit) -> None:
        for selector in selectors:
            await visit.page.locator(selector).first.click()

    return click


async def typed_wrong(visit: Visit) -> None:
    """A form that is refused."""
    page = visit.page
    await page.fill("#ids", "batch_68fb922a7cac8190b4b219404737cdf6, abc123\nbatch_68fb922a7cac8190b4b219404737cdf6")
    await page.fill("#name", "")
    await page.fill("#iv", "5")
    await page.locator("form.split").evaluate("form => { form.noValidate = true; }")
    await page.get_by_role("button", name="Create job").last.click()


async def checked(visit: Visit) -> None:
    """A form after a press of Check."""
    page = visit.page
    await page.fill("#ids", "batch_68fb922a7cac8190b4b2194000000000")
    await page.get_by_role("button", name="Check", exact=True).click()


async def typed_a_wrong_token(visit: Visit) -> None:
    """The door that stays closed."""
    page = visit.page
    await visit.service.tecko.clock.advance(HOUR)  # the wrong ones before are forgotten by then
    await page.fill("#t", "tck_made-up")
    await page.press("#t", "Enter")
    await expect(page.locator("#e")).to_be_visible()


async def cut_off(visit: Visit) -> None:
    """A page that has lost its service."""
    page = visit.page
    await page.context.set_offline(True)
    stopping = visit.service.container.stopping()
    stopping.set()  # ends the stream that is open; a new one finds no network
    await expect(page.locator("#lost")).to_be_visible(timeout=20_000)
    stopping.clear()


async def made_a_token(visit: Visit) -> None:
    """A token on its page, for the only time."""
    page = visit.page
    await page.fill("#n", f"night-shift-{await page.locator('tbody').count()}")
    await page.get_by_role("button", name="Make token").click()


async def typed_commands(visit: Visit) -> None:
    """A command line that has been used."""
    page = visit.page
    for line in ("job 1", "pause 6", "status"):
        await page.fill("#cmd", line)
        await page.press("#cmd", "Enter")
        await page.wait_for_timeout(300)


ORDINARY: Final[Shots] = {
    "jobs": ("/web", nothing),
    "jobs-none": ("/web?q=nothing+like+it", nothing),
    "jobs-menu": ("/web", clicked("#job-4 .menu summary")),
    "jobs-account": ("/web", clicked(".acct summary")),
    "jobs-ticked": ("/web", clicked("#job-7 [type=checkbox]", "#job-3 [type=checkbox]")),
    "jobs-lost": ("/web", cut_off),
    "jobs-delete": ("/web", clicked("#job-7 [type=checkbox]", "#job-3 [type=checkbox]", "[value=delete]")),
    "jobs-refused": ("/web", clicked("#job-7 [type=checkbox]", "#job-2 [type=checkbox]", "[value=resume]")),
    "job": ("/web/jobs/1", nothing),
    "job-done": ("/web/jobs/2", clicked("text=What was sent")),
    "job-missing": ("/web/jobs/4", nothing),
    "job-held": ("/web/jobs/5", nothing),
    "job-ten": ("/web/jobs/7", clicked("summary[aria-label='More actions']")),
    "job-new": ("/web/jobs/new?like=1", nothing),
    "job-new-wrong": ("/web/jobs/new?like=1", typed_wrong),
    "job-new-checked": ("/web/jobs/new?like=1", checked),
    "job-new-secret": ("/web/jobs/new", clicked("summary:has-text('Add')", "text=Branch, rows")),
    "job-edit": ("/web/jobs/6/edit", nothing),
    "job-delete": ("/web/jobs/6/delete", nothing),
    "job-none": ("/web/jobs/99", nothing),
    "secrets": ("/web/secrets", nothing),
    "secret": ("/web/secrets/1", nothing),
    "tokens": ("/web/tokens", nothing),
    "token-made": ("/web/tokens", made_a_token),
    "audit": ("/web/audit", clicked(".fold summary")),
    "setup": ("/web/setup", nothing),
    "system": ("/web/system", nothing),
}
SPOILT: Final[Shots] = {
    "jobs-bad": ("/web", nothing),
    "job-failures": ("/web/jobs/1", nothing),
    "job-refused": ("/web/jobs/2", nothing),
    "job-trigger-held": ("/web/jobs/3", nothing),
    "job-run-failed": ("/web/jobs/4", nothing),
    "job-run-cancelled": ("/web/jobs/5", nothing),
    "job-run-under-way": ("/web/jobs/6", nothing),
    "job-run-looked-for": ("/web/jobs/7", nothing),
    "job-again": ("/web/jobs/1/again", nothing),
    "job-cancel-run": ("/web/jobs/6/cancel-run", nothing),
}
EMPTY: Final[Shots] = {
    "first": ("/web", nothing),
    "secrets-none": ("/web/secrets", nothing),
    "audit-none": ("/web/audit?actor=nobody", nothing),
    "setup-none": ("/web/setup", nothing),
}
CLOSED: Final[Shots] = {
    "sign-in": ("/web/sign-in", nothing),
    "sign-in-refused": ("/web/sign-in", typed_a_wrong_token),
}
OF_A_VIEWER: Final[Shots] = {
    "viewer-jobs": ("/web", nothing),
    "viewer-job": ("/web/jobs/1", nothing),
    "viewer-refused": ("/web/tokens", nothing),
}
PLAIN: Final[Shots] = {
    "plain-jobs": ("/web", nothing),
    "plain-job": ("/web/jobs/1", nothing),
}


async def choose(visit: Visit, theme: str, width: int, height: int = 900) -> None:
    """Look at everything in this theme, through a window of this size."""
    await visit.page.context.add_cookies([{"name": "theme", "value": theme, "url": visit.base}])
    await visit.page.set_viewport_size({"width": width, "height": height})


async def take(visit: Visit, path: str, file: Path, then: Step = nothing, *, whole: bool = True) -> None:
    """A picture of a page, when it has come to rest."""
    await visit.open(path)
    await then(visit)
    await visit.page.wait_for_timeout(400)
    await visit.page.evaluate("scrollTo(0, 0)")
    if whole:  # is higher than the window, at whose lower edge the command line would stand
        await visit.page.evaluate("document.querySelector('.console')?.style.setProperty('position', 'static')")
    await visit.page.screenshot(path=file, full_page=whole)
    await visit.page.context.set_offline(False)


async def everywhere(visit: Visit, shots: Shots, folder: Path) -> None:
    """Pictures of these pages in every theme and width."""
    for theme in THEMES:
        for width in WIDTHS:
            await choose(visit, theme, width)
            for name, (path, then) in shots.items():
                await take(visit, path, folder / f"{name}-{theme}-{width}.png", then)


async def for_the_docs(visit: Visit) -> None:
    """The pictures that the docs show."""
    for name, theme in IN_THE_DOCS.items():
        await choose(visit, theme, 1280, 860)
        path, then = ORDINARY.get(name, ("/web", typed_commands))
        await take(visit, path, DOCS / "pictures" / f"{name}.png", then, whole=False)


@asynccontextmanager
async def behind_a_proxy(browser: Browser) -> AsyncGenerator[Visit]:
    """Somebody at a service that asks for a token. What was refused on purpose is no complaint."""
    # its clock stands while pictures are taken, so that limits by the minute would never be lifted
    unlimited = {"rate_limit_read": None, "rate_limit_write": None, "trigger_on_unknown": "hold"}
    with tempfile.TemporaryDirectory() as scratch:
        proxied = {"api_auth": "always", "trusted_proxies": (ip_network("127.0.0.1"),)}
        async with (
            served(this_afternoon, Path(scratch), **proxied, **unlimited) as service,
            over_https(str(service.http.base_url), Path(scratch)) as address,
            visiting(browser, service, address, ignore_https_errors=True) as visit,
        ):
            yield visit
            visit.complaints = [
                text for text in visit.complaints if "status of 4" not in text and "ERR_INTERNET" not in text
            ]


async def come_in(visit: Visit, role: Role = Role.ADMIN) -> None:
    """Open a session in this role."""
    name = "data-team" if role is Role.ADMIN else role.value
    _, token = await visit.service.container.tokens().create(name, role)
    await visit.open("/web/sign-in")
    await sign_in(visit, token.reveal())
    await visit.page.wait_for_url("**/web")


async def main(folder: Path) -> None:
    """Take the pictures: of those who come, of the first visit, and of a team's afternoons."""
    folder.mkdir(parents=True, exist_ok=True)
    async with chromium() as browser:
        async with behind_a_proxy(browser) as visit:
            await everywhere(visit, CLOSED, folder)
            await come_in(visit)
            await everywhere(visit, EMPTY, folder)
        async with behind_a_proxy(browser) as visit:
            service = visit.service
            await furnish(service)
            await come_in(visit)
            stop = asyncio.Event()
            watching = asyncio.create_task(service.container.service().run(stop))
            await everywhere(visit, ORDINARY, folder)
            await for_the_docs(visit)
            stop.set()
            await watching
            how = {"ignore_https_errors": True, "java_script_enabled": False}
            async with visiting(browser, service, visit.base, **how) as plain:
                await come_in(plain, Role.OPERATOR)
                await everywhere(plain, PLAIN, folder)
            await visit.page.context.clear_cookies()
            await come_in(visit, Role.VIEWER)
            await everywhere(visit, OF_A_VIEWER, folder)
        async with behind_a_proxy(browser) as visit:
            await spoil(visit.service)
            await come_in(visit)
            await everywhere(visit, SPOILT, folder)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
