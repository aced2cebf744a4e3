from __future__ import annotations

import re

from playwright.async_api import Response, expect

from teckochecker.domain.batch import RequestCounts
from tests.browser.browsers import Visit
from tests.doors.nightly import nightly

HOSTILE = '<img src=x onerror="document.title=1">"\'&'


async def test_a_job_is_seen_to_complete_without_a_reload(visit: Visit) -> None:
    openai = visit.service.tecko.openai
    openai.put("batch_a", "in_progress", counts=RequestCounts(10, 4, 0))
    await visit.service.tecko.jobs.create(nightly("batch_a", poll_interval_seconds=1))
    await visit.open("/web")
    row = visit.page.locator("#job-1")
    await expect(row).to_contain_text("0/1 completed")
    openai.put("batch_a", "completed", counts=RequestCounts(10, 10, 0))
    await expect(row).to_contain_text("1/1 completed", timeout=5000)
    await expect(row.locator(".c-st")).to_contain_text("Completed")
    await expect(row.locator(".c-k")).to_contain_text("run")
    await expect(visit.page.locator("#tabs a", has_text="Completed")).to_contain_text("1")


async def test_a_change_of_one_job_sends_its_row_alone(visit: Visit) -> None:
    visit.service.tecko.openai.put("batch_a", "in_progress")
    for number in range(1, 21):
        await visit.service.tecko.jobs.create(nightly("batch_a", name=f"Nightly {number}"))
    await visit.open("/web")
    await expect(visit.page.locator("#live")).to_have_text("Live")
    await expect(visit.page.locator(".segs i.in_progress")).to_have_count(20)  # all were looked at
    await visit.page.wait_for_load_state("networkidle")
    ticked = visit.page.locator("#job-7 input[type=checkbox]")
    await ticked.check()
    await visit.page.click("h1")
    asked: list[Response] = []
    visit.page.on("response", lambda answer: asked.append(answer))
    await visit.service.tecko.jobs.pause(7)
    await expect(visit.page.locator("#job-7 .c-st")).to_contain_text("Paused", timeout=1000)  # within a second
    await expect(ticked).to_be_checked()
    (answer,) = asked
    assert answer.url == f"{visit.base}/web/parts?parts=7"
    assert re.findall(r"<tbody id=\"(.+?)\"", await answer.text()) == ["job-7"]
    assert (await answer.request.sizes())["responseBodySize"] < 3_000


async def test_a_job_of_somebody_else_is_told_of_and_does_not_jump_in(visit: Visit) -> None:
    await visit.service.tecko.jobs.create(nightly("batch_a"))
    await visit.open("/web")
    await expect(visit.page.locator("#live")).to_have_text("Live")
    await visit.service.tecko.jobs.create(nightly("batch_b"))
    await visit.page.click("#news a")
    await expect(visit.page.locator("#job-2")).to_be_visible()
    await expect(visit.page.locator("#news")).to_be_hidden()


async def test_a_hostile_name_is_text(visit: Visit) -> None:
    await visit.service.tecko.jobs.create(nightly("batch_a", name=HOSTILE))
    for path in ("/web", "/web/jobs/1", "/web/jobs/1/delete"):
        await visit.open(path)
        assert HOSTILE in await visit.text("main")
        assert await visit.page.title() != "1"


async def test_what_a_job_waits_for_stands_beside_a_sign_and_never_colour_alone(visit: Visit) -> None:
    await visit.service.tecko.jobs.create(nightly("batch_nowhere", poll_interval_seconds=1))
    await visit.open("/web")
    state = visit.page.locator("#job-1 .c-st .st")
    await expect(state).to_have_text("Held", timeout=5000)
    assert str(await state.locator("svg use").get_attribute("href")).endswith("#i-held")


async def test_an_open_menu_is_not_torn_away_by_a_change(visit: Visit) -> None:
    visit.service.tecko.openai.put("batch_a", "in_progress")
    await visit.service.tecko.jobs.create(nightly("batch_a"))
    await visit.open("/web")
    await visit.page.click("#job-1 .menu summary")
    await visit.service.tecko.jobs.pause(1)
    await visit.page.wait_for_selector("#job-1[data-stale]", timeout=5000)
    assert await visit.page.is_visible("#job-1 .menu ul")
    await visit.page.keyboard.press("Escape")
    await visit.page.click("h1")
    await expect(visit.page.locator("#job-1 .c-st")).to_contain_text("Paused", timeout=5000)


