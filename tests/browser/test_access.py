"""Everybody can use the pages: without scripts, by the keyboard alone, in every theme, small and wide."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import expect

from teckochecker.domain.batch import BatchError, RequestCounts
from tests.browser.browsers import Visit
from tests.doors.http.served import Served
from tests.doors.nightly import nightly

PATHS = (
    "/web",
    "/web/jobs/1",
    "/web/jobs/2",
    "/web/jobs/1/delete",
    "/web/secrets",
    "/web/secrets/1",
    "/web/system",
    "/web/setup",
    "/web/sign-in",
)


async def with_jobs(service: Served) -> None:
    """Jobs in several states."""
    openai = service.tecko.openai
    openai.put(
        "batch_a", "completed", counts=RequestCounts(10, 9, 1), output_file_id="file-out", error_file_id="file-e"
    )
    openai.put("batch_b", "failed", errors=(BatchError("invalid_json_line", "This is no JSON.", None, 4),))
    openai.put("batch_c", "in_progress", counts=RequestCounts(10, 2, 0))
    await service.tecko.jobs.create(nightly("batch_a", "batch_b", "batch_c"))
    await service.tecko.jobs.create(nightly("batch_a", name="Done"))
    await service.tecko.jobs.create(nightly("batch_nowhere", name="Held"))
    await service.tecko.jobs.create(nightly("batch_c", name="Paused"))
    await service.tecko.jobs.pause(4)


@pytest.mark.parametrize("theme", ["light", "dark", "terminal"])
async def test_no_page_has_a_barrier_in_any_theme(visit: Visit, theme: str) -> None:
    await with_jobs(visit.service)
    await visit.page.context.add_cookies([{"name": "theme", "value": theme, "url": visit.base}])
    found = {}
    for path in PATHS:
        await visit.open(path)
        found[path] = await visit.barriers()
    assert found == {path: [] for path in PATHS}


@pytest.mark.parametrize("width", [360, 768, 1440])
async def test_nothing_sticks_out_sideways(visit: Visit, width: int) -> None:
    await with_jobs(visit.service)
    await visit.page.set_viewport_size({"width": width, "height": 800})
    for path in PATHS:
        await visit.open(path)
        assert await visit.page.evaluate("document.documentElement.scrollWidth") <= width, path


async def test_the_keyboard_reaches_everything(visit: Visit) -> None:
    await with_jobs(visit.service)
    await visit.open("/web")
    keyboard = visit.page.keyboard
    await keyboard.press("Tab")
    assert await visit.page.evaluate("document.activeElement.className") == "skip"
    await keyboard.press("/")
    assert await visit.page.evaluate("document.activeElement.name") == "q"
    await keyboard.type("done")
    await keyboard.press("Enter")
    await visit.page.wait_for_url("**/web?**q=done**")
    await visit.page.focus("#job-2 .nm")
    await keyboard.press("Tab")
    await visit.page.focus("#job-2 .menu summary")
    await keyboard.press("Enter")
    await expect(visit.page.locator("#job-2 .menu ul")).to_be_visible()
    await keyboard.press("Escape")
    await expect(visit.page.locator("#job-2 .menu ul")).to_be_hidden()
    assert await visit.page.evaluate("document.activeElement.tagName") == "SUMMARY"


async def test_times_are_the_viewers_own_on_the_first_page_already(visit: Visit) -> None:
    await with_jobs(visit.service)
    await visit.page.context.clear_cookies()
    await visit.open("/web/jobs/1")
    await expect(visit.page.locator(".foot")).to_contain_text("Times in Europe/Prague")
    time = visit.page.locator("#facts time").first
    at = datetime.fromisoformat(await time.get_attribute("datetime") or "")
    await expect(time).to_have_text(f"{at.astimezone(ZoneInfo('Europe/Prague')):%H:%M}")
    assert await time.get_attribute("title") == f"{at:%Y-%m-%d %H:%M:%S} UTC"
