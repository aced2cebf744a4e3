"""The API's documentation is drawn by what comes with the service, and asks no other address for anything."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.browsers import Visit


async def test_swagger_shows_every_call_and_carries_one_out(visit: Visit) -> None:
    await visit.open("/docs")
    await visit.page.get_by_text("Is the service well?").click()
    await visit.page.get_by_role("button", name="Try it out").click()
    await visit.page.get_by_role("button", name="Execute").click()
    await expect(visit.page.locator(".live-responses-table .microlight").first).to_contain_text('"status": "healthy"')


async def test_redoc_shows_every_call(visit: Visit) -> None:
    await visit.open("/redoc")
    await expect(visit.page.get_by_role("heading", name="Is the service well?")).to_be_visible()
