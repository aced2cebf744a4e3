"""Pictures of every page in the three themes, on a phone and on a desk, and those of the docs: `make screenshots`."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final

from teckochecker import Settings
from teckochecker.adapters.clock import ManualClock
from teckochecker.adapters.scripted import ScriptedBatches, ScriptedKeboola, ScriptedStorage
from teckochecker.domain.batch import BatchError, RequestCounts
from teckochecker.domain.role import Role
from teckochecker.entrypoints.container import Container, in_memory
from tests.browser.browsers import Visit, chromium, visiting
from tests.browser.https import over_https
from tests.doors.http.served import Served, served
from tests.doors.nightly import nightly
from tests.doors.pages import DOCS

PAGES: Final = {
    "jobs": "/web",
    "jobs-none": "/web?q=nothing+like+it",
    "job": "/web/jobs/1",
    "job-done": "/web/jobs/2",
    "job-ten": "/web/jobs/7",
    "job-new": "/web/jobs/new?like=1",
    "job-edit": "/web/jobs/6/edit",
    "job-delete": "/web/jobs/6/delete",
    "job-none": "/web/jobs/99",
    "secrets": "/web/secrets",
    "secret": "/web/secrets/1",
    "tokens": "/web/tokens",
    "audit": "/web/audit",
    "setup": "/web/setup?job=1",
    "system": "/web/system",
}
THEMES: Final = ("light", "dark", "terminal")
WIDTHS: Final = (390, 1440)
IN_THE_DOCS: Final = {"jobs": "light", "job": "dark", "console": "terminal"}
"""Which pictures the docs show, and in which theme: on a desk, as much as a window shows at once."""

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
AFTERNOON: Final = 3 * HOUR


def this_afternoon(settings: Settings, folder: Path) -> Container:
    """Everything in memory, three hours ago: the clock is advanced to now, where the browser is."""
    clock = ManualClock(datetime.now(UTC) - AFTERNOON)
    keboola = ScriptedKeboola(clock)
    return in_memory(settings, clock, ScriptedBatches(clock), keboola, ScriptedStorage(keboola))


async def furnish(service: Served) -> None:
    """Jobs as a team has them on an ordinary afternoon."""
    tecko = service.tecko
    openai, jobs = tecko.openai, tecko.jobs
    await tecko.secrets.add("openai-prod", "openai", "sk-picture-0123456789abcdef")
    await tecko.secrets.add("keboola-prod", "keboola", "901-1-picture0123456789abcdef")
    await tecko.secrets.add("openai-emea", "openai", "sk-picture-refused")

    def batch(short: str, total: int, takes: timedelta, *, failed: int = 0, **end: Any) -> str:
        batch_id = f"batch_68fb922a7cac8190b4b2194{short}"
        begun = openai.clock.now() + 4 * MINUTE
        openai.put(batch_id, "validating")
        for minutes in range(4, int(takes / MINUTE), 7):
            counts = RequestCounts(total, round(total * minutes * MINUTE / takes), 0)
            openai.will(batch_id, "in_progress", after=minutes * MINUTE, counts=counts, in_progress_at=begun)
        counts = RequestCounts(total, total - failed, failed)
        openai.will(batch_id, "completed", after=takes, counts=counts, in_progress_at=begun, **end)
        return batch_id

    broken = "batch_68fb922a7cac8190b4b2194031f6910e"
    openai.put(broken, "validating")
    line = BatchError("invalid_json_line", "This line is not parseable as valid JSON.", None, 1204)
    openai.will(broken, "failed", after=9 * MINUTE, errors=(line,))
    first = [
        batch("04737cdf6", 50_000, 77 * MINUTE, output_file_id="file-9KcXw2mQvT7pLh4RzJdN81"),
        batch("04694cc99", 50_000, 105 * MINUTE, output_file_id="file-3VbTq8nEyU1sGk6MwXaF72"),
        batch(
            "0910ec838",
            75_000,
            128 * MINUTE,
            failed=214,
            output_file_id="file-7HdPz5rCuJ2wBn9LtQeS40",
            error_file_id="file-1MfYk6vAxO3gWi8DjRcZ55",
        ),
        broken,
        batch("01a77a41c", 75_000, 5 * HOUR),
    ]
    done = [batch(f"05551000{number}", 12_000, (120 + 9 * number) * MINUTE) for number in range(4)]
    slow = [batch(f"06661000{number}", 50_000, (2 + 3 * number) * HOUR) for number in range(1, 4)]
    await jobs.create(nightly(*first, name="Product descriptions, week 48"))
    await jobs.create(nightly(*done, name="Invoice line extraction"))
    await jobs.create(nightly(*slow, name="Catalogue enrichment"))
    await jobs.create(nightly("batch_68f0c01d77248190aa10e29b5d03c1e8", name="Competitor price pages"))
    await jobs.create(nightly(slow[0], name="Review sentiment, DE and AT", openai_secret="openai-emea"))
    await jobs.create(nightly(slow[0], slow[1], name="Image alt texts, spring set"))
    many = [batch(f"08881000{place}", 20_000, (40 + 30 * place) * MINUTE) for place in range(10)]
    long = "Support tickets of all regions by e-mail, chat and phone: topic, urgency and tone, once more for 2025"
    await jobs.create(nightly(*many, name=long))
    await tecko.advance(AFTERNOON - 15 * MINUTE)
    openai.revoke("sk-picture-refused")
    await jobs.pause(6)
    await tecko.advance(15 * MINUTE)


async def sign_in(visit: Visit, token: str) -> None:
    """Come in."""
    await visit.open("/web/sign-in")
    await visit.page.fill("#t", token)
    await visit.page.press("#t", "Enter")
    await visit.page.wait_for_url("**/web")


async def choose(visit: Visit, theme: str, width: int, height: int = 900) -> None:
    """Look at everything in this theme, through a window of this size."""
    await visit.page.context.add_cookies([{"name": "theme", "value": theme, "url": visit.base}])
    await visit.page.set_viewport_size({"width": width, "height": height})


async def take(visit: Visit, path: str, file: Path, *, whole: bool = True, typed: tuple[str, ...] = ()) -> None:
    """A picture of a page, when it has come to rest."""
    await visit.open(path)
    for line in typed:
        await visit.page.fill("#cmd", line)
        await visit.page.press("#cmd", "Enter")
        await visit.page.wait_for_timeout(300)
    await visit.page.wait_for_timeout(400)
    if whole:  # is higher than the window, at whose lower edge the command line would stand
        await visit.page.evaluate("document.querySelector('.console')?.style.setProperty('position', 'static')")
    await visit.page.screenshot(path=file, full_page=whole)


async def everywhere(visit: Visit, pages: dict[str, str], folder: Path) -> None:
    """Pictures of these pages in every theme and width."""
    for theme in THEMES:
        for width in WIDTHS:
            await choose(visit, theme, width)
            for name, path in pages.items():
                await take(visit, path, folder / f"{name}-{theme}-{width}.png")


async def main(folder: Path) -> None:
    """Take the pictures: of those who come, of the first visit, and of a team's afternoon."""
    folder.mkdir(parents=True, exist_ok=True)
    # its clock stands while pictures are taken, so that limits by the minute would never be lifted
    behind = {"api_auth": "always", "trusted_proxies": (ip_network("127.0.0.1"),), "rate_limit_read": None}
    with tempfile.TemporaryDirectory() as scratch:
        async with (
            served(this_afternoon, Path(scratch), **behind) as service,
            over_https(str(service.http.base_url), Path(scratch)) as address,
            chromium() as browser,
            visiting(browser, service, address, ignore_https_errors=True) as visit,
        ):
            await everywhere(visit, {"sign-in": "/web/sign-in"}, folder)
            _, token = await service.container.tokens().create("data-team", Role.ADMIN)
            await sign_in(visit, token.reveal())
            await everywhere(visit, {"first": "/web"}, folder)
            await furnish(service)
            await sign_in(visit, token.reveal())  # the session has ended in the afternoon
            stop = asyncio.Event()
            watching = asyncio.create_task(service.container.service().run(stop))
            await everywhere(visit, PAGES, folder)
            for name, theme in IN_THE_DOCS.items():
                await choose(visit, theme, 1280, 860)
                typed = ("job 1", "pause 6", "status") if name == "console" else ()
                path = PAGES.get(name, "/web")
                await take(visit, path, DOCS / "pictures" / f"{name}.png", whole=False, typed=typed)
            # the session that has ended, and the job that is not there
            visit.complaints = [text for text in visit.complaints if "status of 40" not in text]
            stop.set()
            await watching


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
