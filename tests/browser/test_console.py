"""The command line at the bottom of the terminal look, by the keyboard alone."""

from __future__ import annotations

import pytest_asyncio
from playwright.async_api import expect

from tests.browser.browsers import Visit
from tests.doors.nightly import nightly


@pytest_asyncio.fixture(loop_scope="session")
async def terminal(visit: Visit) -> Visit:
    """The same visitor, who prefers the terminal look, at a list of three jobs."""
    visit.service.tecko.openai.put("batch_a", "in_progress")
    for name in ("Nightly", "Weekly", "Yearly"):
        await visit.service.tecko.jobs.create(nightly("batch_a", name=name))
    await visit.page.context.add_cookies([{"name": "theme", "value": "terminal", "url": visit.base}])
    await visit.open("/web")
    return visit


async def test_the_command_line_works_by_the_keyboard_alone(terminal: Visit) -> None:
    line, out, keyboard = terminal.page.locator("#cmd"), terminal.page.locator(".out"), terminal.page.keyboard
    for key in ("Tab", "Tab", "Enter"):  # the second of the links to jump by
        await keyboard.press(key)
    await expect(line).to_be_focused()
    await keyboard.type("pause 2\n")
    await expect(out).to_contain_text("✓ #2")
    await expect(terminal.page.locator("#job-2 .c-st")).to_contain_text("Paused")
    await keyboard.type("pause 2\n")
    await expect(out).to_contain_text("✕ Job 'Weekly' is paused, so it cannot be paused.")
    await keyboard.type("resume 2\n")
    await keyboard.press("ArrowUp")
    await expect(line).to_have_value("resume 2")
    await keyboard.press("ArrowUp")
    await expect(line).to_have_value("pause 2")
    for _ in range(2):
        await keyboard.press("ArrowDown")
    await expect(line).to_have_value("")
    await keyboard.type("clear\n")
    await expect(out).to_be_hidden()
    await terminal.open("/web/jobs/2")  # what was typed is known on the next page too
    await line.focus()
    await keyboard.press("ArrowUp")
    await expect(line).to_have_value("clear")


async def test_the_tab_key_completes_and_keeps_nobody_in_the_line(terminal: Visit) -> None:
    line, keyboard = terminal.page.locator("#cmd"), terminal.page.keyboard
    await line.focus()
    await keyboard.type("re")
    for offered in ("resume ", "retry "):
        await keyboard.press("Tab")
        await expect(line).to_have_value(offered)
    await keyboard.type("2")
    await keyboard.press("Tab")
    await expect(line).not_to_be_focused()
    await line.fill("job ")
    for offered in ("job 3", "job 2", "job 1"):
        await keyboard.press("Tab")
        await expect(line).to_have_value(offered)
    await keyboard.press("Shift+Tab")
    await expect(line).not_to_be_focused()


async def test_a_line_that_is_not_answered_is_kept_and_says_why(terminal: Visit) -> None:
    line, out = terminal.page.locator("#cmd"), terminal.page.locator(".out")
    await line.fill("x" * 600)
    await terminal.page.context.set_offline(True)
    await line.press("Enter")
    await expect(out).to_contain_text("✕ No answer; what you typed is kept.")
    await expect(line).to_have_value("x" * 500)
    terminal.complaints = [text for text in terminal.complaints if "ERR_INTERNET_DISCONNECTED" not in text]


async def test_a_focus_does_not_stay_below_the_command_line(terminal: Visit) -> None:
    await terminal.page.set_viewport_size({"width": 1280, "height": 500})
    await terminal.page.locator("#cmd").fill("help")
    await terminal.page.keyboard.press("Enter")
    await expect(terminal.page.locator(".out")).to_contain_text("this list")
    await terminal.page.focus(".foot a")
    edge = "document.querySelector('.console').getBoundingClientRect().top"
    assert await terminal.page.evaluate(f"document.activeElement.getBoundingClientRect().bottom <= {edge}")
