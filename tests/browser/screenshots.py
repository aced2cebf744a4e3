"""Pictures of the local operator's pages in their three themes, on a phone and on a desk: `make screenshots`."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from teckochecker.domain.batch import BatchError, RequestCounts
from tests.browser.browsers import chromium, visiting
from tests.browser.conftest import in_real_time
from tests.doors.http.served import Served, served
from tests.doors.nightly import nightly

PAGES: Final = {
    "jobs": "/web",
    "job": "/web/jobs/1",
    "job-done": "/web/jobs/2",
    "job-new": "/web/jobs/new?like=1",
    "secrets": "/web/secrets",
    "setup": "/web/setup?job=1",
    "system": "/web/system",
}
THEMES: Final = ("light", "dark", "terminal")
WIDTHS: Final = (390, 1440)

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


async def furnish(service: Served) -> None:
    """Jobs as a team has them on an ordinary afternoon."""
    tecko, now = service.tecko, service.tecko.clock.now()
    openai, jobs = tecko.openai, tecko.jobs
    await tecko.secrets.add("openai-prod", "openai", "sk-picture-0123456789abcdef")
    await tecko.secrets.add("keboola-prod", "keboola", "901-1-picture0123456789abcdef")
    await tecko.secrets.add("openai-emea", "openai", "sk-picture-refused")

    def batch(short: str, status: str, total: int, done: int, failed: int = 0, *, age: timedelta, **more: Any) -> str:
        known = {"created_at": now - age, "in_progress_at": now - age + 2 * MINUTE, "expires_at": now - age + 24 * HOUR}
        counts = RequestCounts(total, done, failed)
        return openai.put(f"batch_68fb922a7cac8190b4b2194{short}", status, counts=counts, **known | more)

    first = [
        batch("04737cdf6", "completed", 50_000, 50_000, age=3 * HOUR, output_file_id="file-9KcXw2mQvT7pLh4RzJdN81"),
        batch("04694cc99", "completed", 50_000, 50_000, age=3 * HOUR, output_file_id="file-3VbTq8nEyU1sGk6MwXaF72"),
        batch(
            "0910ec838",
            "completed",
            75_000,
            74_786,
            214,
            age=3 * HOUR,
            output_file_id="file-7HdPz5rCuJ2wBn9LtQeS40",
            error_file_id="file-1MfYk6vAxO3gWi8DjRcZ55",
        ),
        batch(
            "031f6910e",
            "failed",
            0,
            0,
            age=3 * HOUR,
            in_progress_at=None,
            errors=(BatchError("invalid_json_line", "This line is not parseable as valid JSON.", None, 1204),),
        ),
        batch("01a77a41c", "in_progress", 75_000, 37_076, age=2 * HOUR),
    ]
    done = [batch(f"05551000{number}", "completed", 12_000, 12_000, age=4 * HOUR) for number in range(4)]
    slow = [batch(f"06661000{number}", "in_progress", 50_000, 9_000 * number, age=HOUR) for number in range(1, 4)]
    await jobs.create(nightly(*first, name="Product descriptions, week 48"))
    await jobs.create(nightly(*done, name="Invoice line extraction"))
    await jobs.create(nightly(*slow, batch("0777", "validating", 0, 0, age=MINUTE), name="Catalogue enrichment"))
    await jobs.create(nightly("batch_68f0c01d77248190aa10e29b5d03c1e8", name="Competitor price pages"))
    await jobs.create(nightly(slow[0], name="Review sentiment, DE and AT", openai_secret="openai-emea"))
    await jobs.create(nightly(slow[0], slow[1], name="Image alt texts, spring set"))
    await jobs.pause(6)
    openai.revoke("sk-picture-refused")


async def main(folder: Path) -> None:
    """Take the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        async with served(in_real_time, Path(scratch)) as service:
            await furnish(service)
            stop = asyncio.Event()
            watching = asyncio.create_task(service.container.service().run(stop))
            await asyncio.sleep(3)  # the first checks, and the start of a run
            async with chromium() as browser, visiting(browser, service) as visit:
                for theme in THEMES:
                    await visit.page.context.add_cookies([{"name": "theme", "value": theme, "url": visit.base}])
                    for width in WIDTHS:
                        await visit.page.set_viewport_size({"width": width, "height": 900})
                        for name, path in PAGES.items():
                            await visit.open(path)
                            await visit.page.wait_for_timeout(400)
                            await visit.page.screenshot(path=folder / f"{name}-{theme}-{width}.png", full_page=True)
            stop.set()
            await watching


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
