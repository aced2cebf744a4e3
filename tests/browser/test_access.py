"""Everybody can use the pages: by the keyboard alone, with a screen reader, in every theme, small and wide."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from teckochecker.domain.batch import BatchError, RequestCounts
from teckochecker.domain.role import Role
from teckochecker.entrypoints.http.app import http_app
from tests.browser.browsers import Visit, visiting
from tests.doors.http.served import Served
from tests.doors.nightly import nightly

PATHS = (
    "/web",
    "/web?q=nothing+like+it",
    "/web/jobs/1",
    "/web/jobs/2",
    "/web/jobs/3",
    "/web/jobs/1/delete",
    "/web/jobs/1/edit",
    "/web/jobs/new",
    "/web/jobs/99",
    "/web/secrets",
    "/web/secrets/1",
    "/web/tokens",
    "/web/tokens/1/revoke",
    "/web/audit",
    "/web/system",
    "/web/setup",
    "/web/sign-in",
)
WIDTHS = (360, 768, 1440)

IN_THEME = """theme => {
    document.documentElement.dataset.theme = theme;
    document.querySelectorAll(".console, .meters").forEach((part) => part.remove());
}"""
OPENED = "document.querySelectorAll('details').forEach((part) => { part.open = true; })"


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


@pytest_asyncio.fixture(loop_scope="session")
async def admin(browser: Browser, service: Served) -> AsyncIterator[Visit]:
    """Somebody who may see every page."""
    _, token = await service.container.tokens().create("anna", Role.ADMIN)
    who = {"Authorization": f"Bearer {token.reveal()}"}
    async with visiting(browser, service, extra_http_headers=who, reduced_motion="reduce") as opened:
        yield opened


async def terminal(visit: Visit) -> None:
    """See the pages in the terminal look from now on."""
    await visit.page.context.add_cookies([{"name": "theme", "value": "terminal", "url": visit.base}])


async def faults(visit: Visit) -> list[str]:
    """What is wrong with the page that is open, everything on it unfolded: in any theme, in any width."""
    await visit.page.evaluate(OPENED)
    found = await visit.barriers()
    for theme in ("light", "dark"):  # has the terminal look's parts but for its own, in other colours
        await visit.page.evaluate(IN_THEME, theme)
        found += [f"{theme}: {barrier}" for barrier in await visit.barriers("color-contrast")]
    return found


async def too_wide(visit: Visit) -> list[int]:
    """The widths of a window in which something of this page sticks out."""
    found = []
    for width in WIDTHS:
        await visit.page.set_viewport_size({"width": width, "height": 900})
        if await visit.page.evaluate("document.documentElement.scrollWidth") > width:
            found.append(width)
    return found


async def test_no_page_has_a_barrier_or_sticks_out_in_any_theme(admin: Visit) -> None:
    await with_jobs(admin.service)
    await terminal(admin)
    found = {}
    for path in PATHS:
        await admin.open(path)
        found[path] = (await too_wide(admin), await faults(admin))
    assert found == {path: ([], []) for path in PATHS}
    pages = {
        route.path: re.compile(re.sub(r"\{[^}]+\}", "[^/]+", route.path))
        for route in http_app(admin.service.container).routes
        if route.path.startswith("/web") and "GET" in getattr(route, "methods", ())
    }
    seen = [urlsplit(path).path for path in PATHS]
    never_seen = {path for path, page in pages.items() if not any(map(page.fullmatch, seen))}
    assert never_seen == {"/web/parts", "/web/jobs/{job_id:int}/parts", "/web/static/{name:path}"}
    admin.complaints = [text for text in admin.complaints if "status of 404" not in text]  # /web/jobs/99


async def test_the_first_visit_has_no_barrier(admin: Visit) -> None:
    await terminal(admin)
    await admin.open("/web")
    await expect(admin.page.locator("h1")).to_have_text("Start with two secrets and a job")
    assert (await too_wide(admin), await faults(admin)) == ([], [])


async def test_no_answer_to_a_form_has_a_barrier(admin: Visit) -> None:
    page = admin.page
    await with_jobs(admin.service)
    await terminal(admin)
    for path, filled, button, says in (
        ("/web/jobs/new", {"#ids": "abc123"}, "Create job", "must start with 'batch_'"),
        ("/web/secrets", {"#n": "openai-prod", "#v": "sk-0123456789abcdef"}, "Save secret", "already exists"),
        ("/web/tokens", {"#n": "ci"}, "Make token", "Copy it now"),
        ("/web", {"#job-1": "", "#job-2": ""}, "Resume", "0 jobs resumed, 2 not"),
        ("/web", {"#job-1": ""}, "Delete…", "Delete 1 job?"),
    ):
        await admin.open(path)
        for field, text in filled.items():
            await (page.fill(field, text) if text else page.check(f"{field} [type=checkbox]"))
        await page.locator("button:visible", has_text=button).first.click()
        await expect(page.locator("main")).to_contain_text(says)
        assert await faults(admin) == [], says
    admin.complaints = [text for text in admin.complaints if "status of 4" not in text]  # refusals that were meant


async def test_light_and_dark_go_by_the_system_until_one_is_chosen(visit: Visit) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    await visit.page.emulate_media(color_scheme="light")
    light = await visit.page.evaluate(paper)
    await visit.page.emulate_media(color_scheme="dark")
    dark = await visit.page.evaluate(paper)
    assert light != dark
    await visit.page.click(".acct summary")
    await visit.page.click("text=Theme: light")
    await expect(visit.page.locator("html[data-theme=light]")).to_have_count(1)
    assert await visit.page.evaluate(paper) == light
    await visit.page.click(".acct summary")
    await visit.page.click("text=Theme: as the system")
    await expect(visit.page.locator("html:not([data-theme])")).to_have_count(1)
    assert await visit.page.evaluate(paper) == dark


async def test_nothing_moves_for_those_who_asked_for_less_motion(visit: Visit) -> None:
    await with_jobs(visit.service)
    await terminal(visit)
    await visit.open("/web")
    await expect(visit.page.locator("#live")).to_have_text("Live")
    moving = """() => document.getElementById("job-1").classList.add("changed") ?? [
        getComputedStyle(document.getElementById("job-1")).animationName,
        getComputedStyle(document.getElementById("live"), "::before").animationName,
        getComputedStyle(document.querySelector(".btn")).transitionDuration,
    ]"""
    assert await visit.page.evaluate(moving) == ["changed", "blink", "0.12s, 0.12s"]
    await visit.page.emulate_media(reduced_motion="reduce")
    assert await visit.page.evaluate(moving) == ["none", "none", "0s"]


SEEN = """() => {
    const it = document.activeElement;
    const drawn = (style) => style.outlineStyle !== "none" || style.boxShadow !== "none";
    const marks = [getComputedStyle(it), getComputedStyle(it, "::after"), getComputedStyle(it.form ?? it)];
    const label = it.getAttribute("aria-label") ?? it.labels?.[0]?.innerText ?? it.innerText;
    return [label.trim(), marks.some(drawn)];
}"""


async def reach(visit: Visit, name: str) -> None:
    """Press Tab until what has this name has the focus. Whatever has it on the way shows that it does."""
    for _ in range(60):
        await visit.page.keyboard.press("Tab")
        label, marked = await visit.page.evaluate(SEEN)
        assert marked, f"nobody sees that {label} has the focus"
        if label.startswith(name):
            return
    raise AssertionError(f"Tab does not lead to {name}")


async def test_a_job_is_made_worked_with_and_deleted_by_the_keyboard_alone(visit: Visit) -> None:
    visit.service.tecko.openai.put("batch_a", "in_progress")
    await visit.service.tecko.jobs.create(nightly("batch_a"))
    await visit.open("/web")
    keyboard, page = visit.page.keyboard, visit.page
    await keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.className") == "skip"
    await reach(visit, "New job")
    await keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("New job")
    await reach(visit, "Batch IDs")
    await keyboard.type("batch_a")
    await reach(visit, "Use it")
    await keyboard.press("Enter")
    await expect(page.locator("#keboola_configuration_id")).to_have_value("123456")
    await reach(visit, "OpenAI secret")
    await keyboard.type("openai-prod")
    await reach(visit, "Job name")
    await keyboard.type("By keyboard")
    await reach(visit, "Create job")
    await keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("By keyboard")
    await reach(visit, "Jobs")
    await keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("Jobs")
    await keyboard.press("/")
    await expect(page.locator("input[name=q]")).to_be_focused()
    await reach(visit, "Select By keyboard")
    await keyboard.press("Space")
    await reach(visit, "Pause")
    await keyboard.press("Enter")
    await expect(page.locator("#job-2 .c-st")).to_contain_text("Paused")
    await reach(visit, "Actions for By keyboard")
    await keyboard.press("Enter")
    await expect(page.locator("#job-2 .menu ul")).to_be_visible()
    await keyboard.press("Escape")
    await expect(page.locator("#job-2 .menu ul")).to_be_hidden()
    assert await page.evaluate("document.activeElement.tagName") == "SUMMARY"
    await keyboard.press("Enter")
    await reach(visit, "Delete…")
    await keyboard.press("Enter")
    await expect(page.get_by_role("link", name="Keep")).to_be_focused()
    await reach(visit, "Delete job 2")
    await keyboard.press("Enter")
    await expect(page.locator("#job-2")).to_have_count(0)


@pytest.mark.parametrize("path", ["/web/jobs/1", "/web/secrets"])
async def test_times_are_the_viewers_own_on_the_first_page_already(visit: Visit, path: str) -> None:
    await with_jobs(visit.service)
    await visit.page.context.clear_cookies()
    await visit.open(path)
    await expect(visit.page.locator(".foot")).to_contain_text("Times in Europe/Prague")
    time = visit.page.locator("main time").first
    at = datetime.fromisoformat(await time.get_attribute("datetime") or "")
    await expect(time).to_have_text(f"{at.astimezone(ZoneInfo('Europe/Prague')):%H:%M}")
    assert await time.get_attribute("title") == f"{at:%Y-%m-%d %H:%M:%S} UTC"