async def test_an_overdue_check_is_asked_after_once_and_not_all_the_time(visit: Visit) -> None:
    visit.service.tecko.openai.put("batch_a", "in_progress")
    await visit.service.tecko.jobs.create(nightly("batch_a", poll_interval_seconds=30))
    await visit.page.clock.install()
    await visit.open("/web")
    await expect(visit.page.locator("#live")).to_have_text("Live")
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url))
    countdown = visit.page.locator("#job-1 .c-n time")
    await expect(countdown).to_have_text(re.compile(r"^0:(30|2\d)$"))
    await visit.page.clock.fast_forward(35_000)
    await expect(countdown).to_have_text("checking")
    await visit.page.clock.run_for(8_000)
    assert asked == [f"{visit.base}/web/parts?parts=1"]
    assert await visit.page.locator("#job-1.changed").count() == 0  # nothing of it was news


async def test_what_was_unfolded_stays_so_while_the_page_changes(visit: Visit) -> None:
    openai = visit.service.tecko.openai
    openai.put("batch_a", "in_progress")
    openai.put("batch_b", "in_progress")
    await visit.service.tecko.jobs.create(nightly("batch_a", "batch_b", poll_interval_seconds=1))
    await visit.open("/web/jobs/1")
    await visit.page.click("#trigger .fold summary")
    await visit.page.click("h1")  # what has the focus is not replaced at all
    openai.put("batch_a", "completed", counts=RequestCounts(10, 10, 0))
    await expect(visit.page.locator("#trigger")).to_contain_text("1 of 2", timeout=5000)
    await expect(visit.page.locator("#trigger .fold pre")).to_be_visible()


async def test_a_lost_connection_is_said_and_made_up_for(visit: Visit) -> None:
    visit.service.tecko.openai.put("batch_a", "in_progress")
    await visit.service.tecko.jobs.create(nightly("batch_a"))
    await visit.open("/web")
    await expect(visit.page.locator("#live")).to_have_text("Live")
    await visit.page.context.set_offline(True)
    stopping = visit.service.container.stopping()
    stopping.set()  # ends the stream that is open; a new one finds no network
    await expect(visit.page.locator("#lost")).to_be_visible(timeout=15000)
    await expect(visit.page.locator("#live")).to_have_text("Offline")
    await visit.service.tecko.jobs.pause(1)
    stopping.clear()
    await visit.page.context.set_offline(False)
    await expect(visit.page.locator("#lost")).to_be_hidden(timeout=15000)
    await expect(visit.page.locator("#job-1 .c-st")).to_contain_text("Paused", timeout=5000)
    visit.complaints = [text for text in visit.complaints if "ERR_INTERNET_DISCONNECTED" not in text]  # as it was told


async def test_a_stream_that_says_nothing_any_more_is_taken_up_anew_and_what_it_did_not_tell_is_fetched(
    visit: Visit,
) -> None:
    visit.service.tecko.openai.put("batch_a", "in_progress")
    await visit.service.tecko.jobs.create(nightly("batch_a"))
    await visit.page.clock.install()
    await visit.open("/web")
    await expect(visit.page.locator("#live")).to_have_text("Live")
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url.removeprefix(visit.base)))
    await visit.page.clock.fast_forward(44_000)
    assert "/api/events" not in asked
    async with visit.page.expect_request("**/web/parts?*all*"):
        await visit.page.clock.run_for(3_000)
    assert asked.count("/api/events") == 1
    assert await visit.page.is_hidden("#lost")


async def test_a_job_is_made_by_somebody_who_mistypes_first(visit: Visit) -> None:
    visit.service.tecko.openai.put("batch_a", "in_progress")
    page = visit.page
    await visit.open("/web/jobs/new")
    await page.fill("#ids", "batch_a abc123")
    await expect(page.locator("#verdicts")).to_contain_text("must start with 'batch_'")
    await page.fill("#ids", "batch_a")
    await expect(page.locator("#verdicts .failed")).to_have_count(0)
    await page.fill("#name", "By hand")
    await page.fill("#keboola_stack_url", "https://connection.eu-central-1.keboola.com")
    await page.fill("#keboola_component_id", "kds-team.app-custom-python")
    await page.fill("#keboola_configuration_id", "123456")
    await page.select_option("#openai_secret", "openai-prod")
    await page.select_option("#keboola_secret", "keboola-prod")
    await page.click("button:has-text('Check')")
    await expect(page.locator(".res")).to_contain_text("Fine")
    await page.click("button:has-text('Create job')")
    await expect(page.locator("h1")).to_have_text("By hand")
