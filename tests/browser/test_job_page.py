"""One job in a real browser: its colours, and what stays where it is."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from teckochecker.domain.batch import RequestCounts
from tests.browser.browsers import Visit, visiting
from tests.doors.nightly import nightly

COLOURS = {
    "green": ("completed",),
    "red": ("failed", "cancelled", "expired"),
    "yellow": ("in_progress", "finalizing", "cancelling"),
    "blue": ("validating", "queued"),
}


async def test_a_batch_has_one_of_four_colours_with_a_sign_and_its_word(visit: Visit) -> None:
    names = {f"batch_{status}": status for statuses in COLOURS.values() for status in statuses}
    for name, status in names.items():
        if status != "queued":
            visit.service.tecko.openai.put(name, status)
    await visit.service.tecko.jobs.create(nightly(*names))
    await visit.open("/web/jobs/1")
    for place, status in enumerate(names.values(), start=1):
        state = visit.page.locator(f"#batch-{place} .st")
        await expect(state).to_have_text(status.replace("_", " "))
        assert await state.locator("svg use").count() == 1
    colour = "pieces => pieces.map(piece => getComputedStyle(piece).getPropertyValue('--cf'))"
    shown = dict(zip(names.values(), await visit.page.locator("#facts .segs i").evaluate_all(colour), strict=True))
    found = {name: {shown[status] for status in statuses} for name, statuses in COLOURS.items()}
    assert all(len(same) == 1 for same in found.values()), found
    assert len(set.union(*found.values())) == len(COLOURS), found


@pytest.mark.parametrize("path", ["/web", "/web/jobs/1", "/web/jobs/1/edit", "/web/setup"])
async def test_long_names_and_ids_do_not_stick_out_of_a_phone(visit: Visit, path: str) -> None:
    name = "Donaudampfschifffahrtsgesellschaftskapitänswitwenrentenauszahlungsstelle" * 2
    await visit.service.tecko.jobs.create(
        nightly(*(f"batch_68fb922a7cac8190b4b2194047{place:06}" for place in range(10)), name=name)
    )
    await visit.page.set_viewport_size({"width": 360, "height": 800})
    await visit.open(path)
    assert await visit.page.evaluate("document.documentElement.scrollWidth") == 360


async def test_a_history_that_is_read_is_left_alone_until_the_pointer_has_gone(visit: Visit) -> None:
    visit.service.tecko.openai.put("batch_a", "in_progress", counts=RequestCounts(10, 4, 0))
    await visit.service.tecko.jobs.create(nightly("batch_a"))
    await visit.open("/web/jobs/1")
    await visit.page.hover("#events li")
    await visit.service.tecko.jobs.pause(1)
    await expect(visit.page.locator("#facts")).to_contain_text("Paused")
    assert "paused" not in await visit.text("#events")
    await visit.page.hover("h1")
    await expect(visit.page.locator("#events")).to_contain_text("paused")


async def test_an_id_is_copied_by_its_button_which_is_not_there_where_it_could_not_do_so(
    browser: Browser, visit: Visit
) -> None:
    await visit.service.tecko.jobs.create(nightly("batch_68fb922a7cac8190b4b219404737cdf6"))
    await visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await visit.open("/web/jobs/1")
    await visit.page.click("#batch-1 .copy")
    copied = await visit.page.evaluate("navigator.clipboard.readText()")
    assert copied == "batch_68fb922a7cac8190b4b219404737cdf6"
    async with visiting(browser, visit.service, java_script_enabled=False) as plain:
        await plain.open("/web/jobs/1")
        await expect(plain.page.locator("#batch-1 .copy")).to_be_hidden()
